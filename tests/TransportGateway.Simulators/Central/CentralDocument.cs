using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Simulators.Central;

/// <summary>Software Central's own reading and writing of the exchange (openapi.yaml); shares nothing with the gateway's.</summary>
internal static class CentralDocument
{
    private const string Sha256Oid = "2.16.840.1.101.3.4.2.1";
    private const int MostBytes = 8 * 1024 * 1024;

    /// <summary>The content and the certificate that signed it.</summary>
    /// <exception cref="CentralRefusal">It is no such document, or its signature does not hold.</exception>
    public static (JsonElement Content, X509Certificate2 Signer) Open(byte[] der, string kind)
    {
        if (der.Length > MostBytes)
        {
            throw new CentralRefusal("The part is larger than 8 MiB.");
        }

        var cms = new SignedCms();
        try
        {
            cms.Decode(der);
            cms.CheckSignature(verifySignatureOnly: true);
        }
        catch (CryptographicException)
        {
            throw new CentralRefusal("The part is not CMS SignedData whose signature verifies.");
        }

        if (cms.SignerInfos.Count != 1 || cms.SignerInfos[0].Certificate is not { } signer || cms.SignerInfos[0].DigestAlgorithm.Value != Sha256Oid)
        {
            throw new CentralRefusal("The part does not have one signer with SHA-256 whose certificate comes along.");
        }

        try
        {
            using var document = JsonDocument.Parse(cms.ContentInfo.Content, new JsonDocumentOptions { AllowDuplicateProperties = false, MaxDepth = 16 });
            var content = document.RootElement.Clone();
            return content.GetProperty("format").GetString() == "transport-gateway-exchange"
                && content.GetProperty("version").GetInt32() == 1
                && content.GetProperty("kind").GetString() == kind
                    ? (content, signer)
                    : throw new CentralRefusal($"The part is not a {kind} of version 1.");
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            throw new CentralRefusal("The content of the part is not the JSON that the exchange describes.");
        }
    }

    public static byte[] Sign(JsonObject content, X509Certificate2 signer, DateTimeOffset at, params X509Certificate2[] chain) =>
        Sign(JsonSerializer.SerializeToUtf8Bytes(content), signer, at, chain);

    /// <summary>The same content under another signer, for faults.</summary>
    public static byte[] Resign(byte[] der, X509Certificate2 signer, DateTimeOffset at)
    {
        var cms = new SignedCms();
        cms.Decode(der);
        return Sign(cms.ContentInfo.Content, signer, at, []);
    }

    public static string Hash(byte[] der) => Convert.ToHexStringLower(SHA256.HashData(der));

    /// <summary>Cuts a file into its parts.</summary>
    public static List<byte[]> Split(byte[] file)
    {
        var parts = new List<byte[]>();
        for (var at = 0; at < file.Length;)
        {
            var reader = new System.Formats.Asn1.AsnReader(file.AsMemory(at), System.Formats.Asn1.AsnEncodingRules.BER);
            try
            {
                var part = reader.PeekEncodedValue().ToArray();
                parts.Add(part);
                at += part.Length;
            }
            catch (System.Formats.Asn1.AsnContentException)
            {
                throw new CentralRefusal("The file is cut, or is not one of this exchange.");
            }
        }

        return parts;
    }

    private static byte[] Sign(byte[] content, X509Certificate2 signer, DateTimeOffset at, X509Certificate2[] chain)
    {
        var cms = new SignedCms(new ContentInfo(content));
        var cmsSigner = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, signer)
        {
            DigestAlgorithm = new Oid(Sha256Oid),
            IncludeOption = X509IncludeOption.EndCertOnly,
        };
        cmsSigner.Certificates.AddRange(chain);
        cmsSigner.SignedAttributes.Add(new Pkcs9SigningTime(at.UtcDateTime));
        cms.ComputeSignature(cmsSigner);
        return cms.Encode();
    }
}

/// <summary>Software Central says no.</summary>
internal sealed class CentralRefusal(string message, string code = "refused", int status = 400) : Exception(message)
{
    public string Code { get; } = code;

    public int Status { get; } = status;

    public long? Parts { get; init; }

    public long? LastSequence { get; init; }
}
