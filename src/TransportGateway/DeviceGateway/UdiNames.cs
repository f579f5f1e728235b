using TransportGateway.Protocol;

namespace TransportGateway.DeviceGateway;

/// <summary>The UDIs of a product and its members as its ID certificate lists them (8.7.24).</summary>
internal static class UdiNames
{
    public static IReadOnlyList<string> Of(IEnumerable<Sudi?> udis) =>
        [.. udis.OfType<Sudi>().Select(Name).OfType<string>().Distinct(StringComparer.Ordinal)];

    private static string? Name(Sudi sudi) =>
        sudi.SerialNumber is not null ? $"PID:{sudi.Pid} SN:{sudi.SerialNumber}" : sudi.Uuid is not null ? $"UUID:{sudi.Uuid}" : null;
}
