using System.Formats.Asn1;
using System.Globalization;
using System.Net;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Authority;

/// <summary>What each kind of certificate holds, section 8.6 and 8.7.22 to 8.7.26 of the wire protocol reference.</summary>
/// <remarks>Built from the subject's public key alone: nothing that a signing request asks for is taken over.</remarks>
internal static class CertificateProfile
{
    /// <summary>Upper bound of X.520 for a common name.</summary>
    private const int MostCommonNameCharacters = 64;

    private const string SerialNumberOid = "2.5.4.5";
    private const string SubjectAlternativeNameOid = "2.5.29.17";
    private const string ServerAuthOid = "1.3.6.1.5.5.7.3.1";

    public static CertificateRequest Root(string organization, RSA key) =>
        Authority(Name(organization, $"{organization} Licensing Root CA"), key, pathLength: 1);

    public static CertificateRequest SubCa(string organization, RSA key) =>
        Authority(Name(organization, $"{organization} Licensing Sub CA"), key, pathLength: 0);

    public static CertificateRequest Signing(string organization, RSA key) =>
        EndEntity(Name(organization, $"{organization} Signer"), new PublicKey(key), X509KeyUsageFlags.DigitalSignature);

    public static CertificateRequest Host(string organization, string commonName, IEnumerable<string> names, PublicKey key)
    {
        var request = EndEntity(
            Name(organization, commonName), key, X509KeyUsageFlags.DigitalSignature | X509KeyUsageFlags.KeyEncipherment);
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
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid(ServerAuthOid)], critical: false));
        return request;
    }

    /// <summary>The ID certificate of a product instance: subject O, serialNumber, CN in this order (8.6), a SAN with its UDIs (8.7.24).</summary>
    public static CertificateRequest ProductInstance(string organization, PublicKey key, string instanceId, string product, IEnumerable<string> udis)
    {
        var subject = new X500DistinguishedNameBuilder();
        subject.AddOrganizationName(organization);
        subject.Add(SerialNumberOid, instanceId, UniversalTagNumber.PrintableString);
        subject.AddCommonName(Cut(product));
        var request = EndEntity(Build(subject), key, X509KeyUsageFlags.DigitalSignature);
        request.CertificateExtensions.Add(UdiNames(udis));
        return request;
    }

    /// <summary>A random serial number, positive and below 2^63, since products handle it as a decimal of that size (8.7.25).</summary>
    public static byte[] NewSerial()
    {
        var serial = RandomNumberGenerator.GetBytes(8);
        serial[0] = (byte)((serial[0] & 0x7f) | 0x40);
        return serial;
    }

    public static string ToDecimal(ReadOnlySpan<byte> serial) =>
        new BigInteger(serial, isUnsigned: true, isBigEndian: true).ToString(CultureInfo.InvariantCulture);

    private static CertificateRequest Authority(X500DistinguishedName subject, RSA key, int pathLength)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: true, hasPathLengthConstraint: true, pathLength, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, critical: false));
        return request;
    }

    private static CertificateRequest EndEntity(X500DistinguishedName subject, PublicKey key, X509KeyUsageFlags usage)
    {
        var request = new CertificateRequest(subject, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(
            new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(usage, critical: true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(key, critical: false));
        return request;
    }

    private static X500DistinguishedName Name(string organization, string commonName)
    {
        var name = new X500DistinguishedNameBuilder();
        name.AddOrganizationName(organization);
        name.AddCommonName(Cut(commonName));
        return Build(name);
    }

    /// <remarks>The builder writes the last name first; products print them last first, which then shows CN before O (2.6).</remarks>
    private static X500DistinguishedName Build(X500DistinguishedNameBuilder name)
    {
        var reversed = name.Build();
        var reader = new AsnReader(reversed.RawData, AsnEncodingRules.DER).ReadSequence();
        var parts = new Stack<ReadOnlyMemory<byte>>();
        while (reader.HasData)
        {
            parts.Push(reader.ReadEncodedValue());
        }

        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            while (parts.TryPop(out var part))
            {
                writer.WriteEncodedValue(part.Span);
            }
        }

        return new X500DistinguishedName(writer.Encode());
    }

    private static X509Extension UdiNames(IEnumerable<string> udis)
    {
        var directoryName = new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true);
        var writer = new AsnWriter(AsnEncodingRules.DER);
        using (writer.PushSequence())
        {
            foreach (var udi in udis)
            {
                var name = new X500DistinguishedNameBuilder();
                name.Add(SerialNumberOid, udi, UniversalTagNumber.UTF8String);
                using (writer.PushSequence(directoryName))
                {
                    writer.WriteEncodedValue(name.Build().RawData);
                }
            }
        }

        return new X509Extension(SubjectAlternativeNameOid, writer.Encode(), critical: false);
    }

    /// <summary>The text within the bound, never half a character, never nothing.</summary>
    private static string Cut(string text)
    {
        var trimmed = text.Trim();
        if (trimmed.Length > MostCommonNameCharacters)
        {
            var length = char.IsHighSurrogate(trimmed[MostCommonNameCharacters - 1]) ? MostCommonNameCharacters - 1 : MostCommonNameCharacters;
            trimmed = trimmed[..length].TrimEnd();
        }

        return trimmed.Length > 0 ? trimmed : "Product Instance";
    }
}
