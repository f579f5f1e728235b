using TransportGateway.Cluster.Tests.Lab;

namespace TransportGateway.Cluster.Tests.Load;

/// <summary>Something that goes wrong, how it is mended where somebody has to, and what is expected of the cluster.</summary>
/// <param name="Happen">Given the active node.</param>
/// <param name="Mend">What people or cables do afterwards; nothing, where the cluster has to come back by itself.</param>
/// <param name="Enough">As many acknowledgements have to come under the fault before it is mended.</param>
internal sealed record Fault(string Name, Func<LabCluster, LabNode, Task> Happen, Func<LabCluster, LabNode, Task> Mend, int Enough = Fault.Few)
{
    public const int Few = 60;

    /// <summary>Worst first: these run in every build.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("stalled-link-then-power-loss", StallThenPowerLossAsync, PowerOnAsync),
        new("cut-between-nodes", (cluster, _) => CutAsync(cluster, cut: true), (cluster, _) => CutAsync(cluster, cut: false)),
        new("kill-database", (_, active) => KillDatabaseAsync(active), NothingAsync),
        new("power-loss-of-active", (_, active) => active.PowerOffAsync(), PowerOnAsync),
        new("power-loss-of-standby", (cluster, active) => cluster.Other(active).PowerOffAsync(), (cluster, active) => PowerOnAsync(cluster, cluster.Other(active))),
        new("kill-gateway", (_, active) => active.RunAsync("pkill", "-9", "-x", "TransportGatewa"), NothingAsync),
        new("graceful-stop", (_, active) => active.RunAsync("ha_cluster_stop"), (_, active) => active.RunAsync("ha_cluster_start", "--no-wait")),
        new("isolated-active", (cluster, active) => PlugAsync(cluster, active, plugged: false), (cluster, active) => PlugAsync(cluster, active, plugged: true)),
        new("one-way-cut", (cluster, active) => OneWayAsync(cluster, active, dropped: true), (cluster, active) => OneWayAsync(cluster, active, dropped: false)),
        new("slow-lossy-link", (cluster, active) => SlowAsync(cluster, active, slow: true), (cluster, active) => SlowAsync(cluster, active, slow: false), Enough: 300),
        new("witness-gone", (cluster, _) => cluster.Witness.PowerOffAsync(), (cluster, _) => cluster.Witness.PowerOnAsync()),
        new("full-disk", (_, active) => FillAsync(active), (_, active) => active.RunAsync("rm", "-f", "/var/lib/transport-gateway-db/filler")),
        new("both-lost-active-first", (cluster, active) => BothOffAsync(cluster, active), (cluster, active) => BothOnAsync(active, cluster.Other(active))),
        new("both-lost-standby-first", (cluster, active) => BothOffAsync(cluster, active), (cluster, active) => BothOnAsync(cluster.Other(active), active)),
        new("secondary-replaced", (cluster, _) => cluster.Secondary.PowerOffAsync(), (cluster, _) => ReplaceSecondaryAsync(cluster)),
        new("switchover", (_, active) => active.RunAsync("tgctl", "ha", "switchover"), NothingAsync),
        new("rolling-upgrade", UpgradeAsync, NothingAsync),
    ];

    public static Fault Find(string name) => All.Single(fault => fault.Name == name);

    private static Task NothingAsync(LabCluster cluster, LabNode active) => Task.CompletedTask;

    private static Task PowerOnAsync(LabCluster cluster, LabNode node) => node.PowerOnAsync();

    private static Task<string> KillDatabaseAsync(LabNode active) =>
        active.RunAsync("bash", "-c", "kill -9 $(head -n 1 /var/lib/transport-gateway-db/data/postmaster.pid)");

    private static async Task CutAsync(LabCluster cluster, bool cut)
    {
        foreach (var node in new[] { cluster.Primary, cluster.Secondary })
        {
            await cluster.Network.IsolateAsync(node.PublicCable, cut);
            await cluster.Network.IsolateAsync(node.PrivateCable, cut);
        }
    }

    private static async Task PlugAsync(LabCluster cluster, LabNode node, bool plugged)
    {
        await cluster.Network.CableAsync(node.PublicCable, plugged);
        await cluster.Network.CableAsync(node.PrivateCable, plugged);
    }

    /// <summary>100 ms and one frame in twenty, in each direction, on both cables of the standby.</summary>
    private static async Task SlowAsync(LabCluster cluster, LabNode active, bool slow)
    {
        var standby = cluster.Other(active);
        await cluster.Network.SlowAsync(standby.PublicCable, LabNetwork.Public, slow);
        await cluster.Network.SlowAsync(standby.PrivateCable, LabNetwork.Private, slow);
    }

    private static Task OneWayAsync(LabCluster cluster, LabNode active, bool dropped) => cluster.Network.DropAsync(active, cluster.Other(active), dropped);

    /// <summary>The standby's cables are dead for 0.7 s, too short for anybody to notice, and then the active node loses power: what was written in between never arrived.</summary>
    private static async Task StallThenPowerLossAsync(LabCluster cluster, LabNode active)
    {
        var standby = cluster.Other(active);
        await PlugAsync(cluster, standby, plugged: false);
        await Task.Delay(TimeSpan.FromMilliseconds(700), TimeProvider.System);
        await active.PowerOffAsync();
        await PlugAsync(cluster, standby, plugged: true);
    }

    /// <summary>As the operator's guide says: the standby, a switchover, and the other one.</summary>
    private static async Task UpgradeAsync(LabCluster cluster, LabNode active)
    {
        var standby = cluster.Other(active);
        await cluster.UpgradeAsync(standby, "99.1.0");
        await LabCluster.UntilNormalAsync(active);
        await active.RunAsync("tgctl", "ha", "switchover");
        await LabCluster.UntilNormalAsync(standby);
        await cluster.UpgradeAsync(active, "99.1.0");
    }

    /// <summary>As the operator's guide says: the same commands as at first.</summary>
    private static async Task ReplaceSecondaryAsync(LabCluster cluster)
    {
        await cluster.Secondary.ReplaceAsync();
        await cluster.DeployAsync();
    }

    private static async Task BothOffAsync(LabCluster cluster, LabNode active)
    {
        await active.PowerOffAsync();
        await cluster.Other(active).PowerOffAsync();
    }

    private static async Task BothOnAsync(LabNode first, LabNode second)
    {
        await first.PowerOnAsync();
        await Task.Delay(TimeSpan.FromSeconds(8), TimeProvider.System);
        await second.PowerOnAsync();
    }

    private static Task<string> FillAsync(LabNode active) =>
        active.RunAsync("bash", "-c", "head -c 100G /dev/zero >/var/lib/transport-gateway-db/filler 2>/dev/null; true");
}
