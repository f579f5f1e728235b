using System.Text;
using System.Xml;
using System.Xml.Linq;

namespace TransportGateway.Simulators.Wire;

/// <summary>Takes the licensing answer, or the fault, out of a Call Home answer.</summary>
internal static class CallHomeReply
{
    private static readonly XNamespace Soap = "http://www.w3.org/2003/05/soap-envelope";
    private static readonly XNamespace Block = "http://www.cisco.com/2004/01/aml-block";

    /// <summary>The text of the first attachment that carries licensing data.</summary>
    public static string Unwrap(byte[] body)
    {
        var data = Body(body).Element(Block + "Block")?.Element(Block + "Attachments")?.Elements(Block + "Attachment")
            .FirstOrDefault(attachment => attachment.Element(Block + "Name")?.Value.Trim() == CallHomeEnvelope.AttachmentName)
            ?.Element(Block + "Data");
        if (data is null)
        {
            throw new UnverifiableReplyException(
                VerificationStep.Json, $"the Call Home answer has no attachment named {CallHomeEnvelope.AttachmentName}");
        }

        if ((string?)data.Attribute("encoding") != "base64")
        {
            return data.Value;
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(data.Value.Trim()));
        }
        catch (FormatException)
        {
            throw new UnverifiableReplyException(VerificationStep.Json, "the attachment says it is base64 and is not");
        }
    }

    /// <summary>The reason of a SOAP fault, or null when the body is not one.</summary>
    public static string? FaultReason(byte[] body)
    {
        try
        {
            return Body(body).Element(Soap + "Fault")?.Element(Soap + "Reason")?.Element(Soap + "Text")?.Value.Trim();
        }
        catch (UnverifiableReplyException)
        {
            return null;
        }
    }

    private static XElement Body(byte[] body)
    {
        try
        {
            using var reader = XmlReader.Create(
                new MemoryStream(body), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit, XmlResolver = null });
            return XDocument.Load(reader).Root is { } root && root.Name == Soap + "Envelope" && root.Element(Soap + "Body") is { } soapBody
                ? soapBody
                : throw new UnverifiableReplyException(VerificationStep.Json, "the Call Home answer is not a SOAP 1.2 envelope with a body");
        }
        catch (XmlException error)
        {
            throw new UnverifiableReplyException(VerificationStep.Json, $"the Call Home answer is not XML: {error.Message}");
        }
    }
}
