using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Authority;

/// <summary>A certificate with its private key, opened for use.</summary>
internal sealed class SigningKey : IDisposable
{
    private readonly RSA _key;

    /// <param name="key">Owned by this object from here on.</param>
    public SigningKey(string id, string serial, X509Certificate2 certificate, RSA key)
    {
        Id = id;
        Serial = serial;
        Certificate = certificate;
        NotBefore = new DateTimeOffset(certificate.NotBefore);
        NotAfter = new DateTimeOffset(certificate.NotAfter);
        CertificatePem = certificate.ExportCertificatePem() + "\n";
        _key = key;
    }

    public string Id { get; }

    /// <summary>Decimal, as messages carry it.</summary>
    public string Serial { get; }

    public X509Certificate2 Certificate { get; }

    public DateTimeOffset NotBefore { get; }

    public DateTimeOffset NotAfter { get; }

    public string CertificatePem { get; }

    public X509SignatureGenerator Generator => X509SignatureGenerator.CreateForRSA(_key, RSASignaturePadding.Pkcs1);

    public bool IsValidAt(DateTimeOffset instant) => instant >= NotBefore && instant <= NotAfter;

    public byte[] Sign(ReadOnlySpan<byte> data) => _key.SignData(data, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);

    public void Dispose()
    {
        _key.Dispose();
        Certificate.Dispose();
    }
}
