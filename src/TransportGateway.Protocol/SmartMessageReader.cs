using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace TransportGateway.Protocol;

/// <summary>
/// Reads the three nested JSON levels of a device message: envelope, request, request data. Levels 2 and 3 travel as strings, so that the
/// signature covers an exact text.
/// </summary>
public static class SmartMessageReader
{
    // Instants that fit DateTimeOffset, so that no caller has to fear the conversion.
    private const long LastMillisecond = 253402300799999;

    /// <summary>Reads a message. Does not throw, whatever the bytes are.</summary>
    /// <param name="types">Null for the names of the alias table alone.</param>
    public static ParsedMessage Read(ReadOnlySpan<byte> utf8Json, RequestTypeNames? types = null)
    {
        if (utf8Json.StartsWith(JsonText.ByteOrderMark))
        {
            utf8Json = utf8Json[JsonText.ByteOrderMark.Length..];
        }

        if (utf8Json.IsEmpty)
        {
            return new ParsedMessage.Unreadable("The message is empty.");
        }

        if (!Utf8.IsValid(utf8Json))
        {
            return new ParsedMessage.Unreadable("The message is not valid UTF-8.");
        }

        var buffer = ArrayPool<byte>.Shared.Rent(utf8Json.Length);
        try
        {
            utf8Json.CopyTo(buffer);
            using var document = JsonText.Open(buffer.AsMemory(0, utf8Json.Length), out var problem);
            return document is null
                ? new ParsedMessage.Unreadable($"The message {problem}.")
                : ReadEnvelope(document.RootElement, types ?? RequestTypeNames.Standard);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static ParsedMessage ReadEnvelope(JsonElement json, RequestTypeNames types)
    {
        var problems = new FieldProblems();
        var fields = new JsonFields(json, string.Empty, problems);
        var request = fields.RequiredText(WireNames.Request, int.MaxValue, allowLines: true);
        if (request is null)
        {
            return new ParsedMessage.Unreadable($"The envelope is not usable: {problems.Any}");
        }

        return ReadRequest(SignatureOf(fields, request), request, types);
    }

    /// <remarks>
    /// A signature that is missing, malformed or of another type is left empty instead of being refused here: it verifies with no key, and so gets the same
    /// answer as a wrong one.
    /// </remarks>
    private static SignedEnvelope SignatureOf(JsonFields envelope, string request)
    {
        // Level 1 is not signed, so what is odd about its optional members is nobody's statement and ends here.
        var ignored = new FieldProblems();
        var (type, value) = (string.Empty, Array.Empty<byte>());
        if (envelope.Find(WireNames.Signature) is { ValueKind: JsonValueKind.Object } signature)
        {
            var fields = new JsonFields(signature, WireNames.Signature.Canonical, ignored);
            type = fields.Text(WireNames.SignatureType) ?? string.Empty;
            if (type == SmartMessageWriter.SignatureType
                && fields.Find(WireNames.SignatureValue) is { } text
                && JsonText.ReadBase64(text) is { Length: <= WireLimits.SignatureBytes } bytes)
            {
                value = bytes;
            }
        }

        string? token = null;
        if (envelope.Find(WireNames.Credential) is { ValueKind: JsonValueKind.Object } credential)
        {
            var fields = new JsonFields(credential, WireNames.Credential.Canonical, ignored);
            // Whatever type it claims; one that is too long or no text is another text than that of the field, and compares as such.
            token = fields.Find(WireNames.CredentialValue) is { } given ? fields.Text(WireNames.CredentialValue, allowLines: true) ?? given.GetRawText() : null;
        }

        return new SignedEnvelope(type, value, token, request);
    }

    private static ParsedMessage ReadRequest(SignedEnvelope envelope, string request, RequestTypeNames types)
    {
        using var document = JsonText.Open(request, out var problem);
        if (document is not null)
        {
            return ReadRequest(envelope, document.RootElement, types);
        }

        // A key given twice is refused with an answer when the nonce is readable all the same.
        using var duplicated = JsonText.OpenDespiteDuplicates(request);
        return duplicated is not null && ReadHeader(duplicated.RootElement, new FieldProblems(), types, out _) is { } header
            ? new ParsedMessage.Refused(header, DeviceStatus.Failed, $"The field request {problem}.")
            : new ParsedMessage.Unreadable($"The field request {problem}.");
    }

    private static ParsedMessage ReadRequest(SignedEnvelope envelope, JsonElement json, RequestTypeNames types)
    {
        var problems = new FieldProblems();
        if (ReadHeader(json, problems, types, out var nonceProblem) is not { } header)
        {
            return new ParsedMessage.Unreadable(nonceProblem);
        }

        if (RefusalOfVersion(header, problems) is { } refused)
        {
            return refused;
        }

        var fields = new JsonFields(json, string.Empty, problems);
        var nonce = fields.RequiredText(WireNames.Nonce, WireLimits.NonceLength);
        var data = fields.RequiredText(WireNames.RequestData, int.MaxValue, allowLines: true);
        if (problems.Any is { } problem || nonce is null || data is null)
        {
            return new ParsedMessage.Refused(header, DeviceStatus.Failed, problems.Any ?? string.Empty);
        }

        return ReadData(envelope, header, nonce, data);
    }

    private static ParsedMessage.Refused? RefusalOfVersion(RequestHeader header, FieldProblems problems)
    {
        if (!ProtocolVersion.TryParse(header.Version, out var major, out _))
        {
            return new ParsedMessage.Refused(
                header,
                DeviceStatus.Failed,
                problems.Any
                    ?? ErrorsHash.For(WireNames.Version.Canonical, $"The field header.version must be a number such as {ProtocolVersion.Ours}."));
        }

        if (ProtocolVersion.IsTooHigh(major))
        {
            return new ParsedMessage.Refused(header, DeviceStatus.VersionTooHigh, RefusalTexts.VersionTooHigh(header.Version));
        }

        return ProtocolVersion.IsServed(major)
            ? null
            : new ParsedMessage.Refused(header, DeviceStatus.Failed, RefusalTexts.VersionTooLow(header.Version));
    }

    /// <summary>The header as far as it can be read, or null when it has no usable nonce, without which nothing can be answered.</summary>
    private static RequestHeader? ReadHeader(JsonElement json, FieldProblems problems, RequestTypeNames types, out string nonceProblem)
    {
        nonceProblem = "The field header is missing or not an object.";
        if (new JsonFields(json, string.Empty, problems).Object(WireNames.Header) is not { } header)
        {
            return null;
        }

        nonceProblem = $"The field header.nonce is missing or not a decimal number of at most {WireLimits.NonceLength} digits, written as a string.";
        if (header.Text(WireNames.Nonce, WireLimits.NonceLength) is not { Length: > 0 } nonce || !nonce.All(char.IsAsciiDigit))
        {
            return null;
        }

        // The version is looked at first, so that what a later version has changed is not reported as a mistake.
        var version = header.RequiredText(WireNames.Version) ?? string.Empty;
        var type = header.RequiredText(WireNames.RequestTypeName) ?? string.Empty;
        return new RequestHeader(
            version,
            header.Text(WireNames.Locale),
            ReadSudi(header),
            header.Integer(WireNames.Timestamp, 0, LastMillisecond) ?? 0,
            nonce,
            type,
            types.TypeOf(type),
            header.Text(WireNames.ProductInstanceIdentifier),
            header.Text(WireNames.IdCertSerialNumber),
            header.Text(WireNames.SigningCertSerialNumber));
    }

    private static ParsedMessage ReadData(SignedEnvelope envelope, RequestHeader header, string requestNonce, string data)
    {
        using var document = JsonText.Open(data, out var problem);
        if (document is null)
        {
            return new ParsedMessage.Refused(header, DeviceStatus.Failed, $"The field request_data {problem}.");
        }

        // The members that all types share are needed to answer at all, so a bad one is refused like a missing one.
        var shared = new FieldProblems();
        var fields = new JsonFields(document.RootElement, WireNames.RequestData.Canonical, shared);
        var timestamp = fields.RequiredInteger(WireNames.Timestamp, 0, LastMillisecond);
        var nonce = fields.RequiredText(WireNames.Nonce, WireLimits.NonceLength);
        if (shared.Any is { } refusal || timestamp is null || nonce is null)
        {
            return new ParsedMessage.Refused(header, DeviceStatus.Failed, shared.Any ?? string.Empty);
        }

        var own = new FieldProblems();
        fields = new JsonFields(document.RootElement, WireNames.RequestData.Canonical, own);
        var sudi = ReadSudi(fields);
        var instance = fields.Text(WireNames.ProductInstanceIdentifier);
        var body = RequestBodyReader.Read(header.RequestType, fields, envelope.CredentialToken);
        return own.MissingField is { } missing
            ? new ParsedMessage.Refused(header, DeviceStatus.Failed, missing)
            : new ParsedMessage.Readable(
                new DeviceMessage(envelope, header, requestNonce, nonce, timestamp.Value, sudi, instance, body, own.BadValue));
    }

    internal static Sudi? ReadSudi(JsonFields parent) =>
        parent.Object(WireNames.Sudi) is { } sudi
            ? new Sudi(
                sudi.Text(WireNames.Suvi),
                sudi.Text(WireNames.Uuid),
                sudi.Text(WireNames.HostIdentifier),
                sudi.Text(WireNames.MacAddress),
                sudi.Text(WireNames.UdiPid),
                sudi.Text(WireNames.UdiSerialNumber),
                sudi.Text(WireNames.UdiVid))
            : null;
}
