namespace TransportGateway.Protocol;

/// <summary>The identity of a device. Which members are set depends on the product: usually PID and serial number, the UUID on virtual machines.</summary>
public sealed record Sudi(
    string? Suvi, string? Uuid, string? HostIdentifier, string? MacAddress, string? Pid, string? SerialNumber, string? Vid)
{
    /// <summary>Whether both state something and state it differently. What one of them leaves out contradicts nothing.</summary>
    public bool Contradicts(Sudi other) =>
        Differ(Suvi, other.Suvi)
        || Differ(Uuid, other.Uuid)
        || Differ(HostIdentifier, other.HostIdentifier)
        || Differ(MacAddress, other.MacAddress)
        || Differ(Pid, other.Pid)
        || Differ(SerialNumber, other.SerialNumber)
        || Differ(Vid, other.Vid);

    private static bool Differ(string? one, string? two) =>
        one is not null && two is not null && !string.Equals(one, two, StringComparison.Ordinal);
}
