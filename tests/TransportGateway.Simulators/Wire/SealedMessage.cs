namespace TransportGateway.Simulators;

/// <summary>A signed message, ready to be sent any number of times with the same bytes.</summary>
public sealed record SealedMessage
{
    /// <summary>The licensing message: the body on Smart Transport, the attachment on Call Home.</summary>
    public required string Json { get; init; }

    /// <summary>Part of the Call Home envelope, so it is kept: the same message gives the same envelope an hour later.</summary>
    public required DateTimeOffset ComposedAt { get; init; }

    public required ReplyExpectation Expected { get; init; }

    /// <summary>A registration holds its token, which is a secret.</summary>
    public override string ToString() => $"{Expected.RequestType} {Expected.Nonce}";
}

/// <summary>What the answer to one message has to agree with.</summary>
public sealed record ReplyExpectation
{
    public required string RequestType { get; init; }

    public required string Version { get; init; }

    public required string Nonce { get; init; }

    public required string? ProductInstanceIdentifier { get; init; }

    public byte[]? CertifiedKey { get; init; }

    public int? EntitlementVersion { get; init; }
}
