using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>What an uploaded file holds: certificates, and perhaps a private key.</summary>
/// <param name="Pkcs8">The private key in the clear; null when the file has none.</param>
internal sealed record CertificateFile(IReadOnlyList<X509Certificate2> Certificates, byte[]? Pkcs8) : IDisposable
{
    private const int MostCertificates = 20;

    /// <summary>Certificates and at most one key in PEM; the password opens an encrypted key.</summary>
    public static (CertificateFile? File, string? Problem) ReadPem(string pem, Secret? password)
    {
        var certificates = new List<X509Certificate2>();
        byte[]? key = null;
        try
        {
            var rest = pem.AsSpan();
            while (PemEncoding.TryFind(rest, out var fields))
            {
                var label = rest[fields.Label].ToString();
                if (label == "CERTIFICATE")
                {
                    certificates.Add(X509CertificateLoader.LoadCertificate(Convert.FromBase64String(rest[fields.Base64Data].ToString())));
                }
                else if (label.EndsWith("PRIVATE KEY", StringComparison.Ordinal))
                {
                    if (key is not null)
                    {
                        return (null, "The file holds more than one private key. Give the one that belongs to the certificate.");
                    }

                    if (label == "ENCRYPTED PRIVATE KEY" && password is null)
                    {
                        return (null, "The private key is encrypted. Give its password.");
                    }

                    key = ReadKey(rest[fields.Location].ToString(), label, password);
                }

                if (certificates.Count > MostCertificates)
                {
                    return (null, $"The file holds more than {MostCertificates} certificates. Give the server's own and those between it and the root.");
                }

                rest = rest[fields.Location.End.Value..];
            }
        }
        catch (Exception exception) when (exception is CryptographicException or FormatException or ArgumentException)
        {
            return (null, password is null
                ? $"The file cannot be read as PEM: {exception.Message}"
                : "The file cannot be read as PEM, or the password is not the one of its private key.");
        }

        return certificates.Count == 0
            ? (null, "There is no certificate in the file. PEM has lines -----BEGIN CERTIFICATE-----.")
            : (new CertificateFile(certificates, key), null);
    }

    /// <summary>A certificate with its key, and those between it and the root, in PKCS#12.</summary>
    public static (CertificateFile? File, string? Problem) ReadPfx(byte[] pfx, Secret? password)
    {
        X509Certificate2Collection found;
        try
        {
            found = X509CertificateLoader.LoadPkcs12Collection(pfx, password?.Value, X509KeyStorageFlags.Exportable | X509KeyStorageFlags.EphemeralKeySet);
        }
        catch (CryptographicException)
        {
            return (null, "The PFX file cannot be opened. Check that it is one and that the password is right.");
        }

        if (found.Count > MostCertificates || found.Count(certificate => certificate.HasPrivateKey) != 1)
        {
            return (null, "The PFX file must hold one certificate with its private key, and those between it and the root.");
        }

        var own = found.Single(certificate => certificate.HasPrivateKey);
        using var key = (AsymmetricAlgorithm?)own.GetRSAPrivateKey() ?? own.GetECDsaPrivateKey();
        return key is null
            ? (null, "The private key in the PFX file is neither RSA nor ECDSA. Make one of those.")
            : (new CertificateFile([own, .. found.Where(certificate => !certificate.HasPrivateKey)], key.ExportPkcs8PrivateKey()), null);
    }

    public void Dispose()
    {
        foreach (var certificate in Certificates)
        {
            certificate.Dispose();
        }

        CryptographicOperations.ZeroMemory(Pkcs8);
    }

    /// <summary>SubjectPublicKeyInfo of a private key.</summary>
    public static byte[] PublicKeyOf(ReadOnlySpan<byte> pkcs8)
    {
        using var key = Import(pkcs8);
        return key.ExportSubjectPublicKeyInfo();
    }

    private static byte[] ReadKey(string pem, string label, Secret? password)
    {
        using var key = label == "EC PRIVATE KEY" ? ECDsa.Create() : (AsymmetricAlgorithm)RSA.Create();
        try
        {
            Import(key, pem, label, password);
            return key.ExportPkcs8PrivateKey();
        }
        catch (Exception exception) when (key is RSA && label != "RSA PRIVATE KEY" && exception is CryptographicException or ArgumentException)
        {
            // PKCS#8 does not say in its label which kind of key it holds.
            using var other = ECDsa.Create();
            Import(other, pem, label, password);
            return other.ExportPkcs8PrivateKey();
        }
    }

    private static void Import(AsymmetricAlgorithm key, string pem, string label, Secret? password)
    {
        if (label == "ENCRYPTED PRIVATE KEY")
        {
            key.ImportFromEncryptedPem(pem, password!.Value);
        }
        else
        {
            key.ImportFromPem(pem);
        }
    }

    private static AsymmetricAlgorithm Import(ReadOnlySpan<byte> pkcs8)
    {
        AsymmetricAlgorithm key = RSA.Create();
        try
        {
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            return key;
        }
        catch (CryptographicException)
        {
            key.Dispose();
            key = ECDsa.Create();
            key.ImportPkcs8PrivateKey(pkcs8, out _);
            return key;
        }
    }
}
