using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TransportGateway.Authority;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Makes and opens the keys with which accounts sign what they tell Software Central.</summary>
internal sealed class ExchangeKeys(MasterKey masterKey, CertificateAuthority authority)
{
    /// <summary>A new key: its PKCS#10 request, its self-signed certificate for the one message that proves possession, and the key sealed.</summary>
    public async Task<(byte[] SigningRequest, X509Certificate2 SelfSigned, byte[] SealedKey)> CreateAsync(string accountId, string run, DateTimeOffset now)
    {
        using var key = await authority.NextKeyAsync();
        var request = Request(accountId, key);
        var plain = key.ExportPkcs8PrivateKey();
        try
        {
            return (request.CreateSigningRequest(), request.CreateSelfSigned(now.AddMinutes(-5), now.AddDays(30)), masterKey.Seal(Purpose(run), plain));
        }
        finally
        {
            CryptographicOperations.ZeroMemory(plain);
        }
    }

    /// <summary>The account's certificate with its key, and the issuers that go along.</summary>
    public (X509Certificate2 Certificate, X509Certificate2Collection Chain) Open(ExchangeIdentityRow identity)
    {
        using var certificate = X509CertificateLoader.LoadCertificate(identity.Certificate!);
        using var key = OpenKey(identity);
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(Encoding.UTF8.GetString(identity.Chain!));
        return (certificate.CopyWithPrivateKey(key), chain);
    }

    /// <summary>A request for a new certificate of the same key.</summary>
    public byte[] RequestRenewal(ExchangeIdentityRow identity)
    {
        using var key = OpenKey(identity);
        return Request(identity.AccountId, key).CreateSigningRequest();
    }

    public bool Matches(ExchangeIdentityRow identity, X509Certificate2 certificate)
    {
        using var key = OpenKey(identity);
        using var publicKey = certificate.GetRSAPublicKey();
        return publicKey is not null && publicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(key.ExportSubjectPublicKeyInfo());
    }

    private static string Purpose(string run) => "exchange-key:" + run;

    private static CertificateRequest Request(string accountId, RSA key)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(accountId);
        return new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }

    private RSA OpenKey(ExchangeIdentityRow identity)
    {
        var key = RSA.Create();
        var plain = masterKey.Open(Purpose(identity.Run), identity.SealedKey);
        key.ImportPkcs8PrivateKey(plain, out _);
        CryptographicOperations.ZeroMemory(plain);
        return key;
    }
}
