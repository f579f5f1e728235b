using TransportGateway.Simulators.Trust;

namespace TransportGateway.Simulators;

public enum RegistrationStatus
{
    NotRegistered,

    /// <summary>The first attempt got no answer; the agent goes on trying.</summary>
    RetryInProgress,

    /// <summary>The gateway refused.</summary>
    Failed,

    Registered,
}

public enum AuthorizationStatus
{
    None,
    Authorized,
    OutOfCompliance,
    NoLicensesInUse,

    /// <summary>No contact until the communication deadline.</summary>
    Expired,
}

/// <summary>
/// Everything a product remembers, and what its state file holds. Never changed in place: each accepted answer makes a new one.
/// </summary>
public sealed record ProductState
{
    public static ProductState Unregistered { get; } = new();

    public RegistrationStatus Registration { get; init; }

    public string? ProductInstanceIdentifier { get; init; }

    public string? ProductInstanceName { get; init; }

    public string? SmartAccount { get; init; }

    public string? VirtualAccount { get; init; }

    public bool? ExportControlAllowed { get; init; }

    /// <summary>Name of the key that <see cref="IdCertSerialNumber"/> certifies.</summary>
    public string? KeyName { get; init; }

    public string? IdCertificate { get; init; }

    public string? IdCertSerialNumber { get; init; }

    public string? SigningCertificate { get; init; }

    public string? SigningCertSerialNumber { get; init; }

    public string? SubCaCertificate { get; init; }

    // All instants are the product's own time: the gateway's instants are taken as distances from the time of its answer.
    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? RenewedAt { get; init; }

    public DateTimeOffset? RenewAt { get; init; }

    public DateTimeOffset? RegistrationExpiresAt { get; init; }

    public AuthorizationStatus Authorization { get; init; }

    public DateTimeOffset? AuthorizedAt { get; init; }

    public DateTimeOffset? NextCommunication { get; init; }

    public DateTimeOffset? CommunicationDeadline { get; init; }

    /// <summary>Counts the changes of <see cref="Requested"/>; the gateway echoes it.</summary>
    public int EntitlementVersion { get; init; }

    /// <summary>What the product asks for, known to the gateway or not.</summary>
    public IReadOnlyList<Entitlement> Requested { get; init; } = [];

    /// <summary>What the gateway answered last.</summary>
    public IReadOnlyList<AuthorizedEntitlement> Licenses { get; init; } = [];

    public PendingMessage? Pending { get; init; }

    /// <summary>What the operator reads about the last thing that went wrong; null after the next success.</summary>
    public string? LastFailure { get; init; }

    /// <summary>The product's time when this was written, so that a sped-up clock does not run backwards over a restart.</summary>
    public DateTimeOffset? SavedAt { get; init; }

    public bool IsRegistered => Registration == RegistrationStatus.Registered;

    internal HeldCertificates? Held => SigningCertificate is { } signing && SubCaCertificate is { } subCa ? new(signing, subCa) : null;

    internal ProductState Registered(ReplyData.Registration data, ReplyHeader header, string keyName, DateTimeOffset now) =>
        (header.RequestType == RequestType.Registration ? Forgotten(reason: null) : this) with
        {
            Registration = RegistrationStatus.Registered,
            ProductInstanceIdentifier = data.ProductInstanceIdentifier,
            ProductInstanceName = data.ProductInstanceName ?? ProductInstanceName,
            SmartAccount = data.SmartAccount,
            VirtualAccount = data.VirtualAccount,
            ExportControlAllowed = data.ExportControlAllowed,
            KeyName = keyName,
            IdCertificate = data.IdCertificate,
            IdCertSerialNumber = data.IdCertSerialNumber,
            SigningCertificate = data.SigningCertificate,
            SigningCertSerialNumber = data.SigningCertSerialNumber,
            SubCaCertificate = data.SubCaCertificate,
            RegisteredAt = now + (data.RegisteredAt - header.Time),
            RenewedAt = now,
            RenewAt = now + (data.RenewAt - header.Time),
            RegistrationExpiresAt = now + (data.ExpiresAt - header.Time),
            Pending = null,
            LastFailure = null,
        };

    internal ProductState Authorized(ReplyData.Authorization data, ReplyHeader header, DateTimeOffset now) => this with
    {
        Authorization = data.OverallStatus switch
        {
            ReplyWords.Authorized => AuthorizationStatus.Authorized,
            ReplyWords.OutOfCompliance => AuthorizationStatus.OutOfCompliance,
            _ => AuthorizationStatus.NoLicensesInUse,
        },
        AuthorizedAt = now,
        SmartAccount = data.SmartAccount ?? SmartAccount,
        VirtualAccount = data.VirtualAccount ?? VirtualAccount,
        NextCommunication = now + (data.NextCommunication - header.Time),
        CommunicationDeadline = now + (data.CommunicationDeadline - header.Time),
        Licenses = data.Entitlements,
        Pending = null,
        LastFailure = null,
    };

    /// <summary>Everything that came with the registration is gone; what the product wants to use is not.</summary>
    internal ProductState Forgotten(string? reason) => Unregistered with
    {
        Requested = Requested,
        EntitlementVersion = EntitlementVersion,
        LastFailure = reason,
    };
}
