using System.Text;
using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>One attachment of a Call Home message, and how the one with the licensing message is told from the others.</summary>
internal sealed class CallHomeAttachment
{
    public string? Name { get; set; }

    public string? Data { get; set; }

    /// <summary>By name first, and then by shape: the message type of licensing is not known, so it cannot help.</summary>
    public static (CallHomeAttachment Attachment, byte[] Payload)? Select(IReadOnlyList<CallHomeAttachment> attachments)
    {
        foreach (var attachment in attachments)
        {
            if (string.Equals(attachment.Name, AmlNames.LicensingAttachment, StringComparison.OrdinalIgnoreCase))
            {
                return (attachment, attachment.Decode());
            }
        }

        foreach (var attachment in attachments)
        {
            var payload = attachment.Decode();
            if (LooksLikeAnEnvelope(payload))
            {
                return (attachment, payload);
            }
        }

        return null;
    }

    /// <summary>
    /// Text when it begins like a JSON object, or else base64, whatever the attribute "encoding" says: "plain" and "text" are observed there, and
    /// no base64 begins with a brace. What cannot be decoded is left as it is, for the JSON reader to refuse.
    /// </summary>
    private byte[] Decode()
    {
        var text = Data.AsSpan().Trim().TrimStart('\uFEFF');
        if (!text.StartsWith('{'))
        {
            var decoded = new byte[(text.Length * 3 / 4) + 3];
            if (Convert.TryFromBase64Chars(text, decoded, out var length) && length > 0)
            {
                return decoded[..length];
            }
        }

        var utf8 = new byte[Encoding.UTF8.GetByteCount(text)];
        Encoding.UTF8.GetBytes(text, utf8);
        return utf8;
    }

    private static bool LooksLikeAnEnvelope(ReadOnlySpan<byte> payload)
    {
        var json = new Utf8JsonReader(payload, new JsonReaderOptions { MaxDepth = WireLimits.JsonDepth });
        var (request, signature) = (false, false);
        try
        {
            while (json.Read())
            {
                if (json.TokenType == JsonTokenType.PropertyName && json.CurrentDepth == 1)
                {
                    request |= json.ValueTextEquals(WireNames.Request.Canonical);
                    signature |= json.ValueTextEquals(WireNames.Signature.Canonical);
                    json.Skip();
                }
            }
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }

        return request && signature;
    }
}
