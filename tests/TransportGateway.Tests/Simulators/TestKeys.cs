using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

/// <summary>Keys that all tests share: making one takes longer than most tests.</summary>
internal static class TestKeys
{
    private static readonly Lazy<KeyPool> Shared = new(() => new KeyPool(2));

    public static KeyPool Pool => Shared.Value;
}
