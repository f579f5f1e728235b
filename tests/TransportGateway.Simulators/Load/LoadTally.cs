using System.Text.RegularExpressions;
using HdrHistogram;

namespace TransportGateway.Simulators.Load;

/// <summary>Counts of one worker, or of all of them together. Not for use by two threads at once.</summary>
internal sealed partial class LoadTally
{
    private const long LongestMicroseconds = 120_000_000;
    private const int DistinctReasons = 20;

    private readonly Dictionary<LoadOperation, Line> lines = [];

    public void Count(LoadOperation operation, ProductResult result, TimeSpan latency)
    {
        var line = LineOf(operation);
        line.Sent++;
        switch (result)
        {
            case ProductResult.Accepted:
                line.Accepted++;
                line.Latency.RecordValue(Math.Clamp((long)latency.TotalMicroseconds, 1, LongestMicroseconds));
                break;
            case ProductResult.Refused or ProductResult.MustPoll:
                Add(line.Refused, result.Display);
                break;
            default:
                Add(line.Failed, result.Display);
                break;
        }
    }

    public void Add(LoadTally other)
    {
        foreach (var (operation, theirs) in other.lines)
        {
            var line = LineOf(operation);
            line.Sent += theirs.Sent;
            line.Accepted += theirs.Accepted;
            line.Latency.Add(theirs.Latency);
            AddAll(line.Refused, theirs.Refused);
            AddAll(line.Failed, theirs.Failed);
        }
    }

    public IReadOnlyList<LoadLine> ToLines(TimeSpan elapsed) =>
    [
        .. lines.OrderBy(line => line.Key).Select(line => new LoadLine
        {
            Operation = line.Key,
            Sent = line.Value.Sent,
            Accepted = line.Value.Accepted,
            Refused = line.Value.Refused,
            Failed = line.Value.Failed,
            AcceptedPerSecond = line.Value.Accepted / elapsed.TotalSeconds,
            P50 = At(line.Value, 50),
            P90 = At(line.Value, 90),
            P99 = At(line.Value, 99),
            P999 = At(line.Value, 99.9),
            Max = At(line.Value, 100),
        }),
    ];

    private static TimeSpan At(Line line, double percentile) =>
        line.Accepted == 0 ? TimeSpan.Zero : TimeSpan.FromMicroseconds(line.Latency.GetValueAtPercentile(percentile));

    private static void AddAll(Dictionary<string, long> mine, Dictionary<string, long> theirs)
    {
        foreach (var (reason, count) in theirs)
        {
            Add(mine, reason, count);
        }
    }

    private static void Add(Dictionary<string, long> reasons, string reason, long count = 1)
    {
        // What differs from product to product is not part of the reason.
        var kind = Particular().Replace(reason, "...");
        if (!reasons.ContainsKey(kind) && reasons.Count >= DistinctReasons)
        {
            kind = "other reasons";
        }

        reasons[kind] = reasons.GetValueOrDefault(kind) + count;
    }

    [GeneratedRegex(
        "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|load-[0-9a-zA-Z-]+|[0-9]{6,}",
        RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Particular();

    private Line LineOf(LoadOperation operation)
    {
        if (!lines.TryGetValue(operation, out var line))
        {
            lines[operation] = line = new Line();
        }

        return line;
    }

    private sealed class Line
    {
        public long Sent { get; set; }

        public long Accepted { get; set; }

        public Dictionary<string, long> Refused { get; } = new(StringComparer.Ordinal);

        public Dictionary<string, long> Failed { get; } = new(StringComparer.Ordinal);

        public LongHistogram Latency { get; } = new(LongestMicroseconds, 3);
    }
}
