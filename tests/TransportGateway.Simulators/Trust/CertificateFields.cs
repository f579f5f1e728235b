using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Simulators.Trust;

/// <summary>The parts of a certificate that the wire format speaks of.</summary>
internal static class CertificateFields
{
    public const string CommonName = "2.5.4.3";
    public const string SerialNumber = "2.5.4.5";

    private const string SubjectAlternativeName = "2.5.29.17";

    /// <summary>The serial number as messages carry it: decimal.</summary>
    public static string DecimalSerial(X509Certificate2 certificate) =>
        new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: false, isBigEndian: true).ToString(CultureInfo.InvariantCulture);

    public static string? Part(X500DistinguishedName name, string oid) => name.EnumerateRelativeDistinguishedNames()
        .Where(part => !part.HasMultipleElements && part.GetSingleElementType().Value == oid)
        .Select(part => part.GetSingleElementValue())
        .FirstOrDefault();

    public static bool IsAuthority(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority)
        && (Usage(certificate) is not { } usage || usage.HasFlag(X509KeyUsageFlags.KeyCertSign));

    public static bool MaySign(X509Certificate2 certificate) =>
        Usage(certificate) is not { } usage || usage.HasFlag(X509KeyUsageFlags.DigitalSignature);

    /// <summary>The serial numbers of the directory names among the alternative names: one for each UDI the certificate is for.</summary>
    public static IReadOnlyList<string> UdiList(X509Certificate2 certificate)
    {
        if (certificate.Extensions.FirstOrDefault(extension => extension.Oid?.Value == SubjectAlternativeName) is not { } extension)
        {
            return [];
        }

        var directoryName = new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true);
        var names = new AsnReader(extension.RawData, AsnEncodingRules.DER).ReadSequence();
        var found = new List<string>();
        while (names.HasData)
        {
            if (names.PeekTag() != directoryName)
            {
                names.ReadEncodedValue();
                continue;
            }

            var name = new X500DistinguishedName(names.ReadSequence(directoryName).ReadEncodedValue().Span);
            if (Part(name, SerialNumber) is { } serial)
            {
                found.Add(serial);
            }
        }

        return found;
    }

    /// <summary>Reads one PEM certificate; null when it is something else.</summary>
    public static X509Certificate2? TryRead(string pem)
    {
        try
        {
            return X509Certificate2.CreateFromPem(pem);
        }
        catch (CryptographicException)
        {
            return null;
        }
    }

    private static X509KeyUsageFlags? Usage(X509Certificate2 certificate) =>
        certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault()?.KeyUsages;
}
