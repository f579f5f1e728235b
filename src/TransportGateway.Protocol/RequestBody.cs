namespace TransportGateway.Protocol;

/// <summary>What is particular to one type of request: level 3 without the members that all types share.</summary>
public abstract record RequestBody;

/// <summary>A registration. Everything but the names of force, software tag, host name and lists is inferred.</summary>
/// <param name="IdToken">As sent: trimming and percent-decoding belong to the lookup.</param>
/// <param name="SigningRequestDer">Null when the text was neither PEM nor base64; the message then has a data problem.</param>
/// <param name="HostName">Null when the product hides it.</param>
public sealed record RegistrationBody(
    string IdToken,
    bool Force,
    byte[]? SigningRequestDer,
    string SoftwareTag,
    string? HostName,
    string? AgentVersion,
    IReadOnlyList<string> Capabilities,
    IReadOnlyList<DeviceListEntry> Devices) : RequestBody
{
    public IReadOnlyList<HaMember> HaMembers { get; init; } = [];

    /// <summary>Without the token, so that a registration can be logged.</summary>
    public override string ToString() => $"{nameof(RegistrationBody)} {{ SoftwareTag = {SoftwareTag}, Force = {Force} }}";
}

/// <summary>The entitlements in use. The list is the whole state: what is left out is released.</summary>
/// <param name="EntitlementVersion">The agent's own counter, to be echoed.</param>
public sealed record AuthorizationBody(int? EntitlementVersion, IReadOnlyList<EntitlementRequest> Entitlements) : RequestBody
{
    public IReadOnlyList<HaMember> HaMembers { get; init; } = [];
}

/// <param name="SigningRequestDer">Null when the text was neither PEM nor base64; the message then has a data problem.</param>
public sealed record IdCertRenewBody(byte[]? SigningRequestDer) : RequestBody;

public sealed record DeregistrationBody : RequestBody;

/// <summary>The one request that is published in full.</summary>
public sealed record ThirdPartyKeyBody(IReadOnlyList<ThirdPartyKeyItem> Items, bool Live, bool ComplianceRequired) : RequestBody;

public sealed record PollBody(long PollId, string? Action, string? Type) : RequestBody;

/// <summary>The request type is unknown or the values could not be read.</summary>
public sealed record UnknownBody : RequestBody;

/// <param name="Version">Such as "1.0".</param>
public sealed record EntitlementRequest(string Tag, int Count, string? Version);

/// <summary>A member of a stack or cluster that registers through this product instance.</summary>
public sealed record DeviceListEntry(Sudi? Sudi, string? SoftwareTag, string? HostName);

/// <param name="Role">Active, Standby or Member.</param>
public sealed record HaMember(string? Role, Sudi? Sudi);

/// <param name="Value">The entitlement tag that the key is wanted for.</param>
public sealed record ThirdPartyKeyItem(long Id, string? Name, string Value, string? Routing, string? Action, long KeyId);
