using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>The certificates that a synchronisation asks Software Central for, and takes over when they come.</summary>
internal sealed class CertificateRequests(ExchangeKeys keys)
{
    private const string Exchange = "exchange";

    private static readonly TimeSpan ExchangeRenewal = TimeSpan.FromDays(180);

    public async Task<IReadOnlyList<CertificateRequestRecord>> ListAsync(
        DbSession session, ExchangeIdentityRow identity, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var requests = new List<CertificateRequestRecord>();
        if (identity.NotAfter < now + ExchangeRenewal)
        {
            requests.Add(new CertificateRequestRecord(IdOf(identity), Exchange, keys.RequestRenewal(identity), identity.AccountId, []));
        }

        await Task.CompletedTask;
        return requests;
    }

    /// <summary>Takes over what was asked for; anything else is passed over.</summary>
    /// <exception cref="ExchangeRefusedException">A certificate is not for the key that it was asked for.</exception>
    public async Task InstallAsync(DbSession session, string accountId, IssuedCertificateRecord issued, DateTimeOffset now, CancellationToken cancellationToken)
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
