using System.Globalization;
using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Tests.Simulators;

/// <summary>A certificate authority for tests, made when first used: root, sub CA, signing certificate, host certificate, ID certificates.</summary>
internal sealed class FakeAuthority
{
    private static readonly DateTimeOffset From = new(2020, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly DateTimeOffset Until = new(2060, 1, 1, 0, 0, 0, TimeSpan.Zero);
    private static readonly Lazy<FakeAuthority> First = new(() => new FakeAuthority("Test Root"));
    private static readonly Lazy<FakeAuthority> Other = new(() => new FakeAuthority("Foreign Root"));

    private int lastSerial = 100;

    private FakeAuthority(string rootName)
    {
        Root = Issue(rootName, 1, RSA.Create(2048), issuer: null, Authority);
        SubCa = Issue("Test Sub CA", 2, RSA.Create(2048), Root, Authority);
        Signer = Issue("Test Signer", 3, RSA.Create(2048), SubCa, ForSignatures);
        NextSigner = Issue("Test Signer", 4, RSA.Create(2048), SubCa, ForSignatures);
        Host = IssueHost("localhost", IPAddress.Loopback);
    }

    public static FakeAuthority Trusted => First.Value;

    /// <summary>Another authority that no product trusts.</summary>
    public static FakeAuthority Foreign => Other.Value;

    public X509Certificate2 Root { get; }

    public X509Certificate2 SubCa { get; }

    public X509Certificate2 Signer { get; }

    public X509Certificate2 NextSigner { get; }

    public X509Certificate2 Host { get; }

    public X509Certificate2 IssueHost(string name, params IPAddress[] addresses) => Issue(name, 5, RSA.Create(2048), SubCa, request =>
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        foreach (var address in addresses)
        {
            names.AddIpAddress(address);
        }

        request.CertificateExtensions.Add(names.Build());
    });

    /// <summary>What a gateway delivers: for the key of the signing request, named by product instance and UDI.</summary>
    public X509Certificate2 IssueIdCertificate(PublicKey key, string instance, string productId, string serialNumber, DateTimeOffset now)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName("Test");
        subject.Add("2.5.4.5", instance, System.Formats.Asn1.UniversalTagNumber.PrintableString);
        subject.AddCommonName(productId);
        var request = new CertificateRequest(subject.Build(), key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(DirectoryName($"PID:{productId} SN:{serialNumber}"));
        var notBefore = DateTimeOffset.FromUnixTimeSeconds(now.ToUnixTimeSeconds());
        var serial = new BigInteger(Interlocked.Increment(ref lastSerial)).ToByteArray(isUnsigned: false, isBigEndian: true);
        return request.Create(
            SubCa.SubjectName,
            X509SignatureGenerator.CreateForRSA(SubCa.GetRSAPrivateKey()!, RSASignaturePadding.Pkcs1),
            notBefore,
            notBefore.AddDays(365),
            serial);
    }

    public static string Serial(X509Certificate2 certificate) =>
        new BigInteger(certificate.SerialNumberBytes.Span, isBigEndian: true).ToString(CultureInfo.InvariantCulture);

    private static void Authority(CertificateRequest request)
    {
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
    }

    private static void ForSignatures(CertificateRequest request) =>
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));

    private static X509Certificate2 Issue(string name, byte serial, RSA key, X509Certificate2? issuer, Action<CertificateRequest> extend)
    {
        var request = new CertificateRequest($"O=Test, CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        extend(request);
        using var certificate = issuer is null
            ? request.Create(request.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), From, Until, [serial])
            : request.Create(
                issuer.SubjectName,
                X509SignatureGenerator.CreateForRSA(issuer.GetRSAPrivateKey()!, RSASignaturePadding.Pkcs1),
                From,
                Until,
                [serial]);
        return certificate.CopyWithPrivateKey(key);
    }

    private static X509Extension DirectoryName(string serialNumber)
    {
        var name = new X500DistinguishedNameBuilder();
        name.Add("2.5.4.5", serialNumber, System.Formats.Asn1.UniversalTagNumber.UTF8String);
        var writer = new System.Formats.Asn1.AsnWriter(System.Formats.Asn1.AsnEncodingRules.DER);
        using (writer.PushSequence())
        using (writer.PushSequence(new System.Formats.Asn1.Asn1Tag(System.Formats.Asn1.TagClass.ContextSpecific, 4)))
        {
            writer.WriteEncodedValue(name.Build().RawData);
        }

        return new X509Extension("2.5.29.17", writer.Encode(), critical: false);
    }
}
