using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Simulators;

/// <summary>
/// A message before it is signed. A product builds one and seals it; a test changes it in between: another nonce, serial or
/// timestamp, a foreign key, a key written twice, an unknown request type.
/// </summary>
public sealed class MessageDraft
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    internal MessageDraft(JsonObject header, JsonObject data, ProductKey signingKey, DateTimeOffset composedAt)
    {
        Header = header;
        Data = data;
        SigningKey = signingKey;
        ComposedAt = composedAt;
        RequestNonce = (string?)header["nonce"] ?? "";
    }

    /// <summary>The header of level 2, as it will be written.</summary>
    public JsonObject Header { get; }

    /// <summary>Level 3, as it will be written into <c>request_data</c>.</summary>
    public JsonObject Data { get; }

    /// <summary>The nonce of level 2 beside the header; a real product writes the same one three times.</summary>
    public string RequestNonce { get; set; }

    public JsonNode? Credential { get; set; }

    public ProductKey SigningKey { get; set; }

    public string SignatureType { get; set; } = "SHA-256";

    /// <summary>When set, goes out in place of the signature that belongs to the message.</summary>
    public string? SignatureValue { get; set; }

    /// <summary>Changes the text of <c>request_data</c> before it is put into the request.</summary>
    public Func<string, string>? EditDataText { get; set; }

    /// <summary>Changes the text of <c>request</c> before it is signed.</summary>
    public Func<string, string>? EditRequestText { get; set; }

    /// <summary>Changes the text of <c>request</c> after it is signed, so that the signature no longer fits.</summary>
    public Func<string, string>? EditSignedText { get; set; }

    /// <summary>Changes the whole message just before it goes out.</summary>
    public Func<string, string>? EditEnvelopeText { get; set; }

    internal DateTimeOffset ComposedAt { get; }

    /// <summary>The public key of the signing request in <see cref="Data"/>, which the new ID certificate has to carry.</summary>
    internal byte[]? CertifiedKey { get; init; }

    public string Nonce
    {
        get => (string?)Header["nonce"] ?? "";
        set
        {
            Header["nonce"] = value;
            Data["nonce"] = value;
            RequestNonce = value;
        }
    }

    public string RequestTypeName
    {
        get => (string?)Header["request_type"] ?? "";
        set => Header["request_type"] = value;
    }

    public string Version
    {
        get => (string?)Header["version"] ?? "";
        set => Header["version"] = value;
    }

    public long Timestamp
    {
        get => (long?)Data["timestamp"] ?? 0;
        set => Data["timestamp"] = value;
    }

    /// <summary>Writes the three levels, signs the second and closes the envelope. The result never changes again.</summary>
    public SealedMessage Seal()
    {
        var dataText = Edit(EditDataText, Data.ToJsonString(Plain));
        var request = new JsonObject
        {
            ["header"] = Header.DeepClone(),
            ["nonce"] = RequestNonce,
            ["request_data"] = dataText,
        };
        var requestText = Edit(EditRequestText, request.ToJsonString(Plain));
        var signature = SignatureValue ?? SigningKey.Sign(requestText);
        var envelope = new JsonObject
        {
            ["signature"] = new JsonObject { ["type"] = SignatureType, ["value"] = signature },
            ["credential"] = Credential?.DeepClone(),
            ["request"] = Edit(EditSignedText, requestText),
        };
        return new SealedMessage
        {
            Json = Edit(EditEnvelopeText, envelope.ToJsonString(Plain)),
            ComposedAt = ComposedAt,
            Expected = new ReplyExpectation
            {
                RequestType = RequestTypeName,
                Version = Version,
                Nonce = Nonce,
                ProductInstanceIdentifier = (string?)Header["product_instance_identifier"],
                CertifiedKey = CertifiedKey,
                EntitlementVersion = Data["entitlement_version"] is JsonValue version && version.TryGetValue<int>(out var number) ? number : null,
            },
        };
    }

    private static string Edit(Func<string, string>? edit, string text) => edit is null ? text : edit(text);
}
