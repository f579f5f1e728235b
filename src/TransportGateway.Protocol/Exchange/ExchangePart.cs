using System.Text.Json.Serialization;

namespace TransportGateway.Protocol.Exchange;

/// <summary>One part of a document that a gateway and Software Central exchange: JSON that stands inside CMS SignedData.</summary>
/// <remarks>
/// The exchange is this project's own: the satellite's synchronisation protocol is not published. It is described in openapi.yaml.
/// Each part names the one before it by its hash, so the hash of the last part stands for the whole document.
/// </remarks>
public abstract record ExchangePart
{
    public string Format { get; init; } = ExchangeFormat.Name;

    public int Version { get; init; } = ExchangeFormat.Version;

    public required string Kind { get; init; }

    /// <summary>The local account's identifier at the gateway.</summary>
    public required string Account { get; init; }

    /// <summary>This registration or synchronisation run.</summary>
    public required string Run { get; init; }

    /// <summary>Grows with every synchronisation of an account; 0 for a registration.</summary>
    public required long Sequence { get; init; }

    public required int Part { get; init; }

    public required bool Last { get; init; }

    /// <summary>Hash of the part before, null in the first one.</summary>
    public string? Previous { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

public static class ExchangeFormat
{
    public const string Name = "transport-gateway-exchange";
    public const int Version = 1;

    public const string RegistrationRequest = "registration-request";
    public const string RegistrationAuthorization = "registration-authorization";
    public const string SynchronizationRequest = "synchronization-request";
    public const string SynchronizationResponse = "synchronization-response";

    public const string ContentType = "application/pkcs7-mime";

    public const int MostPartBytes = 8 * 1024 * 1024;
    public const int MostRecordsInPart = 1000;
    public const int MostParts = 10_000;

    /// <summary>id-kp-documentSigning: only Software Central's exchange signer carries it, so that no other certificate of its root can sign for it.</summary>
    public const string SignerUsage = "1.3.6.1.5.5.7.3.36";
}

/// <summary>A gateway asks that a local account be registered for a virtual account at Cisco.</summary>
public sealed record RegistrationRequestPart : ExchangePart
{
    public required string Gateway { get; init; }

    public required string LocalAccount { get; init; }

    public required string SmartAccount { get; init; }

    public required string VirtualAccount { get; init; }

    /// <summary>PKCS#10 of the account's exchange key, whose self-signed certificate signs this part.</summary>
    public required byte[] SigningRequest { get; init; }

    public required bool Reregistration { get; init; }
}

/// <summary>Software Central's answer to a registration request: a certificate, or a refusal.</summary>
public sealed record RegistrationAuthorizationPart : ExchangePart
{
    /// <summary>The hash of the request that is answered.</summary>
    public required string Request { get; init; }

    public string? Refusal { get; init; }

    public string? SmartAccountId { get; init; }

    public string? VirtualAccountId { get; init; }

    /// <summary>The account's exchange certificate, DER.</summary>
    public byte[]? Certificate { get; init; }

    public IReadOnlyList<byte[]>? Chain { get; init; }
}

/// <summary>What a gateway reports of an account.</summary>
public sealed record SynchronizationRequestPart : ExchangePart
{
    public required IReadOnlyList<ProductInstanceRecord> ProductInstances { get; init; }

    /// <summary><c>standard</c> or <c>full</c>; in part 0, as are the next three.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Mode { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public AccountFacts? AccountFacts { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<UsageRecord>? Usage { get; init; }

    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<CertificateRequestRecord>? CertificateRequests { get; init; }

    /// <summary>In the last part.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public RequestCounts? Counts { get; init; }
}

/// <summary>What Software Central answers: everything it grants, complete whatever the mode.</summary>
public sealed record SynchronizationResponsePart : ExchangePart
{
    /// <summary>The hash of the request that is answered.</summary>
    public required string Request { get; init; }

    public IReadOnlyList<EntitlementRecord>? Entitlements { get; init; }

    public IReadOnlyList<SubstitutionRecord>? Substitutions { get; init; }

    public IReadOnlyList<RemovalRecord>? Removals { get; init; }

    public IReadOnlyList<IssuedCertificateRecord>? Certificates { get; init; }

    /// <summary>In part 0.</summary>
    public bool? ExportControlAllowed { get; init; }

    /// <summary>In the last part.</summary>
    public ResponseCounts? Counts { get; init; }
}

public sealed record AccountFacts(string Gateway, string LocalAccount, IReadOnlyList<VirtualAccountRecord> VirtualAccounts);

public sealed record VirtualAccountRecord(string Id, string Name, bool IsDefault);

public sealed record UsageRecord(string VirtualAccount, string Tag, long InUse, long Purchased);

/// <param name="Purpose"><c>host</c> or <c>exchange</c>.</param>
/// <param name="SigningRequest">PKCS#10, DER.</param>
public sealed record CertificateRequestRecord(string Id, string Purpose, byte[] SigningRequest, string CommonName, IReadOnlyList<string> Names);

public sealed record RequestCounts(long ProductInstances);

/// <summary>A product instance as Software Central is told; withheld and unknown values are null.</summary>
public sealed record ProductInstanceRecord
{
    public required string Id { get; init; }

    /// <summary>Grows with each change: of two records of one instance the greater one counts.</summary>
    public required long Revision { get; init; }

    public required string State { get; init; }

    public string? VirtualAccount { get; init; }

    public string? ProductType { get; init; }

    public string? SoftwareTag { get; init; }

    public string? UdiPid { get; init; }

    public string? UdiSerialNumber { get; init; }

    public string? UdiVid { get; init; }

    public string? Uuid { get; init; }

    public string? HostIdentifier { get; init; }

    public string? MacAddress { get; init; }

    public string? HostName { get; init; }

    public bool ExportControlled { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? LastContactAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? AuthorizationStatus { get; init; }

    public required IReadOnlyList<TagQuantity> Usage { get; init; }
}

public sealed record TagQuantity(string Tag, long Quantity);

/// <param name="Status">Active, Future, Expired, Cancelled or Pending (words of the public licence API).</param>
public sealed record EntitlementRecord(
    string Id,
    string Tag,
    string Name,
    string? DisplayName,
    string? Description,
    string? Sku,
    string? Billing,
    long Quantity,
    DateTimeOffset StartDate,
    DateTimeOffset? EndDate,
    string? SubscriptionId,
    string Status);

public sealed record SubstitutionRecord(string Higher, string Lower);

public sealed record RemovalRecord(string Id, string? Reason);

public sealed record IssuedCertificateRecord(string Id, string Purpose, byte[] Certificate, IReadOnlyList<byte[]> Chain);

public sealed record ResponseCounts(long Entitlements, long Substitutions, long Removals, long Certificates);
