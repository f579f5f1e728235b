namespace TransportGateway.Simulators;

/// <summary>
/// A few ready keys that many simulated products share in turn: making one takes some tenths of a second, and a thousand
/// products in a test need not wait for a thousand of them.
/// </summary>
public sealed class KeyPool : IDisposable
{
    private readonly ProductKey[] keys;
    private int taken = -1;

    public KeyPool(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        keys = [.. Enumerable.Range(0, size).Select(_ => ProductKey.Create())];
    }

    public IReadOnlyList<ProductKey> Keys => keys;

    public ProductKey Next() => keys[(uint)Interlocked.Increment(ref taken) % (uint)keys.Length];

    public void Dispose()
    {
        foreach (var key in keys)
        {
            key.Dispose();
        }
    }
}
