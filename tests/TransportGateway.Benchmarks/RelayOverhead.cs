using TransportGateway.Accounts;
using TransportGateway.Simulators;
using TransportGateway.Upstream;

namespace TransportGateway.Benchmarks;

/// <summary>What a message costs that goes through the relay, against the same kind of message sent straight to the upstream.</summary>
/// <remarks>The upstream is another gateway on the same machine, so every message costs it the same; a real one is a wide network away.</remarks>
internal sealed class RelayOverhead(EngineKind engine, BenchmarkOptions options, TimeProvider clock)
{
    private const int Products = 100;
    private const int MostRequests = 20_000;

    public async Task RunAsync()
    {
        await using var upstreamDatabase = await BenchmarkDatabase.CreateAsync(engine);
        var token = await upstreamDatabase.CreateTokenAsync(clock);
        using var upstream = await ServerProcess.StartGatewayAsync(upstreamDatabase, clock);
        await using var relayDatabase = await BenchmarkDatabase.CreateAsync(engine);
        await relayDatabase.CreateTokenAsync(clock);
        await relayDatabase.PrepareAsync(
            async (session, masterKey) => await new RelaySettings
            {
                Enabled = true,
                SmartTransport = new Uri(upstream.Address, GatewayClient.SmartTransportPath),
                Route = new UpstreamRoute { TlsAnchors = await File.ReadAllTextAsync(Path.Combine(upstreamDatabase.Folder, "root.pem")) },
                AccountId = (await new LocalAccounts(session).ListAsync(CancellationToken.None))[0].Id,
            }.SaveAsync(session, masterKey, "benchmark", clock.GetUtcNow(), CancellationToken.None),
            clock);
        using var relay = await ServerProcess.StartGatewayAsync(relayDatabase, clock);
        using var products = new Products(upstream.Address, upstream.Anchors, token, clock);
        await products.RegisterAsync(Products);

        await CompareAsync("authorisation, one at a time", 1);
        await CompareAsync($"authorisation, {options.Connections} at a time", options.Connections);

        async Task CompareAsync(string name, int connections)
        {
            var client = new GatewayClientOptions { KeepAlive = true, MaxConnections = connections };
            using var straight = new GatewayClient(upstream.Address, DeviceTransport.SmartTransport, upstream.Anchors, client);
            using var relayed = new GatewayClient(relay.Address, DeviceTransport.SmartTransport, relay.Anchors, client);
            var warm = await RoundAsync(relay, relayed, 500);
            await RoundAsync(upstream, straight, 500);
            var requests = Math.Clamp((int)(warm.PerSecond * options.Seconds), 100, MostRequests);
            var pairs = new List<(Round Straight, Round Relayed)>();
            for (var round = 0; round < options.Rounds; round++)
            {
                pairs.Add((await RoundAsync(upstream, straight, requests), await RoundAsync(relay, relayed, requests)));
            }

            Console.WriteLine(
                $"  relayed {name,-32} p50 ms {Median(pair => pair.Straight.P50.TotalMilliseconds):0.00} straight, {Median(pair => pair.Relayed.P50.TotalMilliseconds):0.00} relayed,"
                + $" ratio {Median(pair => pair.Relayed.P50 / pair.Straight.P50):0.00}; a second {Median(pair => pair.Straight.PerSecond):0} straight, {Median(pair => pair.Relayed.PerSecond):0} relayed,"
                + $" ratio {Median(pair => pair.Relayed.PerSecond / pair.Straight.PerSecond):0.00}; cpu s/1000 of the relay {Median(pair => pair.Relayed.ProcessorTime.TotalSeconds * 1000 / pair.Relayed.Requests):0.00}");

            double Median(Func<(Round Straight, Round Relayed), double> figure) => pairs.Select(figure).Order().ElementAt(pairs.Count / 2);

            async Task<Round> RoundAsync(ServerProcess server, GatewayClient to, int count)
            {
                var round = await Round.RunAsync(server, to, products.Authorizations(count), connections, Benchmark.SaysOk, clock);
                return round.Failures == 0 ? round : throw new InvalidOperationException($"{round.Failures} of {round.Requests} messages failed.");
            }
        }
    }
}
