using System.Net;
using System.Text;
using System.Text.Json;
using System.Xml;

namespace TransportGateway.Protocol;

/// <summary>Finds the licensing message inside a Call Home envelope (SOAP 1.2, AML; sections 1.3 and 1.4).</summary>
/// <remarks>
/// Elements are found by their local names, whatever the namespace prefix, the addressee or mustUnderstand say: receivers in the
/// field had to be that lenient (1.2). No DTD, no entities but the five of XML, bounded depth.
/// </remarks>
public static class CallHomeReader
{
    public const string AttachmentName = "smart_licensing_data";

    private const int MostDepth = 32;
    private const int MostAttachments = 16;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        // Observed: bodies hold references to characters that XML 1.0 forbids.
        CheckCharacters = false,
        MaxCharactersInDocument = 16 * 1024 * 1024,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
    };

    /// <summary>Takes any bytes; never throws for what they are.</summary>
    public static CallHomeParse Read(ReadOnlyMemory<byte> body)
    {
        try
        {
            using var stream = new MemoryStream(FormDecoded(body).ToArray(), writable: false);
            using var reader = XmlReader.Create(stream, Settings);
            return Read(reader);
        }
        catch (XmlException exception)
        {
            return new CallHomeParse.Unreadable($"The body is not a Call Home message: {FirstLine(exception.Message)}");
        }
        catch (Exception exception) when (exception is ArgumentException or InvalidOperationException or FormatException or NotSupportedException)
        {
            // The XML reader's ways to reject an encoding declaration or a character that no encoding holds.
            return new CallHomeParse.Unreadable("The body is not a Call Home message: its text encoding is broken.");
        }
    }

    private static CallHomeParse Read(XmlReader reader)
    {
        var session = new Dictionary<string, string>(StringComparer.Ordinal);
        var attachments = new List<Attachment>();
        Attachment? current = null;
        var envelope = false;
        while (reader.Read())
        {
            if (reader.Depth > MostDepth)
            {
                return new CallHomeParse.Unreadable($"The body is nested deeper than {MostDepth} elements.");
            }

            if (reader.NodeType != XmlNodeType.Element)
            {
                continue;
            }

            if (reader.Depth == 0)
            {
                if (reader.LocalName != "Envelope")
                {
                    return new CallHomeParse.Unreadable($"The body is XML, but its root is {Cut(reader.LocalName)} instead of a SOAP Envelope.");
                }

                envelope = true;
            }

            switch (reader.LocalName)
            {
                case "To" or "From" or "MessageId" or "Type" or "GroupId" when current is null && !reader.IsEmptyElement:
                    session.TryAdd(reader.LocalName, Cut(ReadText(reader)));
                    break;
                case "Attachment":
                    if (attachments.Count == MostAttachments)
                    {
                        return new CallHomeParse.Unreadable($"The body has more than {MostAttachments} attachments.");
                    }

                    attachments.Add(current = new Attachment());
                    break;
                case "Name" when current is { Name: null }:
                    current.Name = ReadText(reader).Trim();
                    break;
                case "Data" when current is { Data: null }:
                    current.Encoding = reader.GetAttribute("encoding");
                    current.Data = ReadText(reader);
                    break;
            }
        }

        if (!envelope)
        {
            return new CallHomeParse.Unreadable("The body holds no SOAP Envelope.");
        }

        var chosen = attachments.FirstOrDefault(attachment => attachment.Name == AttachmentName && attachment.Data is not null);
        var payload = chosen is null ? attachments.Select(Decode).FirstOrDefault(LooksLikeLicensing) : Decode(chosen);
        return payload is null
            ? new CallHomeParse.Unreadable($"The Call Home message has no attachment '{AttachmentName}'; only licensing messages are served here.")
            : new CallHomeParse.Found(new CallHomeRequest(
                session.GetValueOrDefault("MessageId"),
                session.GetValueOrDefault("To"),
                session.GetValueOrDefault("From"),
                session.GetValueOrDefault("Type"),
                session.GetValueOrDefault("GroupId"),
                payload));
    }

    /// <summary>The text of the element that the reader stands on, up to its end tag; child elements count as a fault.</summary>
    private static string ReadText(XmlReader reader)
    {
        if (reader.IsEmptyElement)
        {
            return "";
        }

        var depth = reader.Depth;
        var text = new StringBuilder();
        while (reader.Read() && reader.Depth > depth)
        {
            if (reader.NodeType == XmlNodeType.Element)
            {
                throw new XmlException($"The element {Cut(reader.LocalName)} stands where a text is expected.");
            }

            text.Append(reader.Value);
        }

        return text.ToString();
    }

    private static byte[]? Decode(Attachment attachment)
    {
        if (attachment.Data is not { } data)
        {
            return null;
        }

        var trimmed = data.Trim();
        if (attachment.Encoding?.Contains("64", StringComparison.Ordinal) == true || !trimmed.StartsWith('{'))
        {
            var bytes = new byte[trimmed.Length];
            if (Convert.TryFromBase64String(trimmed, bytes, out var written))
            {
                return bytes[..written];
            }
        }

        return Encoding.UTF8.GetBytes(trimmed);
    }

    private static bool LooksLikeLicensing(byte[]? data)
    {
        if (data is null)
        {
            return false;
        }

        try
        {
            using var document = JsonFields.Parse(data);
            return document.RootElement.ValueKind == JsonValueKind.Object
                && document.RootElement.TryGetProperty("request", out _) && document.RootElement.TryGetProperty("signature", out _);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    /// <summary>A body that really is a form (<c>name=%3C...</c>, or bare <c>%3C...</c>) is decoded; most only claim to be one.</summary>
    private static ReadOnlyMemory<byte> FormDecoded(ReadOnlyMemory<byte> body)
    {
        var start = body.Span[..Math.Min(body.Length, 64)];
        var encoded = start.IndexOf("%3C"u8);
        if (encoded < 0)
        {
            encoded = start.IndexOf("%3c"u8);
        }

        return encoded < 0 || start.Contains((byte)'<')
            ? body
            : Encoding.UTF8.GetBytes(WebUtility.UrlDecode(Encoding.UTF8.GetString(body.Span[encoded..])));
    }

    private static string Cut(string text) => text.Length <= 255 ? text : text[..255];

    private static string FirstLine(string text) => Cut(text.Split('\n')[0].Trim());

    private sealed class Attachment
    {
        public string? Name { get; set; }

        public string? Encoding { get; set; }

        public string? Data { get; set; }
    }
}

/// <summary>What became of a Call Home body.</summary>
public abstract record CallHomeParse
{
    public sealed record Found(CallHomeRequest Request) : CallHomeParse;

    /// <summary>The reason is a sentence for an operator.</summary>
    public sealed record Unreadable(string Reason) : CallHomeParse;

    private CallHomeParse()
    {
    }
}

/// <summary>The licensing message with what its answer echoes.</summary>
/// <param name="Payload">The licensing JSON, UTF-8.</param>
public sealed record CallHomeRequest(string? MessageId, string? To, string? From, string? Type, string? GroupId, byte[] Payload);
