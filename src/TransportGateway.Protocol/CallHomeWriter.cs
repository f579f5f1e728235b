using System.Globalization;
using System.Text;
using System.Xml;

namespace TransportGateway.Protocol;

/// <summary>Writes Call Home answers and SOAP faults (1.5; inferred, in the observed style of requests).</summary>
public static class CallHomeWriter
{
    private const string Soap = "http://www.w3.org/2003/05/soap-envelope";
    private const string Session = "http://www.cisco.com/2004/01/aml-session";
    private const string Block = "http://www.cisco.com/2004/01/aml-block";
    private const string Appliance = "http://www.cisco.com/appliance/uri";
    private const string DefaultType = "http://www.cisco.com/2005/05/callhome/smart_licensing";

    private static readonly XmlWriterSettings Settings = new()
    {
        Encoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false),
        // What is echoed may hold what XML 1.0 forbids; it came in that way (1.2).
        CheckCharacters = false,
    };

    public static byte[] WriteResponse(CallHomeRequest request, ReadOnlySpan<byte> envelopeUtf8, DateTimeOffset now)
    {
        var json = Encoding.UTF8.GetString(envelopeUtf8);
        return Write(writer =>
        {
            writer.WriteStartElement("soap-env", "Envelope", Soap);
            writer.WriteStartElement("soap-env", "Header", Soap);
            writer.WriteStartElement("aml-session", "Session", Session);
            writer.WriteElementString("aml-session", "To", Session, request.From ?? Appliance);
            writer.WriteStartElement("aml-session", "Path", Session);
            writer.WriteElementString("aml-session", "Via", Session, Appliance);
            writer.WriteEndElement();
            writer.WriteElementString("aml-session", "From", Session, request.To ?? Appliance);
            writer.WriteElementString("aml-session", "MessageId", Session, AnswerId(request, now));
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteStartElement("soap-env", "Body", Soap);
            writer.WriteStartElement("aml-block", "Block", Block);
            writer.WriteStartElement("aml-block", "Header", Block);
            writer.WriteElementString("aml-block", "Type", Block, request.Type ?? DefaultType);
            writer.WriteElementString(
                "aml-block", "CreationDate", Block, now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'GMT+00:00'", CultureInfo.InvariantCulture));
            writer.WriteStartElement("aml-block", "Builder", Block);
            writer.WriteElementString("aml-block", "Name", Block, "TransportGateway");
            writer.WriteElementString("aml-block", "Version", Block, "2.0");
            writer.WriteEndElement();
            writer.WriteStartElement("aml-block", "BlockGroup", Block);
            writer.WriteElementString("aml-block", "GroupId", Block, request.GroupId ?? AnswerId(request, now));
            writer.WriteElementString("aml-block", "Number", Block, "0");
            writer.WriteElementString("aml-block", "IsLast", Block, "true");
            writer.WriteElementString("aml-block", "IsPrimary", Block, "true");
            writer.WriteElementString("aml-block", "WaitForPrimary", Block, "false");
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteStartElement("aml-block", "Attachments", Block);
            writer.WriteStartElement("aml-block", "Attachment", Block);
            writer.WriteAttributeString("type", "inline");
            writer.WriteElementString("aml-block", "Name", Block, CallHomeReader.AttachmentName);
            writer.WriteStartElement("aml-block", "Data", Block);
            writer.WriteAttributeString("encoding", "plain");
            WriteCData(writer, json);
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteEndElement();
            writer.WriteEndElement();
        });
    }

    /// <param name="code"><c>Sender</c> for a fault of the message, <c>Receiver</c> for one of ours.</param>
    /// <param name="reason">A sentence for an operator.</param>
    public static byte[] WriteFault(string code, string reason) => Write(writer =>
    {
        writer.WriteStartElement("soap-env", "Envelope", Soap);
        writer.WriteStartElement("soap-env", "Body", Soap);
        writer.WriteStartElement("soap-env", "Fault", Soap);
        writer.WriteStartElement("soap-env", "Code", Soap);
        writer.WriteElementString("soap-env", "Value", Soap, "soap-env:" + code);
        writer.WriteEndElement();
        writer.WriteStartElement("soap-env", "Reason", Soap);
        writer.WriteStartElement("soap-env", "Text", Soap);
        writer.WriteAttributeString("xml", "lang", ns: null, "en");
        writer.WriteString(reason);
        writer.WriteEndElement();
        writer.WriteEndElement();
        writer.WriteEndElement();
        writer.WriteEndElement();
        writer.WriteEndElement();
    });

    /// <summary>A CDATA section cannot hold its own end, so the text is split inside it (8.7.38).</summary>
    private static void WriteCData(XmlWriter writer, string text)
    {
        const string End = "]]>";
        for (var at = text.IndexOf(End, StringComparison.Ordinal); at >= 0; at = text.IndexOf(End, StringComparison.Ordinal))
        {
            writer.WriteCData(text[..(at + 2)]);
            text = text[(at + 2)..];
        }

        writer.WriteCData(text);
    }

    /// <remarks>The third part is the time as hexadecimal Unix seconds, as in the observed ids (1.3).</remarks>
    private static string AnswerId(CallHomeRequest request, DateTimeOffset now) =>
        $"TG:{request.MessageId?.Split(':')[0] ?? "0"}:{now.ToUnixTimeSeconds():X}";

    private static byte[] Write(Action<XmlWriter> content)
    {
        using var stream = new MemoryStream();
        using (var writer = XmlWriter.Create(stream, Settings))
        {
            content(writer);
        }

        return stream.ToArray();
    }
}
