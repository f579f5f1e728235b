using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace TransportGateway.Simulators;

/// <summary>A product's RSA-2048 key: signs messages and signing requests, one at a time, so that many products may share it.</summary>
public sealed class ProductKey : IDisposable
{
    private readonly RSA rsa;
    private readonly Lock signing = new();

    private ProductKey(RSA rsa)
    {
        this.rsa = rsa;
        SubjectPublicKeyInfo = rsa.ExportSubjectPublicKeyInfo();
    }

    public byte[] SubjectPublicKeyInfo { get; }

    /// <summary>A short name that is the same for the same key.</summary>
    public string Name => Convert.ToHexStringLower(SHA256.HashData(SubjectPublicKeyInfo))[..16];

    public static ProductKey Create() => new(RSA.Create(2048));

    public static ProductKey FromPem(string pem)
    {
        var imported = RSA.Create();
        imported.ImportFromPem(pem);
        return new ProductKey(imported);
    }

    public string ToPem() => rsa.ExportPkcs8PrivateKeyPem();

    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256 over the UTF-8 bytes of the text, as base64.</summary>
    public string Sign(string text)
    {
        lock (signing)
        {
            return Convert.ToBase64String(rsa.SignData(Encoding.UTF8.GetBytes(text), HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
        }
    }

    /// <summary>A PKCS#10 signing request that proves possession of this key.</summary>
    public byte[] CreateSigningRequest(string commonName)
    {
        lock (signing)
        {
            var subject = new X500DistinguishedNameBuilder();
            subject.AddCommonName(commonName.Length > 64 ? commonName[..64] : commonName);
            return new CertificateRequest(subject.Build(), rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();
        }
    }

    public void Dispose() => rsa.Dispose();
}
