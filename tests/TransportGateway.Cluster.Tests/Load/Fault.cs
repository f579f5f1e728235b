using TransportGateway.Cluster.Tests.Lab;

namespace TransportGateway.Cluster.Tests.Load;

/// <summary>Something that goes wrong, how it is mended where somebody has to, and what is expected of the cluster.</summary>
/// <param name="Happen">Given the active node.</param>
/// <param name="Mend">What people or cables do afterwards; nothing, where the cluster has to come back by itself.</param>
internal sealed record Fault(string Name, Func<LabCluster, LabNode, Task> Happen, Func<LabCluster, LabNode, Task> Mend)
{
    private const int Few = 60;

    /// <summary>As many acknowledgements have to come under the fault before it is mended.</summary>
    public int Enough { get; init; } = Few;

    /// <summary>No node can serve before it is mended.</summary>
    public bool StopsService { get; init; }

    /// <summary>The median of the gaps has to be shorter; null where the gap is people's, or a link's.</summary>
    public TimeSpan? GapBar { get; init; }

    /// <summary>It is planned: nobody who waits sees a failure.</summary>
    public bool IsPlanned { get; init; }

    /// <summary>Products have to hang up while their commits wait, or the fault was none.</summary>
    public bool HasHangUps { get; init; }

    private static readonly TimeSpan StopBar = TimeSpan.FromSeconds(6);
    private static readonly TimeSpan LossBar = TimeSpan.FromSeconds(10);

    /// <summary>Worst first: these run in every build.</summary>
    public static IReadOnlyList<Fault> All { get; } =
    [
        new("stalled-link-then-power-loss", StallThenPowerLossAsync, PowerOnAsync) { GapBar = LossBar },
        new("stalled-receiver-then-power-loss", StallReceiverThenPowerLossAsync, PowerOnAsync) { GapBar = LossBar, HasHangUps = true },
        new("cut-between-nodes", (cluster, _) => CutAsync(cluster, cut: true), (cluster, _) => CutAsync(cluster, cut: false)) { GapBar = LossBar },
        new("kill-database", (_, active) => KillDatabaseAsync(active), NothingAsync) { GapBar = StopBar },
        new("power-loss-of-active", (_, active) => active.PowerOffAsync(), PowerOnAsync) { GapBar = LossBar },
        new("power-loss-of-standby", (cluster, active) => cluster.Other(active).PowerOffAsync(), (cluster, active) => PowerOnAsync(cluster, cluster.Other(active))) { GapBar = LossBar },
        new("kill-gateway", (_, active) => active.RunAsync("pkill", "-9", "-x", "TransportGatewa"), NothingAsync) { GapBar = StopBar },
        new("graceful-stop", (_, active) => active.RunAsync("ha_cluster_stop"), (_, active) => active.RunAsync("ha_cluster_start", "--no-wait")) { GapBar = StopBar },
        new("isolated-active", (cluster, active) => PlugAsync(cluster, active, plugged: false), (cluster, active) => PlugAsync(cluster, active, plugged: true)) { GapBar = LossBar },
        new("one-way-cut", (cluster, active) => OneWayAsync(cluster, active, dropped: true), (cluster, active) => OneWayAsync(cluster, active, dropped: false)) { GapBar = LossBar },
        new("slow-lossy-link", (cluster, active) => SlowAsync(cluster, active, slow: true), (cluster, active) => SlowAsync(cluster, active, slow: false)) { Enough = 300 },
        new("witness-gone", (cluster, _) => cluster.Witness.PowerOffAsync(), (cluster, _) => cluster.Witness.PowerOnAsync()) { GapBar = LossBar },
        new("full-disk", (_, active) => FillAsync(active), (_, active) => active.RunAsync("rm", "-f", "/var/lib/transport-gateway-db/filler")) { GapBar = LossBar },
        new("standby-outlived-by-log", OutliveStandbyAsync, (cluster, active) => cluster.Other(active).RunAsync("ha_cluster_start", "--no-wait")) { GapBar = LossBar },
        new("both-lost-active-first", (cluster, active) => BothOffAsync(cluster, active), (cluster, active) => BothOnAsync(active, cluster.Other(active))) { StopsService = true },
        new("both-lost-standby-first", (cluster, active) => BothOffAsync(cluster, active), (cluster, active) => BothOnAsync(cluster.Other(active), active)) { StopsService = true },
        new("deployed-again", DeployAgainAsync, NothingAsync),
        new("secondary-replaced", (cluster, _) => cluster.Secondary.BreakAsync(), (cluster, _) => ReplaceSecondaryAsync(cluster)),
        new("primary-replaced", (cluster, _) => cluster.Primary.BreakAsync(), (cluster, _) => ReplacePrimaryAsync(cluster)),
        new("switchover", (_, active) => active.RunAsync("tgctl", "ha", "switchover"), NothingAsync) { IsPlanned = true },
        new("rolling-upgrade", UpgradeAsync, NothingAsync) { IsPlanned = true },
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

    /// <summary>Commits wait for a standby that does not take them, products hang up, and then the active node loses power.</summary>
    private static async Task StallReceiverThenPowerLossAsync(LabCluster cluster, LabNode active)
    {
        var standby = cluster.Other(active);
        await standby.RunAsync("pkill", "-STOP", "-f", "walreceiver");
        await Task.Delay(TimeSpan.FromMilliseconds(2500), TimeProvider.System);
        await active.PowerOffAsync();
        await standby.RunAsync("pkill", "-CONT", "-f", "walreceiver");
    }

    /// <summary>The standby is away for so long that the active node does not have the log any more with which it could go on.</summary>
    private static async Task OutliveStandbyAsync(LabCluster cluster, LabNode active)
    {
        await cluster.Other(active).RunAsync("ha_cluster_stop");
        await active.RunAsync("bash", "-c", "echo 'wal_keep_size = 0' >/var/lib/transport-gateway-db/conf/local.conf && chmod 644 /var/lib/transport-gateway-db/conf/local.conf");
        foreach (var statement in new[] { "SELECT pg_reload_conf()", "SELECT pg_switch_wal()", "CHECKPOINT", "SELECT pg_logical_emit_message(false, 'lab', 'x')", "SELECT pg_switch_wal()", "CHECKPOINT" })
        {
            await active.SqlAsync("postgres", statement);
        }

        await active.RunAsync("rm", "/var/lib/transport-gateway-db/conf/local.conf");
        await active.SqlAsync("postgres", "SELECT pg_reload_conf()");
    }

    /// <summary>As when a witness is added later, and with the secondary node active, whose changes the other one has to get first.</summary>
    private static async Task DeployAgainAsync(LabCluster cluster, LabNode active)
    {
        if (active == cluster.Primary)
        {
            await active.RunAsync("tgctl", "ha", "switchover");
        }

        await cluster.DeployAsync();
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

    /// <summary>As the operator's guide says: the secondary node goes on alone, and is the primary one of the cluster that it deploys with the new machine.</summary>
    private static async Task ReplacePrimaryAsync(LabCluster cluster)
    {
        await cluster.Primary.ReplaceAsync();
        await cluster.Secondary.RunAsync("ha_teardown", "--yes");
        cluster.SwapNames();
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
