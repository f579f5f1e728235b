using System.Formats.Asn1;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.Pkcs;
using System.Security.Cryptography.X509Certificates;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace TransportGateway.Protocol.Exchange;

/// <summary>Signs parts into CMS SignedData, and opens those whose signature and signer hold.</summary>
public static class ExchangeEnvelope
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web)
    {
        AllowDuplicateProperties = false,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        NumberHandling = JsonNumberHandling.Strict,
        MaxDepth = 16,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new InstantConverter() },
    };

    /// <param name="certificate">With its private key; goes along in the envelope.</param>
    /// <param name="chain">Issuers that go along, too.</param>
    public static byte[] Seal<TPart>(TPart part, X509Certificate2 certificate, IEnumerable<X509Certificate2> chain)
        where TPart : ExchangePart
    {
        var cms = new SignedCms(new ContentInfo(JsonSerializer.SerializeToUtf8Bytes(part, Json)));
        var signer = new CmsSigner(SubjectIdentifierType.IssuerAndSerialNumber, certificate)
        {
            DigestAlgorithm = new Oid("2.16.840.1.101.3.4.2.1"),
            IncludeOption = X509IncludeOption.EndCertOnly,
        };
        foreach (var issuer in chain)
        {
            signer.Certificates.Add(issuer);
        }

        signer.SignedAttributes.Add(new Pkcs9SigningTime(part.CreatedAt.UtcDateTime));
        cms.ComputeSignature(signer, silent: true);
        return cms.Encode();
    }

    /// <summary>Opens a part that Software Central signed: its signer chains to an anchor, is valid now, and may sign such documents.</summary>
    /// <exception cref="ExchangeRefusedException">The sentence says what does not hold.</exception>
    public static TPart Open<TPart>(ReadOnlySpan<byte> der, X509Certificate2Collection anchors, DateTimeOffset now)
        where TPart : ExchangePart
    {
        var cms = Decode(der);
        try
        {
            CheckSigner(VerifiedSigner(cms), cms.Certificates, anchors, now);
        }
        catch (CryptographicException)
        {
            // A certificate can be damaged in ways that show only when its extensions are read.
            throw new ExchangeRefusedException("a certificate in it cannot be read: it was altered, or cut");
        }

        return Read<TPart>(cms.ContentInfo.Content);
    }

    /// <summary>Lower-case hexadecimal SHA-256 of the whole encoding.</summary>
    public static string Hash(ReadOnlySpan<byte> der) => Convert.ToHexStringLower(SHA256.HashData(der));

    private static void CheckSigner(X509Certificate2 signer, X509Certificate2Collection certificates, X509Certificate2Collection anchors, DateTimeOffset now)
    {
        using var chain = new X509Chain();
        chain.ChainPolicy.TrustMode = X509ChainTrustMode.CustomRootTrust;
        chain.ChainPolicy.CustomTrustStore.AddRange(anchors);
        chain.ChainPolicy.ExtraStore.AddRange(certificates);
        chain.ChainPolicy.RevocationMode = X509RevocationMode.NoCheck;
        chain.ChainPolicy.DisableCertificateDownloads = true;
        chain.ChainPolicy.VerificationTime = now.UtcDateTime;
        if (!chain.Build(signer))
        {
            var untimely = chain.ChainStatus.All(status => status.Status == X509ChainStatusFlags.NotTimeValid);
            throw new ExchangeRefusedException(untimely
                ? $"its signer {signer.Subject} is not valid at {now.UtcDateTime:yyyy-MM-dd HH:mm} UTC; check this machine's clock"
                : $"its signer {signer.Subject} does not chain to the configured trust anchor of Software Central");
        }

        if (!signer.Extensions.OfType<X509EnhancedKeyUsageExtension>().Any(usage => usage.EnhancedKeyUsages[ExchangeFormat.SignerUsage] is not null))
        {
            throw new ExchangeRefusedException($"it was signed by {signer.Subject}, whose certificate is not one that may sign for Software Central");
        }
    }

    private static SignedCms Decode(ReadOnlySpan<byte> der)
    {
        if (der.Length > ExchangeFormat.MostPartBytes)
        {
            throw new ExchangeRefusedException($"a part is larger than {ExchangeFormat.MostPartBytes / 1024 / 1024} MiB");
        }

        var cms = new SignedCms();
        try
        {
            cms.Decode(der);
        }
        catch (Exception exception) when (exception is CryptographicException or AsnContentException)
        {
            throw new ExchangeRefusedException("it is not CMS SignedData");
        }

        return cms;
    }

    private static X509Certificate2 VerifiedSigner(SignedCms cms)
    {
        try
        {
            if (cms.Detached || cms.SignerInfos.Count != 1 || cms.SignerInfos[0].Certificate is not { } signer)
            {
                throw new ExchangeRefusedException("it does not have exactly one signer whose certificate comes with it");
            }

            if (cms.SignerInfos[0].DigestAlgorithm.Value is not ("2.16.840.1.101.3.4.2.1" or "2.16.840.1.101.3.4.2.2" or "2.16.840.1.101.3.4.2.3"))
            {
                throw new ExchangeRefusedException("it is signed with a digest other than SHA-2");
            }

            cms.SignerInfos[0].CheckSignature(verifySignatureOnly: true);
            return signer;
        }
        catch (CryptographicException)
        {
            throw new ExchangeRefusedException("its signature does not verify: it was altered, or cut");
        }
    }

    private static TPart Read<TPart>(byte[] content)
        where TPart : ExchangePart
    {
        try
        {
            var part = JsonSerializer.Deserialize<TPart>(content, Json) ?? throw new ExchangeRefusedException("it holds no document");
            return part.Format != ExchangeFormat.Name ? throw new ExchangeRefusedException($"it is not a document of the format {ExchangeFormat.Name}")
                : part.Version != ExchangeFormat.Version ? throw new ExchangeRefusedException($"it has version {part.Version} of the format; this gateway reads {ExchangeFormat.Version}")
                : part;
        }
        catch (JsonException exception)
        {
            throw new ExchangeRefusedException($"its content cannot be read (at {exception.Path ?? "its beginning"})");
        }
    }

    /// <summary>ISO 8601 in UTC to the millisecond; read with any offset, never without one.</summary>
    private sealed class InstantConverter : JsonConverter<DateTimeOffset>
    {
        public override DateTimeOffset Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
            reader.TokenType == JsonTokenType.String
            && reader.GetString() is { } text
            && (text.EndsWith('Z') || text.LastIndexOfAny(['+', '-']) > text.IndexOf('T', StringComparison.Ordinal))
            && reader.TryGetDateTimeOffset(out var instant)
                ? instant
                : throw new JsonException();

        public override void Write(Utf8JsonWriter writer, DateTimeOffset value, JsonSerializerOptions options) =>
            writer.WriteStringValue(value.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss.fff'Z'", CultureInfo.InvariantCulture));
    }
}

/// <summary>A document of the exchange is not what it must be. The message goes on behind "The file was refused: ".</summary>
public sealed class ExchangeRefusedException(string reason) : Exception(reason);
