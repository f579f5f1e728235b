using System.Collections.Concurrent;
using TransportGateway.Protocol;

namespace TransportGateway.DeviceGateway;

/// <summary>How many messages of products were answered, how, and how fast, since the process started.</summary>
internal sealed class MessageFigures(RequestTypeNames types)
{
    /// <summary>Upper bounds of the classes of durations, in seconds.</summary>
    public static readonly IReadOnlyList<double> Bounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private static readonly string[] KnownStatus = [DeviceStatus.Ok, DeviceStatus.OkPoll, DeviceStatus.OkTryAgain, DeviceStatus.Failed, DeviceStatus.VersionTooHigh, "UNREADABLE", "TOO_MANY", "NOT_SERVED"];

    private readonly ConcurrentDictionary<Kind, Figure> _figures = new();

    /// <summary>In no order.</summary>
    public IEnumerable<(Kind Kind, Figure Figure)> All => _figures.Select(entry => (entry.Key, entry.Value));

    /// <param name="requestType">As the message names it. Spellings of one type are one, and all that nobody knows are one, since anybody can make up more.</param>
    /// <param name="status">Likewise: an upstream can say what it likes.</param>
    public void Add(string transport, string requestType, string status, TimeSpan duration) =>
        _figures.GetOrAdd(new Kind(transport, types.TypeOf(requestType).ToString(), KnownStatus.Contains(status) ? status : "other"), _ => new Figure()).Add(duration.TotalSeconds);

    internal sealed record Kind(string Transport, string RequestType, string Status);

    internal sealed class Figure
    {
        private readonly Lock _lock = new();
        private readonly long[] _classes = new long[Bounds.Count];
        private long _count;
        private double _seconds;

        public void Add(double seconds)
        {
            lock (_lock)
            {
                _count++;
                _seconds += seconds;
                for (var at = 0; at < _classes.Length; at++)
                {
                    _classes[at] += seconds <= Bounds[at] ? 1 : 0;
                }
            }
        }

        /// <summary>The count, the sum of the durations, and how many were no longer than each bound.</summary>
        public (long Count, double Seconds, long[] Classes) Read()
        {
            lock (_lock)
            {
                return (_count, _seconds, [.. _classes]);
            }
        }
    }
}
