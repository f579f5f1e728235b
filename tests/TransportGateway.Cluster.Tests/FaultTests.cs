using TransportGateway.Cluster.Tests.Load;

namespace TransportGateway.Cluster.Tests;

/// <summary>The worst faults under load, on one cluster one after the other; all of them, several times: the program's matrix command.</summary>
public sealed class FaultTests
{
    private static readonly string[] Worst = ["stalled-link-then-power-loss", "cut-between-nodes", "kill-database"];

    [Fact]
    public async Task After_the_worst_faults_nothing_acknowledged_is_lost_two_never_serve_and_the_cluster_heals_itself()
    {
        await using var ready = await ReadyCluster.CreateAsync();
        foreach (var name in Worst)
        {
            var result = await ready.Faults.ExecuteAsync(Fault.Find(name));
            Assert.Empty(result.Lost);
            Assert.Equal(0, result.TwoActive);
            Assert.Equal(0, result.RegistrationsLost);
            Assert.True(result.Acknowledged > 100, result.ToString());
        }

        // The last word: a switchover, in which no product that waits sees a failure.
        var planned = await ready.Faults.ExecuteAsync(Fault.Find("switchover"));
        Assert.Empty(planned.PatientFailures);
        Assert.Empty(planned.Lost);
        Assert.Equal(0, planned.TwoActive);
    }
}
