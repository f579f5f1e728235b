using System.Security.Cryptography;

namespace TransportGateway.Protocol;

/// <summary>
/// Reads what is particular to one type of request. Required are the fields without which the request means nothing; the others may be
/// absent, which means null.
/// </summary>
internal static class RequestBodyReader
{
    private static readonly UnknownBody Unknown = new();
    private static readonly DeregistrationBody Deregistration = new();

    public static RequestBody Read(RequestType type, JsonFields data, string? credentialToken)
    {
        RequestBody body = type switch
        {
            RequestType.Registration => Registration(data, credentialToken),
            RequestType.Authorization => Authorization(data),
            RequestType.IdCertRenew => new IdCertRenewBody(SigningRequest(data)),
            RequestType.Deregistration => Deregistration,
            RequestType.ThirdPartyKey => ThirdPartyKey(data),
            RequestType.Poll => Poll(data),
            _ => Unknown,
        };

        // A list that was read in part must not be mistaken for the whole state. The signing request is what the signature is checked with.
        return data.Problems.Any is null || body is RegistrationBody or IdCertRenewBody ? body : Unknown;
    }

    private static RegistrationBody Registration(JsonFields data, string? credentialToken)
    {
        var token = data.RequiredText(WireNames.IdToken, allowLines: true) ?? string.Empty;
        if (credentialToken is not null && !string.Equals(credentialToken.Trim(), token.Trim(), StringComparison.Ordinal))
        {
            data.Problems.Bad(WireNames.Token.Canonical, "The credential and the field request_data.id_token hold different tokens.");
        }

        return new RegistrationBody(
            token,
            data.Flag(WireNames.Force),
            SigningRequest(data),
            data.RequiredText(WireNames.SoftwareTagIdentifier) ?? string.Empty,
            data.Text(WireNames.HostName),
            data.Text(WireNames.AgentVersion),
            data.Texts(WireNames.Capabilities, WireLimits.Capabilities),
            data.Rows(WireNames.DeviceList, WireLimits.Devices, static row => new DeviceListEntry(
                SmartMessageReader.ReadSudi(row), row.Text(WireNames.SoftwareTagIdentifier), row.Text(WireNames.HostName))))
        {
            HaMembers = HaMembers(data),
        };
    }

    private static AuthorizationBody Authorization(JsonFields data)
    {
        var version = (int?)data.Integer(WireNames.EntitlementVersion, 0, int.MaxValue);
        var entitlements = data.RequiredRows(WireNames.Entitlements, WireLimits.Entitlements, Entitlement);
        var tags = new HashSet<string>(entitlements.Count, StringComparer.Ordinal);
        foreach (var entitlement in entitlements)
        {
            if (!tags.Add(entitlement.Tag))
            {
                data.Problems.Bad(WireNames.Entitlements.Canonical, $"The tag {entitlement.Tag} is listed twice.");
                break;
            }
        }

        return new AuthorizationBody(version, entitlements) { HaMembers = HaMembers(data) };
    }

    private static EntitlementRequest? Entitlement(JsonFields row) =>
        row.RequiredText(WireNames.Tag) is { } tag && row.RequiredInteger(WireNames.Count, 0, int.MaxValue) is { } count
            ? new EntitlementRequest(tag, (int)count, row.Text(WireNames.EntitlementTagVersion))
            : null;

    private static ThirdPartyKeyBody ThirdPartyKey(JsonFields data) => new(
        data.RequiredRows(WireNames.Data, WireLimits.ThirdPartyKeys, static row =>
            row.RequiredText(WireNames.Value) is { } value
                ? new ThirdPartyKeyItem(
                    row.Integer(WireNames.Id, long.MinValue, long.MaxValue) ?? 0,
                    row.Text(WireNames.Name),
                    value,
                    row.Text(WireNames.Routing),
                    row.Text(WireNames.Action),
                    row.Integer(WireNames.KeyId, long.MinValue, long.MaxValue) ?? 0)
                : null),
        data.Flag(WireNames.Live),
        data.Flag(WireNames.ComplianceRequired));

    private static RequestBody Poll(JsonFields data) =>
        data.RequiredInteger(WireNames.PollId, long.MinValue, long.MaxValue) is { } id
            ? new PollBody(id, data.Text(WireNames.PollAction), data.Text(WireNames.PollType))
            : Unknown;

    private static IReadOnlyList<HaMember> HaMembers(JsonFields data) =>
        data.Rows(WireNames.HaUdi, WireLimits.Devices, static row =>
            new HaMember(row.Text(WireNames.HaRole), SmartMessageReader.ReadSudi(row)));

    /// <summary>PEM or bare base64; what the bytes mean is for the certificate authority to judge.</summary>
    private static byte[]? SigningRequest(JsonFields data)
    {
        if (data.RequiredText(WireNames.Csr, WireLimits.SigningRequestLength, allowLines: true) is not { } text)
        {
            return null;
        }

        var base64 = PemEncoding.TryFind(text, out var pem)
            && text[pem.Label] is "CERTIFICATE REQUEST" or "NEW CERTIFICATE REQUEST"
                ? text.AsSpan()[pem.Base64Data]
                : text;
        var der = new byte[(base64.Length * 3 / 4) + 3];
        if (Convert.TryFromBase64Chars(base64, der, out var length) && length > 0)
        {
            return der[..length];
        }

        data.Problems.Bad(WireNames.Csr.Canonical, $"The field {data.PathOf(WireNames.Csr)} is neither PEM nor base64 of a signing request.");
        return null;
    }
}
