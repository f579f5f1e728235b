namespace TransportGateway.Protocol;

/// <summary>Level 3 of an answer.</summary>
public abstract record ResponseData;

/// <summary>The answer to a registration and to a certificate renewal.</summary>
public sealed record RegistrationData : ResponseData
{
    public required string ProductInstanceIdentifier { get; init; }

    public required string ProductInstanceName { get; init; }

    public required string IdCertPem { get; init; }

    public required string SigningCertPem { get; init; }

    /// <summary>Exactly one certificate.</summary>
    public required string SubCaCertPem { get; init; }

    /// <summary>Sub CA and root; the product trusts its own root all the same.</summary>
    public required IReadOnlyList<string> CertChainPem { get; init; }

    public required string IdCertSerialNumber { get; init; }

    public required string SigningCertSerialNumber { get; init; }

    public required string SmartAccount { get; init; }

    public required string VirtualAccount { get; init; }

    public required bool ExportControlAllowed { get; init; }

    /// <summary>The first registration, also at a renewal.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    public required DateTimeOffset RenewAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}

/// <summary>The answer to an authorisation.</summary>
public sealed record AuthorizationData : ResponseData
{
    // The meanings are observed on devices; the words are inferred.
    public const string Authorized = "AUTHORIZED";
    public const string OutOfCompliance = "OUT_OF_COMPLIANCE";
    public const string NoLicenses = "NO_LICENSES";

    /// <summary>One of the three words above.</summary>
    public required string OverallStatus { get; init; }

    /// <summary>Echoes the agent's counter.</summary>
    public int? EntitlementVersion { get; init; }

    public required IReadOnlyList<EntitlementStatus> Entitlements { get; init; }

    public int RenewIntervalDays { get; init; } = 30;

    public int ExpireIntervalDays { get; init; } = 90;

    /// <summary>Where the product is now: an administrator may have moved it since it registered.</summary>
    public required string SmartAccount { get; init; }

    public required string VirtualAccount { get; init; }

    public required DateTimeOffset NextCommunication { get; init; }

    public required DateTimeOffset CommunicationDeadline { get; init; }
}

/// <summary>What became of one tag of an authorisation.</summary>
public sealed record EntitlementStatus
{
    // The first is observed in the REST twin and on devices, the others are inferred after it (8.7.31).
    public const string InCompliance = "In Compliance";
    public const string OutOfCompliance = "Out Of Compliance";
    public const string Overage = "Overage";
    public const string InvalidTag = "Invalid Tag";

    /// <summary>Observed in reservation codes; the other word is that of the cloud's REST API for the same thing.</summary>
    public const string Perpetual = "PERPETUAL";
    public const string Term = "TERM";

    public required string Tag { get; init; }

    /// <summary>One of the four words above.</summary>
    public required string Status { get; init; }

    /// <summary>What this product uses.</summary>
    public required int Count { get; init; }

    public string? DisplayName { get; init; }

    public string? Description { get; init; }

    /// <summary>Perpetual or for a term; null when nothing is granted.</summary>
    public string? LicenseType { get; init; }

    public string? EnforcementType { get; init; }

    public string? ExportStatus { get; init; }

    public DateTimeOffset? StartDate { get; init; }

    public DateTimeOffset? EndDate { get; init; }

    public string? SubscriptionId { get; init; }
}
