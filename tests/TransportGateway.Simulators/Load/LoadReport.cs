using System.Globalization;

namespace TransportGateway.Simulators.Load;

/// <summary>The figures of one operation. Latencies are those of accepted requests, from the first byte out to the last byte in.</summary>
public sealed record LoadLine
{
    public required LoadOperation Operation { get; init; }

    public required long Sent { get; init; }

    public required long Accepted { get; init; }

    /// <summary>Answers that said no, by what they said.</summary>
    public required IReadOnlyDictionary<string, long> Refused { get; init; }

    /// <summary>Requests without an answer, or with one that did not verify, by reason.</summary>
    public required IReadOnlyDictionary<string, long> Failed { get; init; }

    public required double AcceptedPerSecond { get; init; }

    public required TimeSpan P50 { get; init; }

    public required TimeSpan P90 { get; init; }

    public required TimeSpan P99 { get; init; }

    public required TimeSpan P999 { get; init; }

    public required TimeSpan Max { get; init; }
}

public sealed record LoadReport
{
    public required TimeSpan Elapsed { get; init; }

    /// <summary>Products registered before the measurement began.</summary>
    public required int PreparedInstances { get; init; }

    public required TimeSpan Preparation { get; init; }

    public required IReadOnlyList<LoadLine> Lines { get; init; }

    public long Accepted => Lines.Sum(line => line.Accepted);

    public long NotAccepted => Lines.Sum(line => line.Sent - line.Accepted);

    public double AcceptedPerSecond => Accepted / Elapsed.TotalSeconds;

    public void WriteTo(TextWriter output, LoadPlan plan)
    {
        if (PreparedInstances > 0)
        {
            output.WriteLine($"{PreparedInstances} products registered beforehand in {Preparation.TotalSeconds:0.0} s.");
        }

        output.WriteLine();
        output.WriteLine(
            $"{"operation",-10}{"sent",9}{"accepted",10}{"refused",9}{"failed",8}"
            + $"{"per s",9}{"p50 ms",9}{"p90 ms",9}{"p99 ms",9}{"p99.9",9}{"max",9}");
        foreach (var line in Lines)
        {
            output.WriteLine(
                $"{line.Operation.ToString().ToLowerInvariant(),-10}{line.Sent,9}{line.Accepted,10}"
                + $"{line.Refused.Values.Sum(),9}{line.Failed.Values.Sum(),8}"
                + $"{line.AcceptedPerSecond,9:0.0}{Ms(line.P50),9}{Ms(line.P90),9}{Ms(line.P99),9}{Ms(line.P999),9}{Ms(line.Max),9}");
        }

        output.WriteLine();
        output.WriteLine($"{Accepted} accepted in {Elapsed.TotalSeconds:0.00} s, {AcceptedPerSecond:0.0} per second.");
        foreach (var line in Lines)
        {
            var name = line.Operation.ToString().ToLowerInvariant();
            foreach (var (reason, count) in line.Refused)
            {
                output.WriteLine($"  {count} x {name} refused: {reason}");
            }

            foreach (var (reason, count) in line.Failed)
            {
                output.WriteLine($"  {count} x {name} failed: {reason}");
            }
        }

        output.WriteLine(Conditions(plan));
    }

    /// <summary>What a reader has to know to compare these figures with others.</summary>
    private static string Conditions(LoadPlan plan) =>
        $"{plan.Connections} requests under way at a time, each sent when the one before was answered (a slow gateway is asked less often); "
        + (plan.FreshConnections ? "a new TLS connection with a full handshake for each; " : "connections kept; ")
        + (plan.Presign ? "messages signed beforehand; " : "signing between requests, so it lowers the rate and not the latencies; ")
        + plan.Verification switch
        {
            LoadVerification.Now => "every answer verified when it came.",
            LoadVerification.Later => "every answer verified after the measurement.",
            _ => "answers not verified, only their status read.",
        };

    private static string Ms(TimeSpan latency) => latency.TotalMilliseconds.ToString("0.00", CultureInfo.InvariantCulture);
}
