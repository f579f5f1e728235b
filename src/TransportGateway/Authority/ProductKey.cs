using System.Formats.Asn1;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Authority;

/// <summary>A product's public key: read from its signing request, stored as SubjectPublicKeyInfo, used to check what it signs.</summary>
internal static class ProductKey
{
    private const int SmallestKeySize = 2048;

    // OpenSSL's cost of a check grows with the square of the size; no product makes more.
    private const int LargestKeySize = 4096;

    private const int LargestExponentBits = 32;

    private const string RsaOid = "1.2.840.113549.1.1.1";

    /// <summary>The key of a PKCS#10 request whose own signature holds, else the sentence that says what is wrong.</summary>
    public static (PublicKey? Key, string? Problem) Read(byte[] signingRequest)
    {
        try
        {
            var request = CertificateRequest.LoadSigningRequest(
                signingRequest, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1);
            if (request.PublicKey.Oid.Value != RsaOid)
            {
                return (null, "The signing request holds a key that is not RSA.");
            }

            // Read here rather than imported: an import costs OpenSSL more than ten checks of a signature.
            var numbers = new AsnReader(request.PublicKey.EncodedKeyValue.RawData, AsnEncodingRules.BER).ReadSequence();
            var (modulus, exponent) = (numbers.ReadInteger(), numbers.ReadInteger());
            var keySize = modulus.Sign > 0 ? modulus.GetBitLength() : 0;
            if (keySize is < SmallestKeySize or > LargestKeySize)
            {
                return (null, $"The signing request holds an RSA key of {keySize} bits; {SmallestKeySize} to {LargestKeySize} are accepted.");
            }

            return exponent.Sign <= 0 || exponent.GetBitLength() > LargestExponentBits
                ? (null, "The signing request holds an RSA key with an outsized exponent.")
                : (request.PublicKey, null);
        }
        catch (Exception exception) when (exception is CryptographicException or AsnContentException)
        {
            return (null, "The signing request is not a PKCS#10 request whose signature verifies.");
        }
    }

    /// <summary>RSASSA-PKCS1-v1_5 with SHA-256 (wire-protocol 8.1, inferred).</summary>
    public static bool Verifies(byte[] publicKey, ReadOnlySpan<byte> data, ReadOnlySpan<byte> signature)
    {
        using var rsa = RSA.Create();
        rsa.ImportSubjectPublicKeyInfo(publicKey, out _);
        return rsa.VerifyData(data, signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
    }
}
