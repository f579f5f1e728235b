using System.Text.Json.Nodes;

namespace TransportGateway.Simulators;

/// <summary>The unique device identifier a product signs its messages with: seven keys, unused ones sent as explicit nulls.</summary>
public sealed record Sudi
{
    public string? Suvi { get; init; }

    public string? Uuid { get; init; }

    public string? HostIdentifier { get; init; }

    public string? MacAddress { get; init; }

    public required string UdiPid { get; init; }

    public required string UdiSerialNumber { get; init; }

    public string? UdiVid { get; init; }

    /// <summary>The text an ID certificate names the product by in its subject alternative name.</summary>
    public string DirectoryText => $"PID:{UdiPid} SN:{UdiSerialNumber}";

    internal JsonObject ToJson() => new()
    {
        ["suvi"] = Suvi,
        ["uuid"] = Uuid,
        ["host_identifier"] = HostIdentifier,
        ["mac_address"] = MacAddress,
        ["udi_pid"] = UdiPid,
        ["udi_serial_number"] = UdiSerialNumber,
        ["udi_vid"] = UdiVid,
    };
}
