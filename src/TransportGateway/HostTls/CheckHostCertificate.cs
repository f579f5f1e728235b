using System.Net;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Whether products accept the certificate under the names that they dial, and what to change where they do not.</summary>
internal sealed class CheckHostCertificate(Database database, HostCertificate served, HostNameLookup lookup, HostTlsOptions options, TimeProvider clock)
{
    private const int MostListed = 1000;

    /// <param name="Findings">What to do, a sentence each; none when all is well.</param>
    public sealed record Report(
        HostIdentity Names,
        string Issuer,
        X509Certificate2 Certificate,
        IReadOnlyList<X509Certificate2> Chain,
        HostCertificateChange? UnderWay,
        IReadOnlyList<DialledName> Mismatches,
        long MismatchesInAll,
        IReadOnlyList<string> AccountsToSynchronize,
        IReadOnlyList<string> Findings);

    /// <param name="accountIds">The accounts whose products are looked at, or null for all.</param>
    public async Task<Report> ExecuteAsync(IReadOnlyCollection<string>? accountIds, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var settings = new HostSettings(session);
        var names = await settings.FindNamesAsync(cancellationToken) ?? options.InitialNames;
        var rows = new DialledNameRows(session);
        var report = new Report(
            names,
            await settings.FindIssuerAsync(cancellationToken),
            served.Certificate,
            served.Chain,
            await new HostCertificateChanges(session).FindUnderWayAsync(cancellationToken),
            await rows.ListUncoveredAsync(served.Names, accountIds, MostListed, cancellationToken),
            await rows.CountUncoveredAsync(served.Names, accountIds, cancellationToken),
            [.. (await new LocalAccounts(session).ListAsync(cancellationToken))
                .Where(account => account.SynchronizationNeeded && accountIds?.Contains(account.Id) != false).Select(account => account.Name)],
            []);
        return report with { Findings = [.. Findings(report), .. await lookup.WarningsAsync(names.AllNames, cancellationToken)] };
    }

    private IEnumerable<string> Findings(Report report)
    {
        if (report.UnderWay is { } change)
        {
            yield return change.Issuer == CertificateIssuer.Central
                ? $"The certificate for {change.Names} waits for Software Central to issue it. Synchronise an account; the one before serves until then."
                : $"The certificate for {change.Names} is on its way; the one before serves until then.";
        }

        if (report.Certificate.NotAfter.ToUniversalTime() <= clock.GetUtcNow().UtcDateTime + TimeSpan.FromDays(30))
        {
            yield return $"The host certificate ends at {report.Certificate.NotAfter.ToUniversalTime():yyyy-MM-dd HH:mm} UTC and has not been renewed; see 'tgctl event list' and the log.";
        }

        if (options.DualStack && IPAddress.TryParse(report.Names.CommonName, out _))
        {
            yield return $"The Host Common Name {report.Names.CommonName} is an address, but the gateway listens on IPv4 and IPv6. Change it to a fully qualified name, or let listen-https name addresses of one family alone.";
        }

        if (options.InitialNames.CommonName != report.Names.CommonName && options.InitialNamesGiven)
        {
            yield return $"The start option host-name says '{options.InitialNames.CommonName}', but counts on the first run alone. To change the name: tgctl certificate host-name set {options.InitialNames.CommonName}";
        }

        if (report.AccountsToSynchronize.Count > 0)
        {
            yield return $"{report.AccountsToSynchronize.Count} account(s) need a synchronisation: {string.Join(", ", report.AccountsToSynchronize)}.";
        }

        foreach (var dialled in report.Mismatches)
        {
            yield return DialledNames.Sentence(dialled, served.Names);
        }
    }
}
