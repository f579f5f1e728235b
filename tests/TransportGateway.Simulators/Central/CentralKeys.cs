using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Simulators.Central;

/// <summary>The keys of a simulated Software Central: made on its first start, kept in its state directory.</summary>
internal sealed class CentralKeys : IDisposable
{
    private const string DocumentSigning = "1.3.6.1.5.5.7.3.36";
    private const string ServerAuth = "1.3.6.1.5.5.7.3.1";
    private const string ClientAuth = "1.3.6.1.5.5.7.3.2";

    private readonly TimeProvider _clock;

    private CentralKeys(TimeProvider clock, X509Certificate2 root, X509Certificate2 issuing, X509Certificate2 signer, X509Certificate2 web)
    {
        _clock = clock;
        Root = root;
        Issuing = issuing;
        Signer = signer;
        Web = web;
    }

    public X509Certificate2 Root { get; }

    /// <summary>Issues exchange certificates, host certificates and sub CAs.</summary>
    public X509Certificate2 Issuing { get; }

    /// <summary>Signs documents of the exchange.</summary>
    public X509Certificate2 Signer { get; }

    public X509Certificate2 Web { get; }

    public static CentralKeys LoadOrCreate(string folder, TimeProvider clock, Func<RSA> newKey, System.Net.IPAddress address)
    {
        Directory.CreateDirectory(folder);
        var root = Load(folder, "root", () => Issue(clock, newKey, null, "Simulated Software Central Root", 20, ca: true, []));
        var issuing = Load(folder, "issuing", () => Issue(clock, newKey, root, "Simulated Software Central Issuing CA", 15, ca: true, []));
        var signer = Load(folder, "signer", () => Issue(clock, newKey, root, "Simulated Software Central Exchange Signer", 10, ca: false, [DocumentSigning]));
        var web = Load(folder, "web", () => Issue(clock, newKey, root, "localhost", 10, ca: false, [ServerAuth], address: address));
        return new CentralKeys(clock, root, issuing, signer, web);
    }

    /// <summary>A certificate for a key that a PKCS#10 request proves to hold.</summary>
    public X509Certificate2 IssueFor(byte[] signingRequest, string commonName, string purpose, IEnumerable<string> names)
    {
        var request = CertificateRequest.LoadSigningRequest(
            signingRequest, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        var issued = new CertificateRequest(subject.Build(), request.PublicKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        AddExtensions(issued, ca: false, purpose switch { "host" => [ServerAuth], "exchange" => [ClientAuth], _ => [] });
        var alternatives = new SubjectAlternativeNameBuilder();
        var any = false;
        foreach (var name in names)
        {
            any = true;
            if (System.Net.IPAddress.TryParse(name, out var address))
            {
                alternatives.AddIpAddress(address);
            }
            else
            {
                alternatives.AddDnsName(name);
            }
        }

        if (any)
        {
            issued.CertificateExtensions.Add(alternatives.Build());
        }

        var now = _clock.GetUtcNow();
        return issued.Create(Issuing, now.AddMinutes(-5), now.AddDays(365), RandomNumberGenerator.GetBytes(12));
    }

    /// <summary>A signer that no gateway should believe: of another root, or one whose time is over.</summary>
    public X509Certificate2 WrongSigner(bool ended)
    {
        if (ended)
        {
            return Issue(_clock, () => RSA.Create(2048), Root, "Ended Signer", 1, ca: false, [DocumentSigning], yearsAgo: 3);
        }

        using var foreign = Issue(_clock, () => RSA.Create(2048), null, Root.GetNameInfo(X509NameType.SimpleName, forIssuer: false), 20, ca: true, []);
        return Issue(_clock, () => RSA.Create(2048), foreign, "Foreign Signer", 10, ca: false, [DocumentSigning]);
    }

    public void Dispose()
    {
        Root.Dispose();
        Issuing.Dispose();
        Signer.Dispose();
        Web.Dispose();
    }

    private static X509Certificate2 Load(string folder, string name, Func<X509Certificate2> make)
    {
        var path = Path.Combine(folder, name + ".pfx");
        if (!File.Exists(path))
        {
            using var made = make();
            File.WriteAllBytes(path + ".new", made.Export(X509ContentType.Pkcs12));
            File.Move(path + ".new", path);
        }

        return X509CertificateLoader.LoadPkcs12FromFile(path, null, X509KeyStorageFlags.Exportable);
    }

    private static X509Certificate2 Issue(TimeProvider clock, Func<RSA> newKey, X509Certificate2? issuer, string commonName, int years, bool ca, string[] usages, int yearsAgo = 0, System.Net.IPAddress? address = null)
    {
        using var key = newKey();
        var subject = new X500DistinguishedNameBuilder();
        subject.AddCommonName(commonName);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        AddExtensions(request, ca, usages);
        if (usages.Contains(ServerAuth))
        {
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName("localhost");
            names.AddIpAddress(System.Net.IPAddress.Loopback);
            names.AddIpAddress(System.Net.IPAddress.IPv6Loopback);
            if (address is not null && !System.Net.IPAddress.IsLoopback(address))
            {
                names.AddIpAddress(address);
            }

            request.CertificateExtensions.Add(names.Build());
        }

        // A year back, so that tests which move their clocks a little find it valid; never beyond the issuer.
        var from = clock.GetUtcNow().AddYears(-1 - yearsAgo);
        if (issuer is not null && from.UtcDateTime < issuer.NotBefore.ToUniversalTime())
        {
            from = new DateTimeOffset(issuer.NotBefore);
        }

        var to = clock.GetUtcNow().AddYears(years - yearsAgo);
        if (yearsAgo > 0)
        {
            to = from.AddDays(30);
        }

        if (issuer is null)
        {
            return request.CreateSelfSigned(from, to);
        }

        using var certificate = request.Create(issuer, from, to, RandomNumberGenerator.GetBytes(12));
        return certificate.CopyWithPrivateKey(key);
    }

    private static void AddExtensions(CertificateRequest request, bool ca, string[] usages)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(ca, hasPathLengthConstraint: false, 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(
            ca ? X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign : X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        if (usages.Length > 0)
        {
            request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([.. usages.Select(usage => new Oid(usage))], critical: false));
        }
    }
}
