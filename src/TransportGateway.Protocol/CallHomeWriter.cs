using System.Buffers;
using System.Globalization;
using System.Text;

namespace TransportGateway.Protocol;

/// <summary>
/// Writes the answers on Call Home. No answer is public, so it mirrors the observed request: the session with the parties exchanged, the block
/// with the group of the request, the licensing answer as an inline attachment.
/// </summary>
public static class CallHomeWriter
{
    private static ReadOnlySpan<byte> EndOfSection => "]]>"u8;

    public static byte[] WriteResponse(CallHomeRequest request, ReadOnlySpan<byte> envelopeUtf8, DateTimeOffset now)
    {
        var xml = new ArrayBufferWriter<byte>(envelopeUtf8.Length + 2048);
        xml.Write("""<?xml version="1.0" encoding="UTF-8"?>"""u8);
        Open(xml, $"soap-env:Envelope xmlns:soap-env=\"{AmlNames.Soap}\"");
        WriteSession(xml, request, now);
        Open(xml, "soap-env:Body");
        Open(xml, $"aml-block:Block xmlns:aml-block=\"{AmlNames.BlockNamespace}\"");
        WriteBlockHeader(xml, request, now);
        Open(xml, "aml-block:Attachments");
        Open(xml, "aml-block:Attachment type=\"inline\"");
        Element(xml, "aml-block:Name", AmlNames.LicensingAttachment);
        Open(xml, "aml-block:Data encoding=\"plain\"");
        WriteCdata(xml, envelopeUtf8);
        xml.Write("""
            </aml-block:Data></aml-block:Attachment></aml-block:Attachments></aml-block:Block></soap-env:Body></soap-env:Envelope>
            """u8);
        return xml.WrittenSpan.ToArray();
    }

    /// <summary>An error below the licensing layer; those of licensing are answered with status FAILED instead.</summary>
    /// <param name="code">Sender or Receiver.</param>
    public static byte[] WriteFault(string code, string reason)
    {
        var xml = new ArrayBufferWriter<byte>(1024);
        xml.Write("""<?xml version="1.0" encoding="UTF-8"?>"""u8);
        Open(xml, $"soap-env:Envelope xmlns:soap-env=\"{AmlNames.Soap}\"");
        xml.Write("<soap-env:Body><soap-env:Fault><soap-env:Code>"u8);
        Element(xml, "soap-env:Value", $"soap-env:{code}");
        xml.Write("""</soap-env:Code><soap-env:Reason><soap-env:Text xml:lang="en">"""u8);
        WriteText(xml, reason);
        xml.Write("</soap-env:Text></soap-env:Reason></soap-env:Fault></soap-env:Body></soap-env:Envelope>"u8);
        return xml.WrittenSpan.ToArray();
    }

    private static void WriteSession(ArrayBufferWriter<byte> xml, CallHomeRequest request, DateTimeOffset now)
    {
        Open(xml, "soap-env:Header");
        Open(
            xml,
            $"aml-session:Session xmlns:aml-session=\"{AmlNames.SessionNamespace}\" soap-env:mustUnderstand=\"true\" soap-env:role=\"{AmlNames.NextRole}\"");
        Element(xml, "aml-session:To", request.From);
        Element(xml, "aml-session:From", request.To);
        Element(xml, "aml-session:MessageId", MessageId(request, now));
        xml.Write("</aml-session:Session></soap-env:Header>"u8);
    }

    private static void WriteBlockHeader(ArrayBufferWriter<byte> xml, CallHomeRequest request, DateTimeOffset now)
    {
        Open(xml, "aml-block:Header");
        Element(xml, "aml-block:Type", request.Type ?? AmlNames.LicensingType);
        Element(
            xml, "aml-block:CreationDate", now.UtcDateTime.ToString("yyyy-MM-dd HH:mm:ss 'GMT+00:00'", CultureInfo.InvariantCulture));
        xml.Write("<aml-block:Builder><aml-block:Name>SSM</aml-block:Name><aml-block:Version>1.0</aml-block:Version></aml-block:Builder>"u8);
        Open(xml, "aml-block:BlockGroup");
        Element(xml, "aml-block:GroupId", request.GroupId);
        Element(xml, "aml-block:Number", request.GroupNumber ?? "0");
        xml.Write("<aml-block:IsLast>true</aml-block:IsLast><aml-block:IsPrimary>true</aml-block:IsPrimary>"u8);
        xml.Write("<aml-block:WaitForPrimary>false</aml-block:WaitForPrimary></aml-block:BlockGroup>"u8);
        Element(xml, "aml-block:Severity", request.Severity ?? "0");
        xml.Write("</aml-block:Header>"u8);
    }

    /// <summary>In the observed form: sender, serial number of the device, Unix seconds in hexadecimal.</summary>
    private static string MessageId(CallHomeRequest request, DateTimeOffset now)
    {
        var serialNumber = request.MessageId?.Split(':') is [_, var middle, _] ? middle : string.Empty;
        return string.Create(CultureInfo.InvariantCulture, $"SSM:{serialNumber}:{now.ToUnixTimeSeconds():X8}");
    }

    private static void WriteCdata(ArrayBufferWriter<byte> xml, ReadOnlySpan<byte> data)
    {
        xml.Write("<![CDATA["u8);
        int end;
        while ((end = data.IndexOf(EndOfSection)) >= 0)
        {
            xml.Write(data[..(end + 2)]);
            xml.Write("]]><![CDATA["u8);
            data = data[(end + 2)..];
        }

        xml.Write(data);
        xml.Write("]]>"u8);
    }

    private static void Open(ArrayBufferWriter<byte> xml, string tag)
    {
        xml.Write("<"u8);
        Encoding.UTF8.GetBytes(tag, xml);
        xml.Write(">"u8);
    }

    private static void Element(ArrayBufferWriter<byte> xml, string tag, string? text)
    {
        Open(xml, tag);
        WriteText(xml, text ?? string.Empty);
        xml.Write("</"u8);
        Encoding.UTF8.GetBytes(tag, xml);
        xml.Write(">"u8);
    }

    /// <summary>Leaves out what XML 1.0 cannot hold: a request may have carried it in as a character reference.</summary>
    private static void WriteText(ArrayBufferWriter<byte> xml, string text)
    {
        foreach (var rune in text.EnumerateRunes())
        {
            switch (rune.Value)
            {
                case '<':
                    xml.Write("&lt;"u8);
                    break;
                case '>':
                    xml.Write("&gt;"u8);
                    break;
                case '&':
                    xml.Write("&amp;"u8);
                    break;
                case '\r':
                    xml.Write("&#xD;"u8);
                    break;
                case (< ' ' and not ('\t' or '\n')) or 0xFFFE or 0xFFFF:
                    break;
                default:
                    xml.Advance(rune.EncodeToUtf8(xml.GetSpan(4)));
                    break;
            }
        }
    }
}
