using System.Buffers;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>Writes answers: the mirror of the request's three levels (8.4, 8.5; inferred). Unused keys are explicit nulls.</summary>
public static class SmartMessageWriter
{
    private const string Vendor = "Cisco";

    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Level 2 with level 3 inside: the text that is signed and, for a repeated request, sent again to the byte.</summary>
    public static string WriteResponse(DeviceResponse response)
    {
        var data = response.Data is null ? "{}" : Write(writer => WriteData(writer, response.Data));
        return Write(writer =>
        {
            writer.WriteStartObject();
            writer.WriteStartObject("header");
            writer.WriteString("version", response.Version);
            writer.WriteString("locale", response.Locale);
            writer.WriteNumber("timestamp", response.Timestamp.ToUnixTimeMilliseconds());
            writer.WriteString("nonce", response.Nonce);
            writer.WriteString("request_type", response.RequestType);
            writer.WriteNull("agent_actions");
            WriteConnectInfo(writer);
            writer.WriteString("product_instance_identifier", response.ProductInstanceIdentifier);
            writer.WriteString("signing_cert_serial_number", response.SigningCertSerialNumber);
            writer.WriteString("vendor", Vendor);
            writer.WriteEndObject();
            writer.WriteString("status", response.Status);
            writer.WriteString("message_code", response.MessageCode);
            writer.WriteString("message", response.Message);
            writer.WriteString("nonce", response.Nonce);
            writer.WriteString("response_data", data);
            writer.WriteEndObject();
        });
    }

    /// <summary>Level 1, as UTF-8.</summary>
    public static byte[] WriteEnvelope(string response, ReadOnlySpan<byte> signature)
    {
        var buffer = new ArrayBufferWriter<byte>((response.Length * 5 / 4) + 512);
        using var writer = new Utf8JsonWriter(buffer, Options);
        writer.WriteStartObject();
        writer.WriteStartObject("signature");
        writer.WriteString("type", "SHA-256");
        writer.WriteBase64String("value", signature);
        writer.WriteEndObject();
        writer.WriteString("response", response);
        writer.WriteEndObject();
        writer.Flush();
        return buffer.WrittenSpan.ToArray();
    }

    private static string Write(Action<Utf8JsonWriter> content)
    {
        var buffer = new ArrayBufferWriter<byte>(2048);
        using var writer = new Utf8JsonWriter(buffer, Options);
        content(writer);
        writer.Flush();
        return Encoding.UTF8.GetString(buffer.WrittenSpan);
    }

    /// <summary>What a product stores about its server (2.5). Not a production root, and only what is implemented (8.7.12).</summary>
    private static void WriteConnectInfo(Utf8JsonWriter writer)
    {
        writer.WriteStartObject("connect_info");
        writer.WriteString("name", "SSM");
        writer.WriteString("version", ProtocolVersion.Ours);
        writer.WriteString("additional", "");
        writer.WriteBoolean("prod", value: false);
        writer.WriteStartArray("capabilities");
        writer.WriteEndArray();
        writer.WriteEndObject();
    }

    private static void WriteData(Utf8JsonWriter writer, ResponseData data)
    {
        writer.WriteStartObject();
        switch (data)
        {
            case RegistrationData registration:
                WriteRegistration(writer, registration);
                break;
            case AuthorizationData authorization:
                WriteAuthorization(writer, authorization);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(data), data.GetType().Name, "No way to write this answer.");
        }

        writer.WriteEndObject();
    }

    private static void WriteRegistration(Utf8JsonWriter writer, RegistrationData data)
    {
        writer.WriteString("product_instance_identifier", data.ProductInstanceIdentifier);
        writer.WriteString("product_instance_name", data.ProductInstanceName);
        writer.WriteString("id_cert", data.IdCertPem);
        writer.WriteString("id_cert_serial_number", data.IdCertSerialNumber);
        writer.WriteString("signing_cert", data.SigningCertPem);
        writer.WriteString("signing_cert_serial_number", data.SigningCertSerialNumber);
        writer.WriteString("sub_ca_cert", data.SubCaPem);
        writer.WriteStartArray("cert_chain");
        writer.WriteStringValue(data.SubCaPem);
        writer.WriteStringValue(data.RootPem);
        writer.WriteEndArray();
        writer.WriteString("smart_account", data.SmartAccount);
        writer.WriteString("virtual_account", data.VirtualAccount);
        writer.WriteBoolean("export_control_allowed", data.ExportControlAllowed);
        WriteInstant(writer, "registered_at", data.RegisteredAt);
        WriteInstant(writer, "renew_at", data.RenewAt);
        WriteInstant(writer, "expires_at", data.ExpiresAt);
    }

    private static void WriteAuthorization(Utf8JsonWriter writer, AuthorizationData data)
    {
        writer.WriteString("overall_status", data.OverallStatus);
        WriteOptional(writer, "entitlement_version", data.EntitlementVersion);
        writer.WriteStartArray("entitlements");
        foreach (var entitlement in data.Entitlements)
        {
            writer.WriteStartObject();
            writer.WriteString("tag", entitlement.Tag);
            writer.WriteString("version", entitlement.Version);
            writer.WriteString("status", entitlement.Status);
            writer.WriteNumber("count", entitlement.Count);
            writer.WriteString("display_name", entitlement.DisplayName);
            writer.WriteString("description", entitlement.Description);
            writer.WriteNull("license_type");
            writer.WriteNull("enforcement_type");
            writer.WriteNull("export_status");
            writer.WriteNull("start_date");
            writer.WriteNull("end_date");
            writer.WriteNull("subscription_id");
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
        writer.WriteBoolean("export_control_allowed", data.ExportControlAllowed);
        writer.WriteString("smart_account", data.SmartAccount);
        writer.WriteString("virtual_account", data.VirtualAccount);
        writer.WriteNumber("renew_interval_days", data.RenewIntervalDays);
        writer.WriteNumber("expire_interval_days", data.ExpireIntervalDays);
        WriteInstant(writer, "next_communication", data.NextCommunication);
        WriteInstant(writer, "communication_deadline", data.CommunicationDeadline);
    }

    private static void WriteInstant(Utf8JsonWriter writer, string name, DateTimeOffset value) => writer.WriteNumber(name, value.ToUnixTimeMilliseconds());

    private static void WriteOptional(Utf8JsonWriter writer, string name, int? value)
    {
        if (value is { } number)
        {
            writer.WriteNumber(name, number);
        }
        else
        {
            writer.WriteNull(name);
        }
    }
}
