using System.Globalization;
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
                var result = await cluster.Faults.ExecuteAsync(fault);
                results.Add(result);
                await output.WriteLineAsync($"{result}");
                foreach (var lost in result.Lost)
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

        await output.WriteLineAsync("\n| fault | runs | gap, median s | gap, worst s | acknowledged | lost | two active | normal again, median s | worst s |\n|---|---|---|---|---|---|---|---|---|");
        foreach (var group in results.GroupBy(result => result.Fault, StringComparer.Ordinal))
        {
            var gaps = group.Select(result => result.Gap.TotalSeconds).Order().ToArray();
            var backs = group.Select(result => result.BackToNormal.TotalSeconds).Order().ToArray();
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"| {group.Key} | {gaps.Length} | {Median(gaps):0.0} | {gaps[^1]:0.0} | {group.Sum(result => result.Acknowledged)} | {group.Sum(result => result.Lost.Count)} | {group.Sum(result => result.TwoActive)} | {Median(backs):0.0} | {backs[^1]:0.0} |"));
        }

        return results.TrueForAll(result => result.Lost.Count == 0 && result.TwoActive == 0 && result.RegistrationsLost == 0) ? 0 : 1;
    }

    private static double Median(double[] ordered) => (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
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
