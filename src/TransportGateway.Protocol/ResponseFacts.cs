namespace TransportGateway.Protocol;

/// <summary>
/// What an answer of a licensing server tells, read as a bystander: every member may be missing, a member that is odd counts as missing, and
/// no signature is looked at. No answer of the device protocol is public, so nothing may depend on these names being right.
/// </summary>
/// <param name="Status">One of <see cref="DeviceStatus"/>, or what else the server says.</param>
/// <param name="ProductInstanceIdentifier">Of the registration data, or else of the header.</param>
/// <param name="OverallStatus">As in <see cref="AuthorizationData"/>.</param>
/// <param name="Entitlements">Null when the answer is about none.</param>
public sealed record ResponseFacts(
    string Status,
    string? ProductInstanceIdentifier,
    string? SmartAccount,
    string? VirtualAccount,
    bool ExportControlAllowed,
    string? OverallStatus,
    IReadOnlyList<EntitlementFact>? Entitlements)
{
    /// <summary>The server took the request for good: what it says about licences is another matter.</summary>
    public bool IsPositive => Status is DeviceStatus.Ok or DeviceStatus.OkPoll;

    /// <summary>Null when the bytes are no answer with a status. Does not throw.</summary>
    public static ResponseFacts? Read(ReadOnlyMemory<byte> utf8Json)
    {
        using var envelope = JsonText.OpenDespiteDuplicates(utf8Json);
        if (envelope is null || Fields(envelope).Text(WireNames.Response, int.MaxValue, allowLines: true) is not { } response)
        {
            return null;
        }

        using var level2 = JsonText.OpenDespiteDuplicates(response);
        if (level2 is null || Fields(level2).Text(WireNames.Status) is not { } status)
        {
            return null;
        }

        var answer = Fields(level2);
        using var level3 = answer.Text(WireNames.ResponseData, int.MaxValue, allowLines: true) is { } text ? JsonText.OpenDespiteDuplicates(text) : null;
        JsonFields? data = level3 is null ? null : Fields(level3);
        return new ResponseFacts(
            status,
            data?.Text(WireNames.ProductInstanceIdentifier) ?? answer.Object(WireNames.Header)?.Text(WireNames.ProductInstanceIdentifier),
            data?.Text(WireNames.SmartAccount),
            data?.Text(WireNames.VirtualAccount),
            data?.Flag(WireNames.ExportControlAllowed) ?? false,
            data?.Text(WireNames.OverallStatus),
            data is { } found && found.Find(WireNames.Entitlements) is not null ? found.Rows(WireNames.Entitlements, WireLimits.Entitlements, Entitlement) : null);
    }

    private static EntitlementFact? Entitlement(JsonFields row) =>
        row.Text(WireNames.Tag) is { } tag ? new EntitlementFact(tag, row.Text(WireNames.EntitlementStatus)) : null;

    private static JsonFields Fields(System.Text.Json.JsonDocument document) => new(document.RootElement, string.Empty, new FieldProblems());
}

/// <param name="Status">As in <see cref="EntitlementStatus"/>.</param>
public sealed record EntitlementFact(string Tag, string? Status);
