using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>Writes level 3 of an answer. Instants are Unix milliseconds, and what is not known is an explicit null.</summary>
internal static class ResponseDataWriter
{
    public static void Write(Utf8JsonWriter json, ResponseData? data)
    {
        json.WriteStartObject();
        switch (data)
        {
            case null:
                break;
            case RegistrationData registration:
                Write(json, registration);
                break;
            case AuthorizationData authorization:
                Write(json, authorization);
                break;
            default:
                throw new InvalidOperationException($"There is no way to write a {data.GetType().Name}.");
        }

        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, RegistrationData data)
    {
        json.WriteString(WireNames.ProductInstanceIdentifier.Encoded, data.ProductInstanceIdentifier);
        json.WriteString(WireNames.ProductInstanceName.Encoded, data.ProductInstanceName);
        json.WriteString(WireNames.IdCert.Encoded, data.IdCertPem);
        json.WriteString(WireNames.SigningCert.Encoded, data.SigningCertPem);
        json.WriteString(WireNames.SubCaCert.Encoded, data.SubCaCertPem);
        json.WriteStartArray(WireNames.CertChain.Encoded);
        foreach (var certificate in data.CertChainPem)
        {
            json.WriteStringValue(certificate);
        }

        json.WriteEndArray();
        json.WriteString(WireNames.IdCertSerialNumber.Encoded, data.IdCertSerialNumber);
        json.WriteString(WireNames.SigningCertSerialNumber.Encoded, data.SigningCertSerialNumber);
        json.WriteString(WireNames.SmartAccount.Encoded, data.SmartAccount);
        json.WriteString(WireNames.VirtualAccount.Encoded, data.VirtualAccount);
        json.WriteBoolean(WireNames.ExportControlAllowed.Encoded, data.ExportControlAllowed);
        json.WriteNumber(WireNames.RegisteredAt.Encoded, data.RegisteredAt.ToUnixTimeMilliseconds());
        json.WriteNumber(WireNames.RenewAt.Encoded, data.RenewAt.ToUnixTimeMilliseconds());
        json.WriteNumber(WireNames.ExpiresAt.Encoded, data.ExpiresAt.ToUnixTimeMilliseconds());
    }

    private static void Write(Utf8JsonWriter json, AuthorizationData data)
    {
        json.WriteString(WireNames.OverallStatus.Encoded, data.OverallStatus);
        WriteNumberOrNull(json, WireNames.EntitlementVersion, data.EntitlementVersion);
        json.WriteStartArray(WireNames.Entitlements.Encoded);
        foreach (var entitlement in data.Entitlements)
        {
            json.WriteStartObject();
            json.WriteString(WireNames.Tag.Encoded, entitlement.Tag);
            json.WriteString(WireNames.EntitlementStatus.Encoded, entitlement.Status);
            json.WriteNumber(WireNames.Count.Encoded, entitlement.Count);
            json.WriteString(WireNames.DisplayName.Encoded, entitlement.DisplayName);
            json.WriteString(WireNames.Description.Encoded, entitlement.Description);
            json.WriteString(WireNames.LicenseType.Encoded, entitlement.LicenseType);
            json.WriteString(WireNames.EnforcementType.Encoded, entitlement.EnforcementType);
            json.WriteString(WireNames.ExportStatus.Encoded, entitlement.ExportStatus);
            WriteNumberOrNull(json, WireNames.StartDate, entitlement.StartDate?.ToUnixTimeMilliseconds());
            WriteNumberOrNull(json, WireNames.EndDate, entitlement.EndDate?.ToUnixTimeMilliseconds());
            json.WriteString(WireNames.SubscriptionId.Encoded, entitlement.SubscriptionId);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        json.WriteString(WireNames.SmartAccount.Encoded, data.SmartAccount);
        json.WriteString(WireNames.VirtualAccount.Encoded, data.VirtualAccount);
        json.WriteNumber(WireNames.RenewIntervalDays.Encoded, data.RenewIntervalDays);
        json.WriteNumber(WireNames.ExpireIntervalDays.Encoded, data.ExpireIntervalDays);
        json.WriteNumber(WireNames.NextCommunication.Encoded, data.NextCommunication.ToUnixTimeMilliseconds());
        json.WriteNumber(WireNames.CommunicationDeadline.Encoded, data.CommunicationDeadline.ToUnixTimeMilliseconds());
    }

    private static void WriteNumberOrNull(Utf8JsonWriter json, WireName name, long? number)
    {
        if (number is { } value)
        {
            json.WriteNumber(name.Encoded, value);
        }
        else
        {
            json.WriteNull(name.Encoded);
        }
    }
}
