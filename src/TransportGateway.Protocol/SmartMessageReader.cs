using System.Text.Json;
using System.Text.Unicode;

namespace TransportGateway.Protocol;

/// <summary>Reads the licensing message: three JSON levels, of which the inner two travel as strings (section 2.2).</summary>
public static class SmartMessageReader
{
    private const int MostNonceDigits = 32;

    /// <summary>Takes any bytes; never throws for what they are.</summary>
    public static ParsedMessage Read(ReadOnlyMemory<byte> utf8)
    {
        RequestHeader? header = null;
        try
        {
            return Read(WithoutByteOrderMark(utf8), ref header);
        }
        catch (FieldException exception)
        {
            return header is null
                ? new ParsedMessage.Unreadable(exception.Message)
                : new ParsedMessage.Refused(header, DeviceStatus.Failed, exception.AsErrorsHash);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            // InvalidOperationException: a text with half a surrogate pair, which JSON can escape and UTF-16 cannot hold.
            const string NotJson = "is not well-formed JSON, is nested too deep, or has a key twice.";
            return header is null
                ? new ParsedMessage.Unreadable("The message " + NotJson)
                : new ParsedMessage.Refused(header, DeviceStatus.Failed, RefusalTexts.ErrorsHash("request_data", "The request data " + NotJson));
        }
    }

    private static ParsedMessage Read(ReadOnlyMemory<byte> utf8, ref RequestHeader? header)
    {
        if (utf8.IsEmpty)
        {
            return new ParsedMessage.Unreadable("The message is empty.");
        }

        if (!Utf8.IsValid(utf8.Span))
        {
            return new ParsedMessage.Unreadable("The message is not UTF-8 text.");
        }

        using var level1 = JsonFields.Parse(utf8);
        var envelope = ReadEnvelope(new JsonFields(level1.RootElement, ""));

        using var level2 = JsonFields.Parse(envelope.Request);
        var request = new JsonFields(level2.RootElement, "");
        var headerFields = request.Object(Field.Header);
        var nonce = headerFields.RequiredText(Field.Nonce, MostNonceDigits);
        if (nonce.Length == 0 || !nonce.All(char.IsAsciiDigit))
        {
            return new ParsedMessage.Unreadable("The field header.nonce is not a decimal number written as a text.");
        }

        // From here on there is something to answer to.
        header = new RequestHeader(ProtocolVersion.Ours, null, null, 0, nonce, "", RequestType.Unknown, null, null, null);
        header = ReadHeader(headerFields, nonce);
        if (ProtocolVersion.IsTooHigh(header.Version))
        {
            return new ParsedMessage.Refused(header, DeviceStatus.VersionTooHigh, RefusalTexts.VersionTooHigh(header.Version));
        }

        if (ProtocolVersion.Negotiate(header.Version) is null)
        {
            throw new FieldException("header.version", $"The message version '{header.Version}' is not of the form 1.x.");
        }

        var requestNonce = request.RequiredText(Field.Nonce, MostNonceDigits);
        var data = request.Nested(Field.RequestData) ?? throw FieldException.Missing("request_data");
        using var level3 = JsonFields.Parse(data);
        return new ParsedMessage.Readable(ReadData(new JsonFields(level3.RootElement, "request_data"), envelope, header, requestNonce));
    }

    private static ReadOnlyMemory<byte> WithoutByteOrderMark(ReadOnlyMemory<byte> utf8) =>
        utf8.Span.StartsWith("\uFEFF"u8) ? utf8[3..] : utf8;

    private static SignedEnvelope ReadEnvelope(JsonFields fields)
    {
        var type = "";
        byte[] signature = [];
        if (fields.Element(Field.Signature) is { ValueKind: JsonValueKind.Object } element)
        {
            var parts = new JsonFields(element, WireNames.Of(Field.Signature));
            type = parts.Nested(Field.SignatureType) ?? "";
            if (parts.Element(Field.SignatureValue) is { ValueKind: JsonValueKind.String } value && value.TryGetBytesFromBase64(out var bytes))
            {
                signature = bytes;
            }
        }

        var credential = fields.Element(Field.Credential) is { ValueKind: JsonValueKind.Object } given
            ? new JsonFields(given, WireNames.Of(Field.Credential)).Nested(Field.CredentialValue)
            : null;
        return new SignedEnvelope(type, signature, credential, fields.Nested(Field.Request) ?? throw FieldException.Missing("request"));
    }

    private static RequestHeader ReadHeader(JsonFields fields, string nonce)
    {
        var type = fields.RequiredText(Field.RequestType, 64);
        return new RequestHeader(
            fields.RequiredText(Field.Version, 16),
            fields.Text(Field.Locale, 64),
            ReadSudi(fields),
            fields.Number(Field.Timestamp) ?? 0,
            nonce,
            type,
            WireNames.TypeOf(type),
            fields.Text(Field.ProductInstanceIdentifier, 64),
            fields.Text(Field.IdCertSerialNumber, 64),
            fields.Text(Field.SigningCertSerialNumber, 64));
    }

    private static Sudi? ReadSudi(JsonFields fields)
    {
        if (!fields.Has(Field.Sudi))
        {
            return null;
        }

        var sudi = fields.Object(Field.Sudi);
        return new Sudi(
            sudi.Text(Field.Suvi),
            sudi.Text(Field.Uuid),
            sudi.Text(Field.HostIdentifier),
            sudi.Text(Field.MacAddress),
            sudi.Text(Field.UdiPid),
            sudi.Text(Field.UdiSerialNumber),
            sudi.Text(Field.UdiVid));
    }

    private static DeviceMessage ReadData(JsonFields fields, SignedEnvelope envelope, RequestHeader header, string requestNonce)
    {
        var timestamp = fields.Number(Field.Timestamp) ?? throw FieldException.Missing("request_data.timestamp");
        var nonce = fields.RequiredText(Field.Nonce, MostNonceDigits);
        var sudi = ReadSudi(fields);
        string? problem = null;
        var body = RequestBodyReader.Read(header.RequestType, fields, envelope.CredentialToken, ref problem);
        return new DeviceMessage(
            envelope, header, requestNonce, nonce, timestamp, sudi, fields.Text(Field.ProductInstanceIdentifier, 64), body, problem);
    }
}
