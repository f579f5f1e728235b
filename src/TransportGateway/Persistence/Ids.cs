namespace TransportGateway.Persistence;

/// <summary>Identifiers are made by us, as text: they sort by time and look the same on both engines.</summary>
internal static class Ids
{
    private static readonly IdSequence Sequence = new();

    public static string New(DateTimeOffset now) => Sequence.Next(now);
}

/// <summary>UUIDs of version 7. Those of one millisecond sort in the order in which they were made, up to 4096 of them.</summary>
internal sealed class IdSequence
{
    private const int CounterBits = 12;
    private const long MostCounted = (1 << CounterBits) - 1;

    // The millisecond of the last one, and in the lowest bits how many it had before.
    private long _last;

    public string Next(DateTimeOffset now)
    {
        var first = now.ToUnixTimeMilliseconds() << CounterBits;
        long last, next;
        do
        {
            last = Volatile.Read(ref _last);
            next = last >= first && last < first + MostCounted ? last + 1 : first;
        }
        while (Interlocked.CompareExchange(ref _last, next, last) != last);

        Span<byte> bytes = stackalloc byte[16];
        Guid.CreateVersion7(now).TryWriteBytes(bytes, bigEndian: true, out _);
        // The version, and the counter in place of 12 of the 74 random bits (RFC 9562, 6.2, method 1).
        bytes[6] = (byte)(0x70 | ((next & MostCounted) >> 8));
        bytes[7] = (byte)next;
        return new Guid(bytes, bigEndian: true).ToString();
    }
}
