using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>What one server did with one set of messages.</summary>
internal sealed record Round(int Requests, int Failures, TimeSpan Elapsed, TimeSpan ProcessorTime, TimeSpan P50, TimeSpan P99)
{
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(120);

    public double PerSecond => (Requests - Failures) / Elapsed.TotalSeconds;

    /// <param name="accepts">Whether the body of a 200 is a yes.</param>
    public static async Task<Round> RunAsync(
        ServerProcess server, GatewayClient client, IReadOnlyList<Prepared> messages, int connections, Func<byte[], bool> accepts, TimeProvider clock)
    {
        var latencies = new TimeSpan[messages.Count];
        var next = -1;
        var failures = 0;
        using var bound = new CancellationTokenSource(Longest, clock);
        var processor = server.ProcessorTime;
        var began = clock.GetTimestamp();
        await Task.WhenAll(Enumerable.Range(0, connections).Select(_ => Task.Run(WorkAsync, CancellationToken.None)));
        var elapsed = clock.GetElapsedTime(began);
        processor = server.ProcessorTime - processor;
        Array.Sort(latencies);
        return new Round(messages.Count, failures, elapsed, processor, latencies[latencies.Length / 2], latencies[(int)(latencies.Length * 0.99)]);

        async Task WorkAsync()
        {
            for (var index = Interlocked.Increment(ref next); index < messages.Count; index = Interlocked.Increment(ref next))
            {
                var sent = clock.GetTimestamp();
                var delivery = await client.SendRawAsync(messages[index].Body, client.ContentType, bound.Token);
                latencies[index] = clock.GetElapsedTime(sent);
                if (delivery is not Delivery.Answered { Answer: { Status: 200 } answer } || !accepts(answer.Body))
                {
                    Interlocked.Increment(ref failures);
                }
            }
        }
    }
}
