using System.Text.Json.Nodes;
using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Cluster.Tests.Load;

namespace TransportGateway.Cluster.Tests;

/// <summary>The worst faults under load, on one cluster one after the other; all of them, several times: the program's matrix command.</summary>
public sealed class FaultTests
{
    /// <summary>Each with the cause that the event log gives for the change of roles.</summary>
    private static readonly (string Name, string Cause)[] Worst =
    [
        ("stalled-receiver-then-power-loss", "became active: .* was switched off by fencing"),
        ("kill-database", "became active: something failed on .*: postgres_monitor"),
        ("deployed-again", "became active: "),
    ];

    [Fact]
    public async Task After_the_worst_faults_nothing_acknowledged_is_lost_two_never_serve_and_the_cluster_heals_itself()
    {
        await using var ready = await ReadyCluster.CreateAsync();
        foreach (var (name, cause) in Worst)
        {
            var result = await ready.Faults.ExecuteAsync(Fault.Find(name));
            Assert.Matches(cause, result.RoleChange ?? "");
            Assert.Empty(result.Lost);
            Assert.Equal(0, result.TwoActive);
            Assert.Equal(0, result.RegistrationsLost);
            Assert.True(result.Acknowledged > 100, $"{result}");
        }

        // The last word: a switchover, in which no product that waits sees a failure.
        var planned = await ready.Faults.ExecuteAsync(Fault.Find("switchover"));
        Assert.Empty(planned.PatientFailures);
        Assert.Contains("became active: the role was moved from", planned.RoleChange, StringComparison.Ordinal);
        Assert.Empty(planned.Lost);
        Assert.Equal(0, planned.TwoActive);
        await ALostRegistrationIsCountedAsync(ready);
    }

    /// <summary>What is compared with zero everywhere can be something else.</summary>
    private static async Task ALostRegistrationIsCountedAsync(ReadyCluster ready)
    {
        await using var load = await ready.Faults.BeginLoadAsync();
        var active = await ready.Faults.ActiveAsync();
        await Wait.UntilAsync("products report", () => Task.FromResult(!load.Usages.IsEmpty), TimeSpan.FromSeconds(30));
        var id = JsonNode.Parse(await LabCluster.TgctlAsync(active, "instance", "list", "-o", "json"))!.AsArray().First(row => load.Usages.ContainsKey(row!["name"]!.GetValue<string>()))!["id"]!.GetValue<string>();
        await LabCluster.TgctlAsync(active, "instance", "remove", id, "--yes");

        await Wait.UntilAsync("products find out", () => Task.FromResult(load.RegistrationsLost > 0), TimeSpan.FromSeconds(30));
    }
}
