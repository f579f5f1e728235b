using System.Net;
using System.Net.Sockets;

namespace TransportGateway.Access;

/// <summary>Slows down whoever guesses secrets: after ten failures a source waits a minute.</summary>
/// <remarks>Bounded: when too many sources fail at once, the one that failed first is forgotten. An IPv6 source counts by its /64.</remarks>
internal sealed class SignInThrottle(TimeProvider clock)
{
    public const int MostSources = 10_000;
    private const int MostFailures = 10;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Failures, DateTimeOffset Since)> _sources = new(StringComparer.Ordinal);

    // In the order in which sources first failed in their window; what was counted anew since is skipped.
    private readonly Queue<(string Source, DateTimeOffset Since)> _order = new();

    public int Sources
    {
        get
        {
            lock (_lock)
            {
                return _sources.Count;
            }
        }
    }

    public bool IsBlocked(string source)
    {
        lock (_lock)
        {
            return _sources.TryGetValue(Key(source), out var seen) && seen.Failures >= MostFailures && clock.GetUtcNow() - seen.Since < Window;
        }
    }

    public void Failed(string source)
    {
        var key = Key(source);
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_sources.TryGetValue(key, out var seen) && now - seen.Since < Window)
            {
                _sources[key] = (seen.Failures + 1, seen.Since);
                return;
            }

            while (_order.TryPeek(out var oldest) && (_sources.Count >= MostSources || now - oldest.Since >= Window))
            {
                _order.Dequeue();
                if (_sources.TryGetValue(oldest.Source, out var kept) && kept.Since == oldest.Since)
                {
                    _sources.Remove(oldest.Source);
                }
            }

            _sources[key] = (1, now);
            _order.Enqueue((key, now));
        }
    }

    private static string Key(string source)
    {
        if (!IPAddress.TryParse(source, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return source;
        }

        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : Convert.ToHexString(address.GetAddressBytes(), 0, 8);
    }
}
