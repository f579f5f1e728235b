using System.Text.Json.Nodes;
using TransportGateway.Cli;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Upstream;

namespace TransportGateway.Benchmarks;

/// <summary>A synchronisation of many product instances with a simulated Software Central: time, the gateway's memory, bytes.</summary>
internal sealed class SynchronizationCost(EngineKind engine, TimeProvider clock, Action<string, string, double, bool> expect)
{
    private const int Instances = 100_000;
    private const int Changes = 100;
    private const string SmartAccount = "benchmark.example.com";

    public async Task RunAsync()
    {
        var folder = Directory.CreateTempSubdirectory("tg-bench-central-").FullName;
        try
        {
            await using var central = await SoftwareCentral.StartAsync(folder, clock);
            central.AddSmartAccount(SmartAccount, "Benchmark");
            await using var database = await BenchmarkDatabase.CreateAsync(engine);
            await database.CreateTokenAsync(clock);
            using (var key = new KeyPool(1))
            {
                await database.AddInstancesAsync(Instances, key.Keys[0].SubjectPublicKeyInfo, clock);
            }

            await database.PrepareAsync((session, masterKey) => ConfigureAsync(session, masterKey, central), clock);
            using var gateway = await ServerProcess.StartGatewayAsync(database, clock);
            await TgctlAsync(database, "account", "register", "Benchmark Account");

            var full = await MeasureAsync(gateway, database, $"full, {Instances} instances", "--full");
            expect($"{engine}: MB more at the peak of a full synchronisation", "< 100", full.Megabytes, full.Megabytes < 100);
            var nothing = await MeasureAsync(gateway, database, "standard, nothing changed");
            await ChangeAsync(database);
            var some = await MeasureAsync(gateway, database, $"standard, {Changes} instances changed");
            expect($"{engine}: bytes of {Changes} changes, of a full one's", "< 0.005", (double)some.Bytes / full.Bytes, some.Bytes < full.Bytes * 0.005);
            expect($"{engine}: seconds of {Changes} changes, of a full one's", "< 0.05", some.Seconds / full.Seconds, some.Seconds < full.Seconds * 0.05);
            Console.WriteLine($"  synchronisation: {(double)(some.Bytes - nothing.Bytes) / Changes:0} bytes a change");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task ConfigureAsync(DbSession session, MasterKey masterKey, SoftwareCentral central)
    {
        await session.ExecuteAsync(
            "UPDATE accounts SET status = 'awaiting-authorization', smart_account = @SmartAccount, cloud_virtual_account = 'Benchmark'",
            new { SmartAccount },
            CancellationToken.None);
        await new CentralSettings
        {
            Address = central.Address,
            TokenAddress = central.TokenAddress,
            ClientId = central.ClientId,
            ClientSecret = new Secret(central.ClientSecret),
            ExchangeAnchors = central.AnchorPem,
            Route = new UpstreamRoute { TlsAnchors = central.AnchorPem },
            Schedule = new Schedule(SchedulePeriod.Never, 0, 0),
        }.SaveAsync(session, masterKey, "benchmark", clock.GetUtcNow(), CancellationToken.None);
    }

    /// <summary>As if so many products had reported something else.</summary>
    private static async Task ChangeAsync(BenchmarkDatabase database)
    {
        await using var connection = BenchmarkDatabase.Connect(database.Kind, database.ConnectionString);
        await connection.OpenAsync();
        await using var command = connection.CreateCommand();
        command.CommandText = $"UPDATE product_instances SET revision = revision + 1 WHERE id IN (SELECT id FROM product_instances ORDER BY id LIMIT {Changes})";
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<(double Seconds, long Bytes, double Megabytes)> MeasureAsync(ServerProcess gateway, BenchmarkDatabase database, string name, params string[] mode)
    {
        gateway.ForgetPeak();
        var before = gateway.ResidentMegabytes;
        await TgctlAsync(database, ["sync", "start", "--account", "Benchmark Account", "--wait", .. mode]);
        var peak = gateway.PeakResidentMegabytes;
        var run = JsonNode.Parse(await TgctlAsync(database, "sync", "history", "--account", "Benchmark Account", "-o", "json"))!.AsArray()[0]!;
        var seconds = (run["endedAt"]!.GetValue<DateTimeOffset>() - run["startedAt"]!.GetValue<DateTimeOffset>()).TotalSeconds;
        var bytes = run["bytesSent"]!.GetValue<long>();
        Console.WriteLine(
            $"  synchronisation {name,-40}{seconds,8:0.00} s {run["instancesSent"],8} instances {bytes,11} bytes, resident MB {before:0.0}, at the peak {peak:0.0}");
        return (seconds, bytes, peak - before);
    }

    private static async Task<string> TgctlAsync(BenchmarkDatabase database, params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        return await Tgctl.RunAsync([.. arguments, "--data-directory", database.Folder], output, errors) == 0
            ? output.ToString()
            : throw new InvalidOperationException($"tgctl {string.Join(' ', arguments)}: {errors}");
    }
}
