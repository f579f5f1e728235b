using System.Buffers.Text;
using System.Security.Cryptography;

namespace TransportGateway.Protocol;

/// <summary>Reads level 3, by type of request (8.3). Missing fields throw; values that will not do become the problem text.</summary>
internal static class RequestBodyReader
{
    private const int MostEntries = 1000;

    // A signing request for the largest accepted key is under 2,000 characters; tokens over 255 are refused later, by name.
    private const int MostCsrCharacters = 16_384;
    private const int MostTokenCharacters = 4_096;

    public static RequestBody Read(RequestType type, JsonFields fields, string? credential, ref string? problem) => type switch
    {
        RequestType.Registration => Registration(fields, credential, ref problem),
        RequestType.Authorization => Authorization(fields, ref problem),
        RequestType.IdCertRenew => new IdCertRenewBody(fields.Has(Field.Csr) ? SigningRequest(fields, ref problem) : null),
        RequestType.Deregistration => new DeregistrationBody(),
        RequestType.ThirdPartyKey => ThirdPartyKey(fields),
        RequestType.Poll => new PollBody(
            fields.Number(Field.PollId) ?? throw FieldException.Missing(fields.Path(Field.PollId)), fields.Text(Field.Action), fields.Text(Field.Type)),
        _ => new UnknownBody(),
    };

    private static RegistrationBody Registration(JsonFields fields, string? credential, ref string? problem)
    {
        var token = fields.Text(Field.IdToken, MostTokenCharacters);
        if (token is not null && credential is not null && token != credential)
        {
            problem = RefusalTexts.ErrorsHash("token", "The tokens in request_data.id_token and in credential differ; send one, or the same twice.");
        }

        return new RegistrationBody(
            token ?? credential ?? throw FieldException.Missing(fields.Path(Field.IdToken)),
            fields.Flag(Field.Force),
            SigningRequest(fields, ref problem),
            fields.RequiredText(Field.SoftwareTag),
            fields.Text(Field.HostName) is { Length: > 0 } hostName ? hostName : null,
            fields.Text(Field.AgentVersion),
            [.. fields.List(Field.DeviceList, MostEntries).Select(entry => SudiOf(entry)).OfType<Sudi>()]);
    }

    private static Sudi? SudiOf(JsonFields entry)
    {
        if (!entry.Has(Field.Sudi))
        {
            return null;
        }

        var sudi = entry.Object(Field.Sudi);
        return new Sudi(null, sudi.Text(Field.Uuid), null, null, sudi.Text(Field.UdiPid), sudi.Text(Field.UdiSerialNumber), sudi.Text(Field.UdiVid));
    }

    private static AuthorizationBody Authorization(JsonFields fields, ref string? problem)
    {
        if (!fields.Has(Field.Entitlements))
        {
            throw FieldException.Missing(fields.Path(Field.Entitlements));
        }

        var entitlements = new List<EntitlementRequest>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in fields.List(Field.Entitlements, MostEntries))
        {
            var tag = entry.RequiredText(Field.Tag);
            var count = entry.Element(Field.Count) is { } element && element.ValueKind == System.Text.Json.JsonValueKind.Number
                && element.TryGetInt32(out var value) ? value : -1;
            if (count < 0)
            {
                problem ??= RefusalTexts.ErrorsHash("count", $"The count of the entitlement {tag} is not a whole number from 0 to 2147483647.");
            }
            else if (!seen.Add(tag))
            {
                problem ??= RefusalTexts.ErrorsHash("tag", $"The entitlement {tag} is listed twice.");
            }

            entitlements.Add(new EntitlementRequest(tag, count, entry.Text(Field.Version)));
        }

        var version = fields.Number(Field.EntitlementVersion);
        if (version is < int.MinValue or > int.MaxValue)
        {
            problem ??= RefusalTexts.ErrorsHash("entitlement_version", "The entitlement version is not a 32-bit number.");
            version = null;
        }

        return new AuthorizationBody((int?)version, entitlements);
    }

    private static ThirdPartyKeyBody ThirdPartyKey(JsonFields fields) => new(
        [.. fields.List(Field.Data, MostEntries).Select(entry => new ThirdPartyKeyItem(
            entry.Number(Field.Id) ?? 0, entry.Text(Field.Name) ?? "", entry.RequiredText(Field.Value), entry.Number(Field.KeyId) ?? 0))],
        fields.Flag(Field.Live),
        fields.Flag(Field.ComplianceRequired));

    /// <summary>PEM, or bare base64 of the DER (8.7.21).</summary>
    private static byte[]? SigningRequest(JsonFields fields, ref string? problem)
    {
        var text = fields.Nested(Field.Csr) ?? throw FieldException.Missing(fields.Path(Field.Csr));
        if (text.Length <= MostCsrCharacters)
        {
            var base64 = PemEncoding.TryFind(text, out var pem) ? text[pem.Base64Data] : text;
            if (Base64.IsValid(base64))
            {
                return Convert.FromBase64String(base64);
            }
        }

        problem ??= RefusalTexts.ErrorsHash("csr", "The signing request is neither PEM nor base64 of a PKCS#10 request.");
        return null;
    }
}
