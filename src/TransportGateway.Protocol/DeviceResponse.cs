namespace TransportGateway.Protocol;

/// <summary>Status words (2.5: observed values, placement inferred).</summary>
public static class DeviceStatus
{
    public const string Ok = "OK";
    public const string OkPoll = "OK_POLL";
    public const string OkTryAgain = "OK_TRY_AGAIN";
    public const string Failed = "FAILED";
    public const string VersionTooHigh = "VERSION_TOO_HIGH";
}

/// <summary>Overall authorisation states (8.5).</summary>
public static class OverallStatus
{
    public const string Authorized = "AUTHORIZED";
    public const string OutOfCompliance = "OUT_OF_COMPLIANCE";
    public const string NoLicenses = "NO_LICENSES";
}

/// <summary>An answer before it is signed (8.4).</summary>
public sealed record DeviceResponse
{
    public required string Version { get; init; }

    public string? Locale { get; init; }

    public required DateTimeOffset Timestamp { get; init; }

    public required string Nonce { get; init; }

    public required string RequestType { get; init; }

    public string? ProductInstanceIdentifier { get; init; }

    public string? SigningCertSerialNumber { get; init; }

    public required string Status { get; init; }

    public string? MessageCode { get; init; }

    public string? Message { get; init; }

    /// <summary>Null is written as the empty object (8.7.6).</summary>
    public ResponseData? Data { get; init; }
}

/// <summary>Level 3 of an answer, by type (8.5).</summary>
public abstract record ResponseData;

/// <summary>The answer to a registration and to a renewal.</summary>
/// <param name="RootPem">With the sub CA the chain of 8.7.22; the product trusts its own root all the same.</param>
public sealed record RegistrationData(
    string ProductInstanceIdentifier,
    string ProductInstanceName,
    string IdCertPem,
    string IdCertSerialNumber,
    string SigningCertPem,
    string SigningCertSerialNumber,
    string SubCaPem,
    string RootPem,
    string SmartAccount,
    string VirtualAccount,
    bool ExportControlAllowed,
    DateTimeOffset RegisteredAt,
    DateTimeOffset RenewAt,
    DateTimeOffset ExpiresAt) : ResponseData;

public sealed record AuthorizationData(
    string OverallStatus,
    int? EntitlementVersion,
    IReadOnlyList<EntitlementStatus> Entitlements,
    bool ExportControlAllowed,
    string SmartAccount,
    string VirtualAccount,
    int RenewIntervalDays,
    int ExpireIntervalDays,
    DateTimeOffset NextCommunication,
    DateTimeOffset CommunicationDeadline) : ResponseData;

/// <param name="Count">What this product uses (8.7.34).</param>
public sealed record EntitlementStatus(string Tag, string? Version, string Status, int Count, string DisplayName, string Description);
