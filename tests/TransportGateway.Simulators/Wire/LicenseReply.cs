namespace TransportGateway.Simulators;

/// <summary>What the gateway says of itself.</summary>
public sealed record ConnectInfo(string Name, string Version, bool Production, IReadOnlyList<string> Capabilities);

public sealed record ReplyHeader
{
    public required string Version { get; init; }

    public required long Timestamp { get; init; }

    public required string Nonce { get; init; }

    public required string RequestType { get; init; }

    public required string? ProductInstanceIdentifier { get; init; }

    public required string? SigningCertSerialNumber { get; init; }

    public required string Vendor { get; init; }

    public required ConnectInfo? ConnectInfo { get; init; }

    public DateTimeOffset Time => DateTimeOffset.FromUnixTimeMilliseconds(Timestamp);
}

/// <summary>An answer, read but (until a verifier has seen it) not believed.</summary>
public sealed record LicenseReply
{
    public required ReplyHeader Header { get; init; }

    public required string Status { get; init; }

    public required string? MessageCode { get; init; }

    public required string? Message { get; init; }

    /// <summary>The nonce beside the header.</summary>
    public required string Nonce { get; init; }

    public required string SignatureType { get; init; }

    public required string SignatureValue { get; init; }

    /// <summary>The exact text that is signed.</summary>
    public required string ResponseText { get; init; }

    public required string DataText { get; init; }

    public required ReplyData Data { get; init; }
}

/// <summary>The third level of an answer.</summary>
public abstract record ReplyData
{
    private ReplyData()
    {
    }

    /// <summary>A refusal, or an answer that has nothing to add to its status.</summary>
    public sealed record Empty : ReplyData;

    /// <summary>Answer to a registration and to a renewal of the ID certificate.</summary>
    public sealed record Registration : ReplyData
    {
        public required string ProductInstanceIdentifier { get; init; }

        public required string? ProductInstanceName { get; init; }

        public required string IdCertificate { get; init; }

        public required string SigningCertificate { get; init; }

        public required string SubCaCertificate { get; init; }

        public required IReadOnlyList<string> CertificateChain { get; init; }

        public required string IdCertSerialNumber { get; init; }

        public required string SigningCertSerialNumber { get; init; }

        public required string SmartAccount { get; init; }

        public required string VirtualAccount { get; init; }

        public required bool ExportControlAllowed { get; init; }

        public required DateTimeOffset RegisteredAt { get; init; }

        public required DateTimeOffset RenewAt { get; init; }

        public required DateTimeOffset ExpiresAt { get; init; }
    }

    public sealed record Authorization : ReplyData
    {
        public required string OverallStatus { get; init; }

        public required int? EntitlementVersion { get; init; }

        public required IReadOnlyList<AuthorizedEntitlement> Entitlements { get; init; }

        /// <summary>Null from a server that names the accounts at registration only.</summary>
        public string? SmartAccount { get; init; }

        public string? VirtualAccount { get; init; }

        public required int RenewIntervalDays { get; init; }

        public required int ExpireIntervalDays { get; init; }

        public required DateTimeOffset NextCommunication { get; init; }

        public required DateTimeOffset CommunicationDeadline { get; init; }
    }

    public sealed record ThirdPartyKeys(IReadOnlyList<ThirdPartyKey> Keys) : ReplyData;

    /// <summary>The work goes on; ask again with the poll id.</summary>
    public sealed record Polling(long PollId, TimeSpan Interval, string? Action) : ReplyData;
}

public sealed record ThirdPartyKey(long Id, string Name, string Value, int KeyId);

/// <summary>One line of the licence table as the gateway answered it.</summary>
public sealed record AuthorizedEntitlement
{
    public required string Tag { get; init; }

    public required string Status { get; init; }

    public required int Count { get; init; }

    public string? DisplayName { get; init; }

    public string? Description { get; init; }

    public string? LicenseType { get; init; }

    public string? EnforcementType { get; init; }

    public string? ExportStatus { get; init; }
}

/// <summary>The words of the wire.</summary>
public static class ReplyWords
{
    public const string Ok = "OK";
    public const string OkPoll = "OK_POLL";
    public const string OkTryAgain = "OK_TRY_AGAIN";
    public const string Failed = "FAILED";
    public const string VersionTooHigh = "VERSION_TOO_HIGH";

    public const string Authorized = "AUTHORIZED";
    public const string OutOfCompliance = "OUT_OF_COMPLIANCE";
    public const string NoLicenses = "NO_LICENSES";

    public const string InComplianceText = "In Compliance";
    public const string OutOfComplianceText = "Out Of Compliance";
    public const string OverageText = "Overage";
    public const string InvalidTagText = "Invalid Tag";
}
