using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>The certificates that a synchronisation asks Software Central for, and takes over when they come.</summary>
internal sealed class CertificateRequests(ExchangeKeys keys)
{
    private const string Exchange = "exchange";
    private const string Host = "host";

    private static readonly TimeSpan ExchangeRenewal = TimeSpan.FromDays(180);

    public async Task<IReadOnlyList<CertificateRequestRecord>> ListAsync(
        DbSession session, ExchangeIdentityRow identity, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var requests = new List<CertificateRequestRecord>();
        if (identity.NotAfter < now + ExchangeRenewal)
        {
            requests.Add(new CertificateRequestRecord(IdOf(identity), Exchange, keys.RequestRenewal(identity), identity.AccountId, []));
        }

        var changes = new HostCertificateChanges(session);
        foreach (var pending in await changes.ListForCentralAsync(cancellationToken))
        {
            var names = (await changes.FindAsync(pending.Id, cancellationToken))!.Names;
            requests.Add(new CertificateRequestRecord(pending.Id, Host, pending.SigningRequest, names.CommonName, [.. names.AllNames]));
        }

        return requests;
    }

    /// <summary>Takes over what was asked for; anything else is passed over.</summary>
    /// <exception cref="ExchangeRefusedException">A certificate is not for the key that it was asked for.</exception>
    public async Task InstallAsync(
        DbSession session, string accountId, IssuedCertificateRecord issued, X509Certificate2Collection anchors, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        switch (issued.Purpose)
        {
            case Exchange:
                var identities = new ExchangeIdentities(session);
                if (await identities.FindAsync(accountId, ExchangeIdentityState.Current, cancellationToken) is { } identity && issued.Id == IdOf(identity))
                {
                    using var certificate = Load(issued.Certificate);
                    if (!keys.Matches(identity, certificate))
                    {
                        throw new ExchangeRefusedException("the exchange certificate in it is for another key than this account's");
                    }

                    await identities.RenewAsync(identity.Run, issued.Certificate, Pem(issued.Chain), new DateTimeOffset(certificate.NotAfter), cancellationToken);
                }

                break;
            case Host:
                // One that will not do keeps nothing else from being taken over: the old certificate serves on, and the event tells why.
                if (await InstallIssuedHostCertificate.ExecuteAsync(
                    session, new InstallIssuedHostCertificate.Request(issued.Id, [issued.Certificate, .. issued.Chain], [.. anchors], by, now), cancellationToken)
                    is InstallIssuedHostCertificate.Outcome.Refused(var reason))
                {
                    await new EventLog(session).AppendAsync(
                        new LoggedEvent(EventKinds.HostCertificateRefused, Severity.Error, by, $"The host certificate that Software Central issued will not do: {reason}", accountId),
                        now,
                        cancellationToken);
                }

                break;
        }
    }

    public static byte[] Pem(IEnumerable<byte[]> certificates) =>
        Encoding.UTF8.GetBytes(string.Join('\n', certificates.Select(der => PemEncoding.WriteString("CERTIFICATE", der))));

    // With the end of the one that is renewed in it: the next renewal of the same key is another request.
    private static string IdOf(ExchangeIdentityRow identity) => $"exchange-{identity.Run}-{identity.NotAfter?.ToUnixTimeSeconds()}";

    private static X509Certificate2 Load(byte[] der)
    {
        try
        {
            return X509CertificateLoader.LoadCertificate(der);
        }
        catch (CryptographicException)
        {
            throw new ExchangeRefusedException("a certificate in it cannot be read");
        }
    }
}
