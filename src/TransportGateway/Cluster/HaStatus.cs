using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cluster;

/// <summary>The HA status, as either node shows it.</summary>
internal sealed class HaStatus(ClusterSnapshot snapshot, SwitchoverRequest switchover, Database database)
{
    public static readonly Sentence NotRunning = new("The cluster is not running on this node");

    public async Task<HaStatusView> ReadAsync(CancellationToken cancellationToken)
    {
        if (snapshot.Plan is not { } plan)
        {
            return new HaStatusView { Enabled = false };
        }

        var report = snapshot.Report();
        var active = report?.Active;
        return new HaStatusView
        {
            Enabled = true,
            State = report is { IsNormal: true } ? "Normal" : "Degraded",
            Sentence = report?.Sentence ?? NotRunning,
            Heartbeat = report is { HeartbeatIsConnected: true } ? "Connected" : "Disconnected",
            VirtualAddress = plan.VirtualAddress,
            ThisNode = plan.ThisNode,
            Active = active is null ? null : Card(active, "Active"),
            Standby = active is null ? null : report!.Members.Where(member => member != active).Select(Waiting).Single(),
            Nodes = report?.Members.Select(member => member == active ? Card(member, "Active") : Waiting(member)) ?? [],
            Witness = plan.Witness is null ? null : new WitnessView(plan.Witness, report is not null && report.Members.Any(member => member.WitnessVotes)),
            Fencing = plan.FenceAgent is null ? null : new FencingView(
                plan.FenceAgent,
                report is { FencingIsReady: true },
                report?.Fencings.Select(fencing => new FencingEventView(fencing.Target, fencing.Action, fencing.Status, fencing.Completed)) ?? []),
            Risks = report?.Risks ?? [],
            FailedActions = report?.Failures ?? [],
            Replication = await ReplicationAsync(cancellationToken),
            Switchover = Switchover(),
        };
    }

    private static NodeCard Waiting(ClusterMember member) => Card(member, member is { Online: true, DatabaseRuns: true } ? "Standby" : "Degraded");

    private static NodeCard Card(ClusterMember member, string badge) => new(
        member.Node.Name,
        member.Node.PublicAddress,
        member.Node.PrivateAddress,
        badge,
        member.Facts?.MemoryBytes,
        member.Facts?.MemoryFreeBytes,
        member.Facts?.DiskBytes,
        member.Facts?.DiskFreeBytes,
        member.Facts?.Version,
        member.Facts?.Seen);

    /// <summary>Null when there was none on this node since it booted.</summary>
    private SwitchoverView? Switchover()
    {
        var last = snapshot.Switchover();
        return switchover.AskedAt is { } asked && !(last is { State: SwitchoverProgress.UnderWay } && last.At >= asked)
            ? new SwitchoverView(SwitchoverView.Waiting, snapshot.Plan?.ThisNode ?? "", "", asked)
            : last is null ? null : new SwitchoverView(last.State, last.From, last.Sentence, last.At);
    }

    /// <summary>Null when this node's database does not answer.</summary>
    private async Task<ReplicationView?> ReplicationAsync(CancellationToken cancellationToken)
    {
        if (!database.CanBeStandby)
        {
            return null;
        }

        try
        {
            await using var session = await database.ReadAsync(cancellationToken);
            return await session.QuerySingleOrDefaultAsync<ReplicationView>(
                """
                SELECT CASE WHEN pg_is_in_recovery() THEN 'slave' ELSE 'master' END AS role,
                       coalesce((SELECT state FROM pg_stat_replication LIMIT 1), (SELECT status FROM pg_stat_wal_receiver LIMIT 1), 'none') AS state,
                       NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> '' AS waits_for_standby,
                       (SELECT round(extract(epoch FROM replay_lag) * 1000)::bigint FROM pg_stat_replication LIMIT 1) AS lag_milliseconds,
                       CASE WHEN pg_is_in_recovery()
                            THEN (SELECT greatest(latest_end_lsn - pg_last_wal_replay_lsn(), 0)::bigint FROM pg_stat_wal_receiver LIMIT 1)
                            ELSE (SELECT (sent_lsn - replay_lsn)::bigint FROM pg_stat_replication LIMIT 1) END AS lag_bytes
                """,
                null,
                cancellationToken);
        }
        catch (System.Data.Common.DbException)
        {
            return null;
        }
    }
}

internal sealed record HaStatusView
{
    /// <summary>Whether this machine is a node of a cluster; without it there is nothing else.</summary>
    public required bool Enabled { get; init; }

    public string? State { get; init; }

    public Sentence? Sentence { get; init; }

    public string? Heartbeat { get; init; }

    public string? VirtualAddress { get; init; }

    public string? ThisNode { get; init; }

    public NodeCard? Active { get; init; }

    public NodeCard? Standby { get; init; }

    /// <summary>Both nodes, also while none is active; empty while the cluster does not run here.</summary>
    public IEnumerable<NodeCard> Nodes { get; init; } = [];

    public ReplicationView? Replication { get; init; }

    public WitnessView? Witness { get; init; }

    public FencingView? Fencing { get; init; }

    public IEnumerable<Sentence> Risks { get; init; } = [];

    public IEnumerable<string> FailedActions { get; init; } = [];

    public SwitchoverView? Switchover { get; init; }
}

/// <param name="State"><see cref="Waiting"/>, or as <see cref="SwitchoverProgress"/> says.</param>
/// <param name="From">The node that served.</param>
/// <param name="Sentence">Why it failed; empty otherwise.</param>
internal sealed record SwitchoverView(string State, string From, string Sentence, DateTimeOffset At)
{
    /// <summary>Asked for, and not begun.</summary>
    public const string Waiting = "waiting";
}

internal sealed record NodeCard(
    string Name,
    string PublicAddress,
    string PrivateAddress,
    string Badge,
    long? MemoryBytes,
    long? MemoryFreeBytes,
    long? DiskBytes,
    long? DiskFreeBytes,
    string? Version,
    DateTimeOffset? LastHeartbeat);

internal sealed record WitnessView(string Address, bool Votes);

internal sealed record FencingView(string Agent, bool Ready, IEnumerable<FencingEventView> History);

internal sealed record FencingEventView(string Node, string Action, string Status, DateTimeOffset? Completed);

/// <summary>As this node's PostgreSQL sees it; the lag in time is known to the master alone.</summary>
internal sealed class ReplicationView
{
    public required string Role { get; init; }

    public required string State { get; init; }

    public required bool WaitsForStandby { get; init; }

    public long? LagMilliseconds { get; init; }

    public long? LagBytes { get; init; }
}
