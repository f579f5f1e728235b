using System.Text;
using System.Text.Json;
using TransportGateway.Benchmarks.Floor;
using TransportGateway.Simulators;

namespace TransportGateway.Benchmarks;

/// <summary>Runs all scenarios and prints the table.</summary>
internal sealed class Benchmark(BenchmarkOptions options, TimeProvider clock)
{
    private const int RegisteredProducts = 200;
    private const int WarmUpRequests = 5000;
    private const int MostRequestsInRound = 50_000;
    private const int Sample = 20;

    private readonly List<string> _targets = [];
    private long _failures;

    public async Task<int> RunAsync()
    {
        Console.WriteLine(
            $"Processors: {Environment.ProcessorCount}. RSA-2048 signatures a second on one of them: {Rsa.SignaturesPerSecond(clock):0}. "
            + $"Client, gateway or floor, and database share them. {options.Connections} requests under way at a time.");
        foreach (var engine in options.Engines)
        {
            Console.WriteLine();
            Console.WriteLine(engine == EngineKind.Sqlite
                ? $"{engine} (the gateway commits several requests together; the floor each by itself)"
                : $"{engine} (the gateway sends statements together where it can; the floor each by itself)");
            foreach (var part in options.Parts)
            {
                await (part switch
                {
                    "throughput" => ThroughputAsync(engine),
                    "footprint" => new Footprint(engine, clock, Expect).RunAsync(),
                    "pages" => new PageCost(engine, clock, Expect).RunAsync(),
                    "relay" => new RelayOverhead(engine, options, clock).RunAsync(),
                    _ => new SynchronizationCost(engine, clock, Expect).RunAsync(),
                });
            }
        }

        Console.WriteLine();
        Console.WriteLine($"{"target",-58}{"wanted",14}{"measured",12}");
        _targets.ForEach(Console.WriteLine);
        Console.WriteLine();
        Console.WriteLine(_failures == 0 ? "No request failed." : $"{_failures} requests FAILED.");
        return _failures == 0 ? 0 : 1;
    }

    private async Task ThroughputAsync(EngineKind engine)
    {
        await using var gatewayDatabase = await BenchmarkDatabase.CreateAsync(engine);
        var token = await gatewayDatabase.CreateTokenAsync(clock);
        using var gateway = await ServerProcess.StartGatewayAsync(gatewayDatabase, clock);
        using var products = new Products(gateway.Address, gateway.Anchors, token, clock);
        await products.RegisterAsync(RegisteredProducts);

        Console.WriteLine($"  {await gateway.TlsAsync()}");
        await using var floorDatabase = await BenchmarkDatabase.CreateAsync(engine);
        await floorDatabase.CreateTokenAsync(clock);
        await floorDatabase.AddInstancesAsync(RegisteredProducts, products.PublicKey, clock);
        using var floor = await ServerProcess.StartFloorAsync(
            floorDatabase,
            [.. await SizesAsync(gateway, products.Authorizations(1)[0]), .. await SizesAsync(gateway, products.Registrations(1)[0])],
            clock);

        Console.WriteLine(
            $"  {"",-36}{"gateway/s",10}{"floor/s",9}{"ratio",7}{"min",6}{"max",6}   {"p50 ms",12}{"p99 ms",14}{"cpu s/1000",14}  (gateway | floor)");
        var authorization = await CompareAsync("authorisation, keep-alive", FloorServer.AuthorizePath, products.Authorizations, fresh: false);
        Expect($"{engine}: authorisation, gateway/floor", ">= 0.85", authorization.Ratio, authorization.Ratio >= 0.85);
        Expect($"{engine}: authorisations a second", ">= 2000", authorization.PerSecond, authorization.PerSecond >= 2000);
        Expect($"{engine}: the same on two processors of its own", ">= 2000", authorization.OnTwoProcessors, authorization.OnTwoProcessors >= 2000);
        var registration = await CompareAsync("registration, keep-alive", FloorServer.RegisterPath, products.Registrations, fresh: false);
        Expect($"{engine}: registration, gateway/floor", ">= 0.80", registration.Ratio, registration.Ratio >= 0.8);
        var fresh = await CompareAsync("registration, fresh TLS connection", FloorServer.RegisterPath, products.Registrations, fresh: true);
        Expect($"{engine}: registration with fresh TLS, gateway/floor", ">= 0.80", fresh.Ratio, fresh.Ratio >= 0.8);

        async Task<(double Ratio, double PerSecond, double OnTwoProcessors)> CompareAsync(string name, string floorPath, Func<int, Prepared[]> make, bool fresh)
        {
            var client = new GatewayClientOptions { KeepAlive = !fresh, MaxConnections = fresh ? int.MaxValue : options.Connections };
            using var toGateway = new GatewayClient(gateway.Address, DeviceTransport.SmartTransport, gateway.Anchors, client);
            using var toFloor = new GatewayClient(new Uri(floor.Address, floorPath), DeviceTransport.SmartTransport, floor.Anchors, client);
            var messages = make(WarmUpRequests);
            var warm = await GatewayRoundAsync();
            await FloorRoundAsync();
            var requests = Math.Clamp((int)(warm.PerSecond * options.Seconds), 100, MostRequestsInRound);
            var pairs = new List<(Round Gateway, Round Floor)>();
            for (var round = 0; round < options.Rounds; round++)
            {
                messages = make(requests);
                pairs.Add(round % 2 == 0
                    ? (await GatewayRoundAsync(), await FloorRoundAsync())
                    : Swap(await FloorRoundAsync(), await GatewayRoundAsync()));
                _failures += pairs[^1].Gateway.Failures + pairs[^1].Floor.Failures;
                await Products.VerifyAsync(messages, Sample);
            }

            var ratios = pairs.Select(pair => pair.Gateway.PerSecond / pair.Floor.PerSecond).Order().ToArray();
            var (ofGateway, ofFloor) = (pairs.ConvertAll(pair => pair.Gateway), pairs.ConvertAll(pair => pair.Floor));
            Console.WriteLine(
                $"  {name,-36}{Median(ofGateway, round => round.PerSecond),10:0}{Median(ofFloor, round => round.PerSecond),9:0}"
                + $"{ratios[ratios.Length / 2],7:0.00}{ratios[0],6:0.00}{ratios[^1],6:0.00}   "
                + Both(round => round.P50.TotalMilliseconds, "0.0", 12) + Both(round => round.P99.TotalMilliseconds, "0.0", 14)
                + Both(round => round.ProcessorTime.TotalSeconds * 1000 / round.Requests, "0.00", 14));
            return (ratios[ratios.Length / 2], Median(ofGateway, round => round.PerSecond), Median(ofGateway, round => 2 * round.Requests / round.ProcessorTime.TotalSeconds));

            Task<Round> GatewayRoundAsync() => Round.RunAsync(gateway, toGateway, messages, options.Connections, SaysOk, clock);

            Task<Round> FloorRoundAsync() => Round.RunAsync(floor, toFloor, messages, options.Connections, static _ => true, clock);

            string Both(Func<Round, double> figure, string format, int width) =>
                (Median(ofGateway, figure).ToString(format) + " | " + Median(ofFloor, figure).ToString(format)).PadLeft(width);
        }
    }

    private static (Round Gateway, Round Floor) Swap(Round floor, Round gateway) => (gateway, floor);

    private static double Median(IEnumerable<Round> rounds, Func<Round, double> figure)
    {
        var figures = rounds.Select(figure).Order().ToArray();
        return figures[figures.Length / 2];
    }

    /// <summary>Bytes of the gateway's answer and characters of the text in it that is stored and signed.</summary>
    private async Task<IReadOnlyList<string>> SizesAsync(ServerProcess gateway, Prepared message)
    {
        using var client = new GatewayClient(gateway.Address, DeviceTransport.SmartTransport, gateway.Anchors);
        var answer = ((Delivery.Answered)await client.SendRawAsync(message.Body, client.ContentType)).Answer;
        if (!SaysOk(answer.Body))
        {
            throw new InvalidOperationException($"The gateway refused a message: {Encoding.UTF8.GetString(answer.Body)}");
        }

        using var envelope = JsonDocument.Parse(answer.Body);
        return [$"{answer.Body.Length}", $"{envelope.RootElement.GetProperty("response").GetString()!.Length}"];
    }

    /// <summary>Whether the body of a 200 is a yes.</summary>
    public static bool SaysOk(byte[] answer) => answer.AsSpan().IndexOf("status\\\":\\\"OK\\\""u8) >= 0;

    private void Expect(string what, string wanted, double measured, bool met) =>
        _targets.Add($"{what,-58}{wanted,14}{measured,12:0.00}{(met ? "" : "  MISSED")}");
}
