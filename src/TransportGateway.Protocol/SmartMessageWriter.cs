using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>Writes an answer as three nested JSON levels, the mirror of a request.</summary>
public static class SmartMessageWriter
{
    /// <summary>The only signature type that is observed.</summary>
    public const string SignatureType = "SHA-256";

    /// <summary>Inferred: agents check a vendor, and their certificates have this organisation.</summary>
    private const string Vendor = "Cisco";

    /// <summary>Observed: how devices display the server that they talk to.</summary>
    private const string Name = "SSM";

    // The answer is never part of a web page, and each level of \u0022 would cost six characters more.
    private static readonly JsonWriterOptions Compact = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>Level 2 with level 3 inside: the text to sign, as UTF-8, and to keep for a product that asks again.</summary>
    public static string WriteResponse(DeviceResponse response)
    {
        var data = new ArrayBufferWriter<byte>(response.Data is RegistrationData ? 8192 : 1024);
        using (var json = new Utf8JsonWriter(data, Compact))
        {
            ResponseDataWriter.Write(json, response.Data);
        }

        var whole = new ArrayBufferWriter<byte>(data.WrittenCount + (data.WrittenCount / 4) + 1024);
        using (var json = new Utf8JsonWriter(whole, Compact))
        {
            json.WriteStartObject();
            WriteHeader(json, response);
            json.WriteString(WireNames.Status.Encoded, response.Status);
            json.WriteString(WireNames.MessageCode.Encoded, response.MessageCode);
            json.WriteString(WireNames.MessageText.Encoded, response.Message);
            json.WriteString(WireNames.Nonce.Encoded, response.Nonce);
            json.WriteString(WireNames.ResponseData.Encoded, data.WrittenSpan);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(whole.WrittenSpan);
    }

    /// <summary>Level 1, ready to be sent.</summary>
    public static byte[] WriteEnvelope(string response, ReadOnlySpan<byte> signature)
    {
        var envelope = new ArrayBufferWriter<byte>(response.Length + (response.Length / 4) + 1024);
        using (var json = new Utf8JsonWriter(envelope, Compact))
        {
            json.WriteStartObject();
            json.WriteStartObject(WireNames.Signature.Encoded);
            json.WriteString(WireNames.SignatureType.Encoded, SignatureType);
            json.WriteBase64String(WireNames.SignatureValue.Encoded, signature);
            json.WriteEndObject();
            json.WriteString(WireNames.Response.Encoded, response);
            json.WriteEndObject();
        }

        return envelope.WrittenSpan.ToArray();
    }

    private static void WriteHeader(Utf8JsonWriter json, DeviceResponse response)
    {
        json.WriteStartObject(WireNames.Header.Encoded);
        json.WriteString(WireNames.Version.Encoded, response.Version);
        json.WriteString(WireNames.Locale.Encoded, response.Locale);
        json.WriteNumber(WireNames.Timestamp.Encoded, response.Timestamp.ToUnixTimeMilliseconds());
        json.WriteString(WireNames.Nonce.Encoded, response.Nonce);
        json.WriteString(WireNames.RequestTypeName.Encoded, response.RequestType);
        json.WriteString(WireNames.ProductInstanceIdentifier.Encoded, response.ProductInstanceIdentifier);
        json.WriteString(WireNames.Vendor.Encoded, Vendor);
        json.WriteString(WireNames.SigningCertSerialNumber.Encoded, response.SigningCertSerialNumber);
        json.WriteStartObject(WireNames.ConnectInfo.Encoded);
        json.WriteString(WireNames.ConnectName.Encoded, Name);
        json.WriteString(WireNames.ConnectVersion.Encoded, ProtocolVersion.Ours);
        json.WriteString(WireNames.ConnectAdditional.Encoded, string.Empty);
        json.WriteBoolean(WireNames.ConnectProd.Encoded, false);
        json.WriteStartArray(WireNames.Capabilities.Encoded);
        foreach (var capability in response.Capabilities)
        {
            json.WriteStringValue(capability);
        }

        json.WriteEndArray();
        json.WriteEndObject();
        json.WriteNull(WireNames.AgentActions.Encoded);
        json.WriteEndObject();
    }
}
