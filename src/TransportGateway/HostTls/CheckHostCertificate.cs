using System.Globalization;
using System.Net;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Accounts;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>Whether products accept the certificate under the names that they dial, and what to change where they do not.</summary>
internal sealed class CheckHostCertificate(Database database, HostCertificate served, HostNameLookup lookup, HostTlsOptions options, TimeProvider clock)
{
    private const int MostListed = 1000;

    /// <param name="General">What to do, a sentence each, beside what <paramref name="Mismatches"/> asks for; none when all is well.</param>
    public sealed record Report(
        HostIdentity Names,
        string Issuer,
        X509Certificate2 Certificate,
        IReadOnlyList<X509Certificate2> Chain,
        HostCertificateChange? UnderWay,
        IReadOnlyList<DialledName> Mismatches,
        long MismatchesInAll,
        IReadOnlyList<string> AccountsToSynchronize,
        IReadOnlyList<Sentence> General)
    {
        /// <summary>All that there is to do.</summary>
        public required IReadOnlyList<Sentence> Findings { get; init; }
    }

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
            [])
        { Findings = [] };
        var own = Findings(report).ToArray();
        var warnings = await lookup.WarningsAsync(names.AllNames, cancellationToken);
        return report with { General = [.. own, .. warnings], Findings = [.. own, .. report.Mismatches.Select(dialled => DialledNames.Describe(dialled, served.Names)), .. warnings] };
    }

    private IEnumerable<Sentence> Findings(Report report)
    {
        if (report.UnderWay is { } change)
        {
            yield return change.Issuer == CertificateIssuer.Central
                ? new Sentence("The certificate for {0} waits for Software Central to issue it. Synchronise an account; the one before serves until then.", change.Names)
                : new Sentence("The certificate for {0} is on its way; the one before serves until then.", change.Names);
        }

        if (report.Certificate.NotAfter.ToUniversalTime() <= clock.GetUtcNow().UtcDateTime + TimeSpan.FromDays(30))
        {
            yield return new Sentence(
                "The host certificate ends at {0} UTC and has not been renewed; see 'tgctl event list' and the log.",
                report.Certificate.NotAfter.ToUniversalTime().ToString("yyyy-MM-dd HH:mm", CultureInfo.InvariantCulture));
        }

        if (options.DualStack && IPAddress.TryParse(report.Names.CommonName, out _))
        {
            yield return new Sentence(
                "The Host Common Name {0} is an address, but the gateway listens on IPv4 and IPv6. Change it to a fully qualified name, or let listen-https name addresses of one family alone.", report.Names.CommonName);
        }

        if (options.InitialNames.CommonName != report.Names.CommonName && options.InitialNamesGiven)
        {
            yield return new Sentence(
                "The start option host-name says '{0}', but counts on the first run alone. To change the name: tgctl certificate host-name set {0}", options.InitialNames.CommonName);
        }

        if (report.AccountsToSynchronize.Count > 0)
        {
            yield return new Sentence("{0} account(s) need a synchronisation: {1}.", report.AccountsToSynchronize.Count, string.Join(", ", report.AccountsToSynchronize));
        }
    }
}
