using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>How soon the gateway is ready, and how much memory it keeps.</summary>
internal sealed class Footprint(EngineKind engine, TimeProvider clock, Action<string, string, double, bool> expect)
{
    private const int Instances = 100_000;
    private const int Authorizations = 5_000;
    private const int Starts = 3;

    private static readonly TimeSpan Idle = TimeSpan.FromSeconds(5);

    public async Task RunAsync()
    {
        var fresh = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            await using var empty = await BenchmarkDatabase.CreateAsync(engine);
            using var first = await ServerProcess.StartGatewayAsync(empty, clock);
            fresh.Add(first.ReadyAfter.TotalSeconds);
        }

        Tell("seconds to ready, fresh data directory", "< 1", Median(fresh), 1);

        await using var database = await BenchmarkDatabase.CreateAsync(engine);
        var token = await database.CreateTokenAsync(clock);
        using (await ServerProcess.StartGatewayAsync(database, clock))
        {
            // Makes the certificates; the next ones find everything in place.
        }

        var existing = new List<double>();
        var idle = new List<double>();
        for (var i = 0; i < Starts; i++)
        {
            using var again = await ServerProcess.StartGatewayAsync(database, clock);
            existing.Add(again.ReadyAfter.TotalSeconds);
            await Task.Delay(Idle, clock);
            idle.Add(again.ResidentMegabytes);
        }

        Tell("seconds to ready, existing data directory", "< 1", Median(existing), 1);
        Tell("resident MB, idle", "< 90", Median(idle), 90);

        using (var key = new KeyPool(1))
        {
            await database.AddInstancesAsync(Instances, key.Keys[0].SubjectPublicKeyInfo, clock);
        }

        using var gateway = await ServerProcess.StartGatewayAsync(database, clock);
        using var products = new Products(gateway.Address, gateway.Anchors, token, clock);
        await products.RegisterAsync(100);
        using var client = new GatewayClient(
            gateway.Address, DeviceTransport.SmartTransport, gateway.Anchors, new GatewayClientOptions { KeepAlive = true, MaxConnections = 16 });
        var round = await Round.RunAsync(gateway, client, products.Authorizations(Authorizations), 16, Benchmark.SaysOk, clock);
        if (round.Failures > 0)
        {
            throw new InvalidOperationException($"{round.Failures} of {round.Requests} authorisations failed.");
        }

        Tell($"resident MB, {Instances} instances, {round.Requests} authorisations", "< 250", gateway.ResidentMegabytes, 250);
    }

    private void Tell(string what, string wanted, double measured, double most)
    {
        Console.WriteLine($"  {what,-58}{measured,10:0.00}");
        expect($"{engine}: {what}", wanted, measured, measured < most);
    }

    private static double Median(List<double> figures) => figures.Order().ElementAt(figures.Count / 2);
}
