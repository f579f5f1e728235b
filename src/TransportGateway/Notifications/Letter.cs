using System.Globalization;
using TransportGateway.HostTls;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>A mail as it is written, before it goes to anybody.</summary>
internal sealed record Letter(string Kind, string Subject, string Body);

/// <summary>How every mail of this gateway begins and ends, and in which language.</summary>
/// <param name="Gateway">The name that products dial.</param>
internal sealed record Letterhead(Texts Texts, string Gateway)
{
    private const int MostSubjectCharacters = 200;

    public static async Task<Letterhead> LoadAsync(DbSession session, MailSettings settings, CancellationToken cancellationToken) =>
        new(Texts.In(settings.Language), (await new HostSettings(session).FindNamesAsync(cancellationToken))?.CommonName ?? Environment.MachineName);

    public static string Time(DateTimeOffset instant) => instant.UtcDateTime.ToString("yyyy-MMM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " UTC";

    /// <param name="lines">Each becomes one line, whatever is in it.</param>
    /// <param name="why">Why the reader gets this mail, and where that can be changed.</param>
    public Letter Write(string kind, string subject, IEnumerable<string> lines, string why) => new(
        kind,
        OneLine.Of($"[{Gateway}] {subject}", MostSubjectCharacters),
        string.Join('\n', lines.Select(line => OneLine.Of(line)).Append("").Append("-- ").Append(Texts["Transport gateway {0}", Gateway]).Append(OneLine.Of(why))) + "\n");
}
