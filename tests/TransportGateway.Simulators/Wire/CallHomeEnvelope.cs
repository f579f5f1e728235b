using System.Globalization;
using System.Text;
using System.Xml;

namespace TransportGateway.Simulators.Wire;

/// <summary>The SOAP 1.2 / AML message that carries a licensing message as its attachment, as devices write it.</summary>
internal static class CallHomeEnvelope
{
    public const string AttachmentName = "smart_licensing_data";

    private const string Soap = "http://www.w3.org/2003/05/soap-envelope";
    private const string Session = "http://www.cisco.com/2004/01/aml-session";
    private const string Block = "http://www.cisco.com/2004/01/aml-block";
    private const string CallHome = "http://www.cisco.com/2005/05/callhome";
    private const string Rme = "http://www.cisco.com/rme/4.0";

    /// <summary>The kind is invented in the observed style: which one licensing messages carry is not public.</summary>
    private const string Kind = CallHome + "/smart_licensing";

    /// <summary>The same message, product and style always give the same bytes.</summary>
    public static byte[] Wrap(SealedMessage message, ProductDefinition product, CallHomeStyle style)
    {
        var serial = product.Sudi.UdiSerialNumber;
        var at = message.ComposedAt.ToUniversalTime();
        var hexTime = at.ToUnixTimeSeconds().ToString("X8", CultureInfo.InvariantCulture);
        using var bytes = new MemoryStream();
        using (var xml = XmlWriter.Create(bytes, new XmlWriterSettings
        {
            Encoding = new UTF8Encoding(style.ByteOrderMark),
            Indent = style.Indented,
            CheckCharacters = false,
        }))
        {
            xml.WriteStartDocument();
            xml.WriteStartElement("soap-env", "Envelope", Soap);
            WriteSession(xml, $"M8:{serial}:{hexTime}");
            xml.WriteStartElement("Body", Soap);
            xml.WriteStartElement("aml-block", "Block", Block);
            WriteBlockHeader(xml, product, at, $"G9:{serial}:{hexTime}");
            WriteContent(xml, product, at, style);
            WriteAttachment(xml, message.Json, style);
            xml.WriteEndDocument();
        }

        return bytes.ToArray();
    }

    private static void WriteSession(XmlWriter xml, string messageId)
    {
        xml.WriteStartElement("Header", Soap);
        xml.WriteStartElement("aml-session", "Session", Session);
        xml.WriteAttributeString("mustUnderstand", Soap, "true");
        xml.WriteAttributeString("role", Soap, Soap + "/role/next");
        xml.WriteElementString("To", Session, "http://tools.cisco.com/neddce/services/DDCEService");
        xml.WriteStartElement("Path", Session);
        xml.WriteElementString("Via", Session, "http://www.cisco.com/appliance/uri");
        xml.WriteEndElement();
        xml.WriteElementString("From", Session, "http://www.cisco.com/appliance/uri");
        xml.WriteElementString("MessageId", Session, messageId);
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteBlockHeader(XmlWriter xml, ProductDefinition product, DateTimeOffset at, string groupId)
    {
        xml.WriteStartElement("Header", Block);
        xml.WriteElementString("Type", Block, Kind);
        xml.WriteElementString("CreationDate", Block, at.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " GMT+00:00");
        xml.WriteStartElement("Builder", Block);
        xml.WriteElementString("Name", Block, product.Profile.UdiPid);
        xml.WriteElementString("Version", Block, "2.0");
        xml.WriteEndElement();
        xml.WriteStartElement("BlockGroup", Block);
        xml.WriteElementString("GroupId", Block, groupId);
        xml.WriteElementString("Number", Block, "0");
        xml.WriteElementString("IsLast", Block, "true");
        xml.WriteElementString("IsPrimary", Block, "true");
        xml.WriteElementString("WaitForPrimary", Block, "false");
        xml.WriteEndElement();
        xml.WriteElementString("Severity", Block, "2");
        xml.WriteEndElement();
    }

    private static void WriteContent(XmlWriter xml, ProductDefinition product, DateTimeOffset at, CallHomeStyle style)
    {
        var udi = product.Sudi;
        xml.WriteStartElement("Content", Block);
        xml.WriteStartElement("ch", "CallHome", CallHome);
        xml.WriteAttributeString("version", "1.0");
        xml.WriteElementString("EventTime", CallHome, at.ToString("yyyy-MM-dd HH:mm:ss", CultureInfo.InvariantCulture) + " GMT+00:00");
        xml.WriteStartElement("MessageDescription", CallHome);
        xml.WriteString("Smart licensing message");
        if (style.IllegalCharacterReferences)
        {
            xml.WriteRaw("&#x1;&#x1B;");
        }

        xml.WriteEndElement();
        xml.WriteStartElement("Event", CallHome);
        xml.WriteElementString("Type", CallHome, "smart_licensing");
        xml.WriteElementString("SubType", CallHome, "smart_licensing");
        xml.WriteElementString("Brand", CallHome, "Cisco");
        xml.WriteElementString("Series", CallHome, product.Profile.Name);
        xml.WriteEndElement();
        xml.WriteStartElement("CustomerData", CallHome);
        xml.WriteStartElement("UserData", CallHome);
        xml.WriteElementString("Email", CallHome, "sch-smart-licensing@cisco.com");
        xml.WriteEndElement();
        xml.WriteStartElement("ContractData", CallHome);
        xml.WriteElementString("DeviceId", CallHome, $"{udi.UdiPid}@C@{udi.UdiSerialNumber}");
        xml.WriteEndElement();
        xml.WriteStartElement("SystemInfo", CallHome);
        xml.WriteElementString("Name", CallHome, product.HostName ?? "");
        xml.WriteElementString("Contact", CallHome, "");
        xml.WriteElementString("ContactEmail", CallHome, "sch-smart-licensing@cisco.com");
        xml.WriteElementString("ContactPhoneNumber", CallHome, "");
        xml.WriteElementString("StreetAddress", CallHome, "");
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteStartElement("Device", CallHome);
        xml.WriteStartElement("rme", "Chassis", Rme);
        xml.WriteElementString("Model", Rme, udi.UdiPid);
        xml.WriteElementString("HardwareVersion", Rme, udi.UdiVid ?? "");
        xml.WriteElementString("SerialNumber", Rme, udi.UdiSerialNumber);
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    private static void WriteAttachment(XmlWriter xml, string json, CallHomeStyle style)
    {
        xml.WriteStartElement("Attachments", Block);
        xml.WriteStartElement("Attachment", Block);
        xml.WriteAttributeString("type", "inline");
        xml.WriteElementString("Name", Block, AttachmentName);
        xml.WriteStartElement("Data", Block);
        xml.WriteAttributeString("encoding", style.Base64 ? "base64" : "plain");
        if (style.Base64)
        {
            xml.WriteString(Convert.ToBase64String(Encoding.UTF8.GetBytes(json)));
        }
        else
        {
            WriteCData(xml, json);
        }

        xml.WriteEndElement();
        xml.WriteEndElement();
        xml.WriteEndElement();
    }

    /// <summary>A CDATA section ends at the first <c>]]&gt;</c>, so a text that holds one goes into two sections.</summary>
    private static void WriteCData(XmlWriter xml, string text)
    {
        var from = 0;
        for (var end = text.IndexOf("]]>", StringComparison.Ordinal); end >= 0; end = text.IndexOf("]]>", from, StringComparison.Ordinal))
        {
            xml.WriteCData(text[from..(end + 2)]);
            from = end + 2;
        }

        xml.WriteCData(text[from..]);
    }
}
