using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Tests.HostTls;

/// <summary>A certificate authority outside the gateway: that of the site, or Software Central's; made anew for each test, of keys that all tests share.</summary>
internal sealed class SiteAuthority : IDisposable
{
    private static readonly Dictionary<string, (RSA Root, RSA Issuing)> Keys = new[] { "Site", "Central", "Foreign" }.ToDictionary(name => name, _ => (RSA.Create(2048), RSA.Create(2048)));

    private readonly RSA _rootKey;
    private readonly RSA _issuingKey;
    private readonly DateTimeOffset _now;

    public SiteAuthority(DateTimeOffset now, string name = "Site")
    {
        _now = now;
        (_rootKey, _issuingKey) = Keys[name];
        var root = AuthorityRequest($"CN={name} Root", _rootKey);
        Root = root.CreateSelfSigned(now.AddYears(-1), now.AddYears(20));
        var issuing = AuthorityRequest($"CN={name} Issuing", _issuingKey);
        Issuing = issuing.Create(Root, now.AddYears(-1), now.AddYears(10), RandomNumberGenerator.GetBytes(8));
    }

    /// <summary>Keys of servers, which nothing in a test depends on.</summary>
    public static RSA ServerKey { get; } = RSA.Create(2048);

    public static RSA StrangersKey { get; } = RSA.Create(2048);

    public X509Certificate2 Root { get; }

    public X509Certificate2 Issuing { get; }

    public string RootPem => Root.ExportCertificatePem() + "\n";

    public string IssuingPem => Issuing.ExportCertificatePem() + "\n";

    /// <summary>A certificate for the key and with the extensions that a signing request names.</summary>
    public X509Certificate2 Answer(byte[] signingRequest, Action<CertificateRequest>? change = null, DateTimeOffset? from = null, DateTimeOffset? to = null)
    {
        var request = CertificateRequest.LoadSigningRequest(
            signingRequest, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
        change?.Invoke(request);
        return Sign(request, from, to);
    }

    /// <summary>A server certificate for a key that is made outside.</summary>
    public X509Certificate2 Issue(AsymmetricAlgorithm key, IReadOnlyList<string> names, DateTimeOffset? from = null, DateTimeOffset? to = null) =>
        Sign(ServerRequest(key, names), from, to);

    public static CertificateRequest ServerRequest(AsymmetricAlgorithm key, IReadOnlyList<string> names)
    {
        var subject = new X500DistinguishedName($"CN={names[0]}");
        var request = key is RSA rsa
            ? new CertificateRequest(subject, rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest(subject, (ECDsa)key, HashAlgorithmName.SHA256);
        var alternatives = new SubjectAlternativeNameBuilder();
        foreach (var name in names)
        {
            if (IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        request.CertificateExtensions.Add(alternatives.Build());
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        return request;
    }

    public void Dispose()
    {
        Root.Dispose();
        Issuing.Dispose();
    }

    public X509Certificate2 Sign(CertificateRequest request, DateTimeOffset? from = null, DateTimeOffset? to = null) => request.Create(
        Issuing.SubjectName,
        X509SignatureGenerator.CreateForRSA(_issuingKey, RSASignaturePadding.Pkcs1),
        from ?? _now.AddDays(-1),
        to ?? _now.AddDays(365),
        RandomNumberGenerator.GetBytes(8));

    private static CertificateRequest AuthorityRequest(string name, RSA key)
    {
        var request = new CertificateRequest(name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }
}
