using System.Security.Cryptography.X509Certificates;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Sees to it that a certificate for the Host Common Name is there and in time: asks for what is missing, goes on with what is under way, serves what is installed.</summary>
/// <remarks>Every few seconds, so that a change made on one node is served by the other one, and one that a crash interrupted goes on.</remarks>
internal sealed class KeepHostCertificate(
    Database database, HostCertificate served, IssueHostCertificate issue, HostTlsOptions options, TimeProvider clock) : IJob, IDisposable
{
    public static readonly TimeSpan Renewal = TimeSpan.FromDays(60);

    private readonly SemaphoreSlim _running = new(1, 1);

    public string Name => "host certificate";

    public TimeSpan Interval => TimeSpan.FromSeconds(3);

    /// <summary>Serves what is there; on the first run makes it. Renewal and unfinished changes wait for the first round, so that nothing delays the start.</summary>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        if (!await served.RefreshAsync(cancellationToken))
        {
            await RunAsync(cancellationToken);
        }
    }

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        await _running.WaitAsync(cancellationToken);
        try
        {
            await RequestWhatIsMissingAsync(cancellationToken);
            await issue.AdvanceAsync(cancellationToken);
            await served.RefreshAsync(cancellationToken);
        }
        finally
        {
            _running.Release();
        }
    }

    public void Dispose() => _running.Dispose();

    private async Task RequestWhatIsMissingAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            var known = await new HostSettings(reading).FindNamesAsync(cancellationToken);
            if (known is not null && await MissingAsync(reading, known, now, cancellationToken) is null)
            {
                return;
            }
        }

        await using var session = await database.BeginAsync(cancellationToken);
        var settings = new HostSettings(session);
        var names = await settings.FindNamesAsync(cancellationToken);
        if (names is null)
        {
            names = options.InitialNames;
            await settings.SetNamesAsync(names, "gateway", now, cancellationToken);
        }

        if (await MissingAsync(session, names, now, cancellationToken) is { } missing)
        {
            await new HostCertificateChanges(session).AddAsync(missing, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.HostCertificateRequested, Severity.Info, "gateway", $"A host certificate for {missing.Names} was requested: {missing.Reason}."), now, cancellationToken);
        }

        await session.CommitAsync();
    }

    /// <summary>The change that has to be asked for; null when all is well or already under way.</summary>
    private async Task<HostCertificateChange?> MissingAsync(DbSession session, HostIdentity names, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var issuer = await new HostSettings(session).FindIssuerAsync(cancellationToken);
        var changes = new HostCertificateChanges(session);
        var installed = await changes.FindInstalledAsync(cancellationToken);
        var underWay = await changes.FindUnderWayAsync(cancellationToken);
        var ends = installed?.NotAfter <= now + Renewal;
        return installed switch
        {
            null => underWay is { Issuer: CertificateIssuer.Own } ? null : For(names, CertificateIssuer.Own, "there is none yet"),
            // Issued while the clock was ahead: until then no product accepts it.
            _ when IsToCome(installed, now) && issue.CanIssueAt(now) =>
                underWay is { Issuer: CertificateIssuer.Own } ? null : For(names, CertificateIssuer.Own, "the one that is served is not valid yet"),
            // Software Central may take its time; until it has issued, products keep a certificate that is valid.
            { Issuer: CertificateIssuer.Own } when ends && issuer == CertificateIssuer.Central =>
                underWay is { Issuer: CertificateIssuer.Own } ? null : For(installed.Names, CertificateIssuer.Own, "the one that is served ends before Software Central has issued another"),
            _ when !ends && installed.Issuer == issuer && installed.Names.IsSameAs(names) => null,
            _ when underWay is not null && underWay.Issuer == issuer && underWay.Names.IsSameAs(names) => null,
            _ => For(names, issuer, ends ? "the one that is served ends soon" : "names or issuer have changed"),
        };

        HostCertificateChange For(HostIdentity wanted, string by, string reason) => HostCertificateChange.For(wanted, by, reason, "gateway", now);
    }

    private static bool IsToCome(HostCertificateChange installed, DateTimeOffset now)
    {
        using var certificate = X509Certificate2.CreateFromPem(installed.Chain);
        return new DateTimeOffset(certificate.NotBefore) > now;
    }
}
