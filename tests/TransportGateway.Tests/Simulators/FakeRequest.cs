using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using System.Xml.Linq;

namespace TransportGateway.Tests.Simulators;

/// <summary>A message as it arrived, opened level by level.</summary>
internal sealed class FakeRequest
{
    private static readonly XNamespace Block = "http://www.cisco.com/2004/01/aml-block";

    public FakeRequest(byte[] body, string? contentType)
    {
        Body = body;
        ContentType = contentType;
        var text = Encoding.UTF8.GetString(body);
        IsCallHome = text.StartsWith('<');
        LicensingText = IsCallHome ? Attachment(text) : text;
        Envelope = JsonNode.Parse(LicensingText)!.AsObject();
        RequestText = (string)Envelope["request"]!;
        Request = JsonNode.Parse(RequestText)!.AsObject();
        Header = Request["header"]!.AsObject();
        Data = JsonNode.Parse((string)Request["request_data"]!)!.AsObject();
    }

    public byte[] Body { get; }

    public string? ContentType { get; }

    public bool IsCallHome { get; }

    public string LicensingText { get; }

    public JsonObject Envelope { get; }

    public string RequestText { get; }

    public JsonObject Request { get; }

    public JsonObject Header { get; }

    public JsonObject Data { get; }

    public string RequestType => (string)Header["request_type"]!;

    public string Nonce => (string)Header["nonce"]!;

    public PublicKey? SigningRequestKey => (string?)Data["csr"] is not { } csr ? null
        : (csr.StartsWith('-')
            ? CertificateRequest.LoadSigningRequestPem(csr, HashAlgorithmName.SHA256)
            : CertificateRequest.LoadSigningRequest(Convert.FromBase64String(csr), HashAlgorithmName.SHA256)).PublicKey;

    public bool IsSignedBy(PublicKey key)
    {
        using var rsa = key.GetRSAPublicKey()!;
        return rsa.VerifyData(
            Encoding.UTF8.GetBytes(RequestText),
            Convert.FromBase64String((string)Envelope["signature"]!["value"]!),
            HashAlgorithmName.SHA256,
            RSASignaturePadding.Pkcs1);
    }

    private static string Attachment(string text)
    {
        var data = XDocument.Parse(text).Descendants(Block + "Data").Single();
        return (string?)data.Attribute("encoding") == "base64" ? Encoding.UTF8.GetString(Convert.FromBase64String(data.Value)) : data.Value;
    }
}
