using System.Text.Json;
using System.Text.Json.Serialization;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>The syslog server that gets the event log. Stored in the database, so both nodes of a cluster have it.</summary>
internal sealed record SyslogSettings
{
    public const string Udp = "udp";
    public const string Tcp = "tcp";
    public const string Tls = "tls";
    public const string UsualFacility = "local0";

    private const string Name = "syslog";

    /// <summary>Null while nothing is forwarded.</summary>
    public string? Server { get; init; }

    /// <summary>0 for the usual one: 514, with TLS 6514.</summary>
    public int Port { get; init; }

    public string Transport { get; init; } = Udp;

    /// <summary>Roots that the server's certificate must chain to, PEM; those of the machine when empty.</summary>
    public string TlsAnchors { get; init; } = "";

    public string LeastSeverity { get; init; } = Events.Severity.Info;

    /// <summary><c>local0</c> to <c>local7</c>.</summary>
    public string Facility { get; init; } = UsualFacility;

    /// <summary>Beginnings of event kinds that are not forwarded, separated by blanks.</summary>
    public string LeftOut { get; init; } = "";

    public static IReadOnlyList<string> Transports { get; } = [Udp, Tcp, Tls];

    /// <summary>The mildest first.</summary>
    public static IReadOnlyList<string> Severities { get; } = [Events.Severity.Info, Events.Severity.Warning, Events.Severity.Error];

    public static IReadOnlyList<string> Facilities { get; } = [.. Enumerable.Range(0, 8).Select(number => $"local{number}")];

    [JsonIgnore]
    public int PortInUse => Port > 0 ? Port : Transport == Tls ? 6514 : 514;

    [JsonIgnore]
    public IReadOnlyList<string> LeftOutKinds => LeftOut.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    public bool Wants(Events.EventRow entry) =>
        Rank(entry.Severity) >= Rank(LeastSeverity) && !LeftOutKinds.Any(beginning => entry.Kind.StartsWith(beginning, StringComparison.Ordinal));

    public static async Task<SyslogSettings> LoadAsync(DbSession session, CancellationToken cancellationToken) =>
        await new StoredSettings(session).FindAsync(Name, cancellationToken) is { } text ? JsonSerializer.Deserialize<SyslogSettings>(text)! : new SyslogSettings();

    public Task SaveAsync(DbSession session, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(Name, JsonSerializer.Serialize(this), by, now, cancellationToken);

    /// <summary>What will not do about them, each a sentence; empty when they are right.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        ServerName.Check(Server, Port, problems);
        CheckWord("transport", Transport, Transports, problems);
        CheckWord("leastSeverity", LeastSeverity, Severities, problems);
        CheckWord("facility", Facility, Facilities, problems);
        UpstreamRoute.CheckAnchors("tlsAnchors", TlsAnchors, problems);
        if (LeftOut.Length > 1000 || LeftOutKinds.Any(kind => !kind.All(letter => char.IsAsciiLetterLower(letter) || letter == '-')))
        {
            problems.Add("leaveOut: event kinds, or how they begin, are needed, as in token-read or instance-; they are lower-case letters and hyphens.");
        }

        return problems;
    }

    private static int Rank(string severity) => severity switch
    {
        Events.Severity.Error => 2,
        Events.Severity.Warning => 1,
        _ => 0,
    };

    private static void CheckWord(string key, string word, IReadOnlyList<string> words, List<string> problems)
    {
        if (!words.Contains(word, StringComparer.Ordinal))
        {
            problems.Add($"{key}: '{OneLine.Of(word)}' is none of {string.Join(", ", words)}.");
        }
    }
}

/// <summary>A server's name or address, and its port, as administrators give them.</summary>
internal static class ServerName
{
    public static void Check(string? server, int port, List<string> problems)
    {
        if (server is not null && (server.Length > 255 || Uri.CheckHostName(server) == UriHostNameType.Unknown))
        {
            problems.Add("server: a host name or an IP address is needed, without scheme and port, as in logs.example.com.");
        }

        if (port is < 0 or > 65535)
        {
            problems.Add("port: 1 to 65535, or 0 for the usual one.");
        }
    }
}
