namespace TransportGateway.Protocol;

/// <summary>What a product asks for. The texts on the wire stand in <see cref="WireNames"/>.</summary>
public enum RequestType
{
    /// <summary>Not in the alias table, or known by name only (Using Policy, conversions, export keys).</summary>
    Unknown,
    Registration,
    Authorization,
    IdCertRenew,
    Deregistration,
    ThirdPartyKey,
    Poll,
}
