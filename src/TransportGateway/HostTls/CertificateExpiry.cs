using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Warns before a certificate ends that the gateway cannot renew by itself: 60, 30 and 7 days ahead, louder each time.</summary>
/// <remarks>The gateway's own is renewed 60 days ahead; it comes here only when that keeps failing, or when Software Central has yet to issue.</remarks>
internal sealed class CertificateExpiry(Database database, HostCertificate certificate, TimeProvider clock) : IJob
{
    public const string Alert = "Certificate Expires";
    public const string Uploaded = "uploaded certificate";
    public const string Host = "host certificate";

    public string Name => "certificate expiry";

    public TimeSpan Interval => TimeSpan.FromMinutes(10);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var open = (await new Alerts(session).ListOpenOfKindAsync(Alert, cancellationToken)).ToDictionary(alert => alert.Source);
        var changed = await TellAsync(
            session, Uploaded, Level(certificate.Uploaded?.NotAfter, mostDays: 60, now), open, "Upload a new one: tgctl certificate upload.", now, cancellationToken);
        changed |= await TellAsync(
            session, Host, Level(certificate.Certificate.NotAfter, mostDays: 30, now), open, "Synchronise with Software Central if it is to issue the next one, or let the gateway do so: tgctl certificate issuer set own.", now, cancellationToken);
        if (changed)
        {
            await session.CommitAsync();
        }
    }

    private static (string Severity, string Sentence)? Level(DateTime? notAfter, int mostDays, DateTimeOffset now)
    {
        if (notAfter is not { } end)
        {
            return null;
        }

        var left = end.ToUniversalTime() - now.UtcDateTime;
        var date = $"{end.ToUniversalTime():yyyy-MM-dd HH:mm} UTC";
        return left switch
        {
            _ when left > TimeSpan.FromDays(mostDays) => null,
            _ when left <= TimeSpan.Zero => (AlertSeverity.Major, $"ended at {date}; clients refuse it."),
            _ when left <= TimeSpan.FromDays(7) => (AlertSeverity.Major, $"ends at {date}, within 7 days."),
            _ when left <= TimeSpan.FromDays(30) => (AlertSeverity.Minor, $"ends at {date}, within 30 days."),
            _ => (AlertSeverity.Minor, $"ends at {date}, within 60 days."),
        };
    }

    /// <summary>True when there was something to write.</summary>
    private static async Task<bool> TellAsync(
        DbSession session, string which, (string Severity, string Sentence)? level, Dictionary<string, AlertRow> open, string advice, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var alerts = new Alerts(session);
        var subject = AlertSubject.OfGateway(Alert, which);
        if (level is not { } due)
        {
            return open.ContainsKey(which) && await alerts.ClearAsync(subject, now, cancellationToken) > 0;
        }

        var message = $"The {which} {due.Sentence} {advice}";
        return open.GetValueOrDefault(which)?.Message != message && await alerts.RaiseAsync(subject, due.Severity, message, now, cancellationToken) > 0;
    }
}
