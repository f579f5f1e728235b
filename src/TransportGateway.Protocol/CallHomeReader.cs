using System.Net;
using System.Runtime.InteropServices;
using System.Text;
using System.Xml;

namespace TransportGateway.Protocol;

/// <summary>
/// Takes the licensing message out of a Call Home message. Lenient where devices are known to be loose (content type, illegal character
/// references, mustUnderstand, foreign addressee), strict where leniency is a hole: no document type, hence no entities.
/// </summary>
public static class CallHomeReader
{
    private const int MaxEchoedLength = 1024;

    private static readonly XmlReaderSettings Settings = new()
    {
        DtdProcessing = DtdProcessing.Prohibit,
        XmlResolver = null,
        // Devices write &#x1; and the like, which XML 1.0 does not allow (observed).
        CheckCharacters = false,
        IgnoreComments = true,
        IgnoreProcessingInstructions = true,
        IgnoreWhitespace = true,
        CloseInput = false,
    };

    private static ReadOnlySpan<byte> EncodedLessThan => "%3C"u8;

    /// <summary>Reads a Call Home message. Does not throw, whatever the bytes are.</summary>
    public static CallHomeParse Read(ReadOnlyMemory<byte> body)
    {
        body = body[(body.Length - body.Span.TrimStart(" \t\r\n"u8).Length)..];
        if (body.IsEmpty)
        {
            return new CallHomeParse.Unreadable("The message is empty.");
        }

        if (body.Span[0] == (byte)'{')
        {
            return new CallHomeParse.Unreadable(
                "The message is JSON, but a SOAP envelope is expected at this address. Use the address for Smart Transport, /SmartTransport.");
        }

        var document = FormValue(body) ?? body;
        try
        {
            return new Scan().Read(document);
        }
        catch (XmlException exception)
        {
            return new CallHomeParse.Unreadable(
                document.Span.IndexOf("<!DOCTYPE"u8) >= 0
                    ? "The message has a document type declaration, which is refused."
                    : $"The message is not readable as XML (line {exception.LineNumber}, position {exception.LinePosition}).");
        }
        catch (ArgumentOutOfRangeException)
        {
            // What .NET's reader throws at a declaration that is not ASCII, in place of an XmlException (dotnet/runtime#113061).
            return new CallHomeParse.Unreadable("The message is not readable as XML (in its XML declaration).");
        }
    }

    /// <summary>
    /// The XML of a body that really is form-encoded (xml=%3C...). Most bodies that are called a form by their content type are bare XML.
    /// </summary>
    private static ReadOnlyMemory<byte>? FormValue(ReadOnlyMemory<byte> body)
    {
        var span = body.Span;
        var equals = span[..Math.Min(span.Length, 64)].IndexOf((byte)'=');
        var start = StartsWithEncodedLessThan(span) ? 0 : equals + 1;
        if (span[0] == (byte)'<' || !StartsWithEncodedLessThan(span[start..]))
        {
            return null;
        }

        var value = span[start..];
        var end = value.IndexOf((byte)'&');
        var encoded = (end < 0 ? value : value[..end]).ToArray();
        return WebUtility.UrlDecodeToBytes(encoded, 0, encoded.Length);
    }

    private static bool StartsWithEncodedLessThan(ReadOnlySpan<byte> span) =>
        span.Length >= EncodedLessThan.Length && Ascii.EqualsIgnoreCase(span[..EncodedLessThan.Length], EncodedLessThan);

    /// <summary>One pass over a document. Elements are told by local name and parent, since only the names are sure to be the same on all products.</summary>
    private sealed class Scan
    {
        private readonly string[] names = new string[WireLimits.XmlDepth];
        private readonly List<CallHomeAttachment> attachments = [];
        private string? messageId;
        private string? to;
        private string? from;
        private string? type;
        private string? groupId;
        private string? groupNumber;
        private string? severity;
        private bool tooDeep;

        public CallHomeParse Read(ReadOnlyMemory<byte> document)
        {
            using var stream = MemoryMarshal.TryGetArray(document, out var array)
                ? new MemoryStream(array.Array!, array.Offset, array.Count, writable: false)
                : new MemoryStream(document.ToArray(), writable: false);
            using var xml = XmlReader.Create(stream, Settings);
            while (xml.Read())
            {
                if (xml.NodeType != XmlNodeType.Element)
                {
                    continue;
                }

                tooDeep |= xml.Depth >= WireLimits.XmlDepth;
                if (!tooDeep)
                {
                    names[xml.Depth] = xml.LocalName;
                    ReadElement(xml);
                }

                if (tooDeep)
                {
                    return new CallHomeParse.Unreadable($"The message is nested deeper than {WireLimits.XmlDepth} elements.");
                }

                if (attachments.Count > WireLimits.Attachments)
                {
                    return new CallHomeParse.Unreadable($"The message has more than {WireLimits.Attachments} attachments.");
                }
            }

            return CallHomeAttachment.Select(attachments) is { } found
                ? new CallHomeParse.Found(new CallHomeRequest(
                    messageId, to, from, type, groupId, groupNumber, severity, found.Payload, found.Attachment.Name))
                : new CallHomeParse.Unreadable(
                    $"The Call Home message has no attachment with a licensing message (it is called {AmlNames.LicensingAttachment}).");
        }

        private void ReadElement(XmlReader xml)
        {
            switch (xml.Depth > 0 ? names[xml.Depth - 1] : string.Empty, xml.LocalName)
            {
                case (AmlNames.Session, AmlNames.To):
                    to ??= EchoedText(xml);
                    break;
                case (AmlNames.Session, AmlNames.From):
                    from ??= EchoedText(xml);
                    break;
                case (AmlNames.Session, AmlNames.MessageId):
                    messageId ??= EchoedText(xml);
                    break;
                case (AmlNames.Header, AmlNames.Type):
                    type ??= EchoedText(xml);
                    break;
                case (AmlNames.Header, AmlNames.Severity):
                    severity ??= EchoedText(xml);
                    break;
                case (AmlNames.BlockGroup, AmlNames.GroupId):
                    groupId ??= EchoedText(xml);
                    break;
                case (AmlNames.BlockGroup, AmlNames.Number):
                    groupNumber ??= EchoedText(xml);
                    break;
                case (_, AmlNames.Attachment):
                    attachments.Add(new CallHomeAttachment());
                    break;
                case (AmlNames.Attachment, AmlNames.AttachmentName) when attachments is [.., { Name: null } attachment]:
                    attachment.Name = Text(xml).Trim();
                    break;
                case (AmlNames.Attachment, AmlNames.AttachmentData) when attachments is [.., { Data: null } attachment]:
                    attachment.Data = Text(xml);
                    break;
                default:
                    break;
            }
        }

        private string? EchoedText(XmlReader xml)
        {
            var text = Text(xml).Trim();
            return text.Length is > 0 and <= MaxEchoedLength ? text : null;
        }

        /// <summary>The text and CDATA sections of an element; whatever elements it holds are passed over. Ends on the end of the element.</summary>
        private string Text(XmlReader xml)
        {
            if (xml.IsEmptyElement)
            {
                return string.Empty;
            }

            var depth = xml.Depth;
            string? first = null;
            StringBuilder? rest = null;
            while (xml.Read() && xml.Depth > depth)
            {
                if (xml.Depth >= WireLimits.XmlDepth)
                {
                    tooDeep = true;
                    break;
                }

                if (xml.Depth != depth + 1
                    || xml.NodeType is not (XmlNodeType.Text or XmlNodeType.CDATA or XmlNodeType.SignificantWhitespace or XmlNodeType.Whitespace))
                {
                    continue;
                }

                if (first is null)
                {
                    first = xml.Value;
                }
                else
                {
                    (rest ??= new StringBuilder(first)).Append(xml.Value);
                }
            }

            return rest?.ToString() ?? first ?? string.Empty;
        }
    }
}
