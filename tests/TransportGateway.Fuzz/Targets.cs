using System.Text.Json;
using System.Xml;
using TransportGateway.Protocol;

namespace TransportGateway.Fuzz;

/// <summary>One target for each parser. A target throws when a promise is broken, and so does the parser when an exception escapes.</summary>
internal static class Targets
{
    private static readonly DateTimeOffset Instant = DateTimeOffset.UnixEpoch;

    public static readonly IReadOnlyDictionary<string, Action<byte[]>> All = new Dictionary<string, Action<byte[]>>(StringComparer.Ordinal)
    {
        ["smart-message"] = SmartMessage,
        ["call-home"] = CallHome,
    };

    private static void SmartMessage(byte[] input)
    {
        switch (SmartMessageReader.Read(input))
        {
            case ParsedMessage.Unreadable unreadable:
                Promise(unreadable.Reason.Length > 0, "An unreadable message has a reason.");
                break;
            case ParsedMessage.Refused refused:
                Promise(refused.Message.Length > 0, "A refusal has a message.");
                Answer(refused.Header, refused.Status, refused.Message);
                break;
            case ParsedMessage.Readable { Message: var message }:
                Promise(message.DataProblem is not { Length: 0 }, "A problem has a text.");
                Promise(message.DataProblem is null || message.Body is not AuthorizationBody, "A list is never read in part.");
                _ = DateTimeOffset.FromUnixTimeMilliseconds(message.DataTimestamp);
                Answer(message.Header, DeviceStatus.Failed, RefusalTexts.Identity(message.Header.ProductInstanceIdentifier));
                break;
        }
    }

    private static void CallHome(byte[] input)
    {
        switch (CallHomeReader.Read(input))
        {
            case CallHomeParse.Unreadable unreadable:
                WellFormed(CallHomeWriter.WriteFault("Sender", unreadable.Reason));
                break;
            case CallHomeParse.Found { Request: var request }:
                _ = SmartMessageReader.Read(request.Payload);
                var envelope = SmartMessageWriter.WriteEnvelope("]]>{}", [1, 2, 3]);
                var answer = CallHomeWriter.WriteResponse(request, envelope, Instant);
                WellFormed(answer);
                Promise(
                    CallHomeReader.Read(answer) is CallHomeParse.Found found && found.Request.Payload.AsSpan().SequenceEqual(envelope),
                    "The answer carries the envelope unchanged.");
                break;
        }
    }

    private static void Answer(RequestHeader header, string status, string message)
    {
        Promise(header.Nonce.Length is > 0 and <= WireLimits.NonceLength, "What is answered has a nonce to echo.");
        var response = SmartMessageWriter.WriteResponse(new DeviceResponse
        {
            Version = ProtocolVersion.Negotiate(header.Version),
            Locale = header.Locale,
            Timestamp = Instant,
            Nonce = header.Nonce,
            RequestType = header.RequestTypeText,
            ProductInstanceIdentifier = header.ProductInstanceIdentifier,
            SigningCertSerialNumber = header.SigningCertSerialNumber,
            Status = status,
            Message = message,
        });
        using var envelope = JsonDocument.Parse(SmartMessageWriter.WriteEnvelope(response, [1, 2, 3]));
        using var inner = JsonDocument.Parse(envelope.RootElement.GetProperty("response").GetString()!);
        Promise(inner.RootElement.GetProperty("nonce").GetString() == header.Nonce, "The answer echoes the nonce.");
        Promise(inner.RootElement.GetProperty("message").GetString() == message, "The answer carries the message unchanged.");
    }

    private static void WellFormed(byte[] xml)
    {
        using var reader = XmlReader.Create(new MemoryStream(xml));
        while (reader.Read())
        {
        }
    }

    private static void Promise(bool kept, string promise)
    {
        if (!kept)
        {
            throw new InvalidOperationException($"Broken promise: {promise}");
        }
    }
}
