using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Cluster.Tests.Load;
using TransportGateway.Simulators;

namespace TransportGateway.Cluster.Tests;

/// <summary>Every fault, several times, and a table of what came of it.</summary>
internal static class MatrixCommand
{
    public static async Task<int> RunAsync(int runs, IReadOnlyList<Fault> faults, TextWriter output)
    {
        await using var cluster = await ReadyCluster.CreateAsync();
        var results = new List<FaultResult>();
        foreach (var fault in faults)
        {
            for (var run = 0; run < runs; run++)
            {
                FaultResult result;
                try
                {
                    result = await cluster.Faults.ExecuteAsync(fault);
                }
                catch (InvalidOperationException exception)
                {
                    // The cluster is not Normal any more, so nothing after it would be a measurement.
                    await output.WriteLineAsync($"{fault.Name}: the cluster did not come back by itself. {exception.Message}");
                    await output.WriteLineAsync("\n" + FaultTable.Of(results));
                    return 1;
                }

                results.Add(result);
                await output.WriteLineAsync($"{result}");
                foreach (var lost in result.Lost.Take(3))
                {
                    await output.WriteLineAsync("  lost: " + lost);
                }

                foreach (var failure in result.PatientFailures.Take(3))
                {
                    await output.WriteLineAsync("  patient: " + failure);
                }

                await output.FlushAsync();
            }
        }

        await output.WriteLineAsync("\n" + FaultTable.Of(results));
        var missed = FaultTable.Missed(results);
        await output.WriteLineAsync(missed.Count == 0 ? "Every bar holds." : $"{missed.Count} bar(s) missed:\n  {string.Join("\n  ", missed)}");
        return missed.Count == 0 ? 0 : 1;
    }
}

/// <summary>A cluster that is deployed and Normal, with an account and a token.</summary>
internal sealed class ReadyCluster : IAsyncDisposable
{
    private readonly KeyPool _keys = new(20);

    private ReadyCluster(LabCluster cluster) => Cluster = cluster;

    public LabCluster Cluster { get; }

    public FaultRun Faults { get; private set; } = null!;

    public static async Task<ReadyCluster> CreateAsync()
    {
        var ready = new ReadyCluster(await LabCluster.CreateAsync());
        try
        {
            await ready.Cluster.StartGatewaysAsync();

            await ready.Cluster.DeployAsync();
            await LabCluster.TgctlAsync(ready.Cluster.Primary, "account", "create", "Load");
            var token = (await LabCluster.TgctlAsync(ready.Cluster.Primary, "token", "create", "--quiet")).Trim();
            ready.Faults = new FaultRun(ready.Cluster, ready.Cluster.Anchors(), token, ready._keys);
            return ready;
        }
        catch
        {
            await ready.DisposeAsync();
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Cluster.DisposeAsync();
        _keys.Dispose();
    }
}
