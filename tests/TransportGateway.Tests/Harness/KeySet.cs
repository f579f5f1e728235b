using System.Collections.Concurrent;
using System.Security.Cryptography;

namespace TransportGateway.Tests.Harness;

/// <summary>Ready RSA keys for one gateway or Software Central at a time: no two that run side by side ever share one.</summary>
internal sealed class KeySet : IDisposable
{
    private const int Size = 5;

    private static readonly ConcurrentBag<RSAParameters[]> Free = [];

    private readonly RSAParameters[] _keys = Free.TryTake(out var ready) ? ready : [.. Enumerable.Range(0, Size).Select(_ => Make())];
    private int _taken = -1;

    /// <summary>Another key each time; beyond the set they are made anew.</summary>
    public RSA Next()
    {
        var at = Interlocked.Increment(ref _taken);
        return at < Size ? RSA.Create(_keys[at]) : RSA.Create(2048);
    }

    public void Dispose() => Free.Add(_keys);

    private static RSAParameters Make()
    {
        using var key = RSA.Create(2048);
        return key.ExportParameters(includePrivateParameters: true);
    }
}
