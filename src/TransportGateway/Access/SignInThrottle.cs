using System.Net;
using System.Net.Sockets;
using TransportGateway.Http;
using TransportGateway.Protocol;

namespace TransportGateway.Access;

/// <summary>Slows down whoever guesses secrets: after ten failures a source waits a minute.</summary>
/// <remarks>
/// An attempt that is under way counts as if it had failed, until it has not: what a source sends at once beyond that waits for the answers, so that ten
/// wrong ones are all that it gets. Bounded: when too many sources fail at once, the one that failed first is forgotten. An IPv6 source counts by its /64.
/// </remarks>
internal sealed class SignInThrottle(TimeProvider clock)
{
    public const int MostSources = 10_000;
    public const int MostFailures = 10;
    public const int MostWaiting = 32;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Failures, DateTimeOffset Since)> _sources = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Attempts> _underWay = new(StringComparer.Ordinal);

    // In the order in which the time of sources began; what was counted anew since is skipped.
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
            return FailuresOf(Key(source)) >= MostFailures;
        }
    }

    public void Failed(string source)
    {
        lock (_lock)
        {
            Count(Key(source));
        }
    }

    /// <summary>Makes an attempt when its turn has come. One that ends by an exception, and so has no answer, counts as a failure.</summary>
    /// <returns>Null, and nothing was attempted, when the source failed too often.</returns>
    /// <exception cref="BusyException">Too many attempts of this source wait already.</exception>
    public async Task<T?> AttemptAsync<T>(string source, Func<Task<T>> attempt, Func<T, bool> isFailure, CancellationToken cancellationToken)
        where T : class
    {
        var key = Key(source);
        if (!await BeginAsync(key, cancellationToken))
        {
            return null;
        }

        var failed = true;
        try
        {
            var outcome = await attempt();
            failed = isFailure(outcome);
            return outcome;
        }
        catch (BusyException)
        {
            failed = false;
            throw;
        }
        finally
        {
            End(key, failed);
        }
    }

    private async Task<bool> BeginAsync(string key, CancellationToken cancellationToken)
    {
        while (true)
        {
            Attempts? attempts;
            Task ended;
            lock (_lock)
            {
                var failures = FailuresOf(key);
                if (failures >= MostFailures)
                {
                    return false;
                }

                if (!_underWay.TryGetValue(key, out attempts))
                {
                    _underWay[key] = attempts = new Attempts();
                }

                if (failures + attempts.Count < MostFailures)
                {
                    attempts.Count++;
                    return true;
                }

                if (attempts.Waiting >= MostWaiting)
                {
                    throw new BusyException(new Sentence("Too many sign-ins come from this address at once. Try again in a few seconds."));
                }

                attempts.Waiting++;
                ended = attempts.Ended.Task;
            }

            try
            {
                await ended.WaitAsync(cancellationToken);
            }
            finally
            {
                lock (_lock)
                {
                    attempts.Waiting--;
                }
            }
        }
    }

    private void End(string key, bool failed)
    {
        TaskCompletionSource ended;
        lock (_lock)
        {
            if (failed)
            {
                Count(key);
            }

            var attempts = _underWay[key];
            attempts.Count--;
            (ended, attempts.Ended) = (attempts.Ended, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
            if (attempts.Count == 0)
            {
                _underWay.Remove(key);
            }
        }

        ended.SetResult();
    }

    private int FailuresOf(string key) => _sources.TryGetValue(key, out var seen) && clock.GetUtcNow() - seen.Since < Window ? seen.Failures : 0;

    private void Count(string key)
    {
        var now = clock.GetUtcNow();
        if (_sources.TryGetValue(key, out var seen) && now - seen.Since < Window)
        {
            // The wait begins with the last of the ten, whenever the first was.
            var failures = seen.Failures + 1;
            var since = failures == MostFailures ? now : seen.Since;
            _sources[key] = (failures, since);
            if (since != seen.Since)
            {
                _order.Enqueue((key, since));
            }

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

    private static string Key(string source)
    {
        if (!IPAddress.TryParse(source, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return source;
        }

        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : Convert.ToHexString(address.GetAddressBytes(), 0, 8);
    }

    /// <summary>The attempts of one source that have no answer yet.</summary>
    private sealed class Attempts
    {
        public int Count { get; set; }

        public int Waiting { get; set; }

        /// <summary>Done when one of them ends; there is a new one then.</summary>
        public TaskCompletionSource Ended { get; set; } = new(TaskCreationOptions.RunContinuationsAsynchronously);
    }
}
