using System.Globalization;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary><c>ha_status</c>, in the words that administrators of this kind of server know.</summary>
internal static class StatusText
{
    public const string NotRunning = "Error: cluster is not currently running on this node";

    private const string Rule = "=====";

    public static async Task PrintAsync(TextWriter output, CancellationToken cancellationToken)
    {
        var plan = Plans.OfThisMachine();
        var report = await ClusterState.ReadAsync(cancellationToken);
        if (plan is null || report is null)
        {
            await output.WriteLineAsync(NotRunning);
            if (plan is null)
            {
                await output.WriteLineAsync("HA is not enabled.");
                return;
            }
        }
        else
        {
            await PrintClusterAsync(output, plan, report, cancellationToken);
        }

        await PrintReplicationAsync(output, plan, report, cancellationToken);
    }

    public static async Task<JsonObject> ToJsonAsync(CancellationToken cancellationToken)
    {
        var plan = Plans.OfThisMachine();
        var report = await ClusterState.ReadAsync(cancellationToken);
        return new JsonObject
        {
            ["enabled"] = plan is not null,
            ["running"] = report is not null,
            ["thisNode"] = plan?.ThisNode,
            ["state"] = report is null ? null : report.IsNormal ? "Normal" : "Degraded",
            ["sentence"] = report?.Sentence.ToString(),
            ["heartbeat"] = report is null ? null : report.HeartbeatIsConnected ? "Connected" : "Disconnected",
            ["virtualAddress"] = plan?.VirtualAddress,
            ["activeNode"] = report?.Active?.Node.Name,
            ["witness"] = plan?.Witness,
            ["witnessVotes"] = plan?.Witness is null ? null : report?.Members.Any(member => member.WitnessVotes),
            ["fenceAgent"] = plan?.FenceAgent,
            ["fencingReady"] = plan?.FenceAgent is null ? null : report?.FencingIsReady,
            ["risks"] = report is null ? null : new JsonArray([.. report.Risks.Select(risk => JsonValue.Create(risk.ToString()))]),
            ["failures"] = report is null ? null : new JsonArray([.. report.Failures.Select(failure => JsonValue.Create(Tables.Plain(failure)))]),
            ["nodes"] = report is null ? null : new JsonArray([.. report.Members.Select(Node)]),
            ["daemons"] = plan is null ? null : new JsonObject(await DaemonsAsync(plan, cancellationToken)),
            ["databaseRole"] = await RoleAsync(cancellationToken),
            ["replication"] = await ReplicationAsync(cancellationToken),
        };
    }

    private static async Task<Dictionary<string, JsonNode?>> DaemonsAsync(ClusterPlan plan, CancellationToken cancellationToken)
    {
        var daemons = new Dictionary<string, JsonNode?>(StringComparer.Ordinal);
        foreach (var unit in new[] { HaPaths.CorosyncUnit, HaPaths.PacemakerUnit, HaPaths.QDeviceUnit, HaPaths.GatewayUnit }.Where(unit => plan.Witness is not null || unit != HaPaths.QDeviceUnit))
        {
            var active = await Machine.IsActiveAsync(unit, cancellationToken) ? "active" : "inactive";
            var enabled = await Machine.IsEnabledAsync(unit, cancellationToken) ? "enabled" : "disabled";
            daemons[Path.GetFileNameWithoutExtension(unit)] = $"{active}/{enabled}";
        }

        return daemons;
    }

    /// <summary>Null when the database does not run here.</summary>
    private static async Task<JsonNode?> ReplicationAsync(CancellationToken cancellationToken) => await LocalDatabase.TryAskAsync(
        """
        SELECT json_build_object(
                 'state', coalesce((SELECT state FROM pg_stat_replication LIMIT 1), (SELECT status FROM pg_stat_wal_receiver LIMIT 1), 'none'),
                 'waitsForStandby', NOT pg_is_in_recovery() AND current_setting('synchronous_standby_names') <> '',
                 'lagMilliseconds', (SELECT round(extract(epoch FROM replay_lag) * 1000)::bigint FROM pg_stat_replication LIMIT 1),
                 'lagBytes', CASE WHEN pg_is_in_recovery()
                               THEN (SELECT greatest(latest_end_lsn - pg_last_wal_replay_lsn(), 0)::bigint FROM pg_stat_wal_receiver LIMIT 1)
                               ELSE (SELECT (sent_lsn - replay_lsn)::bigint FROM pg_stat_replication LIMIT 1) END)
        """,
        cancellationToken) is { } answer ? JsonNode.Parse(answer) : null;

    private static JsonObject Node(ClusterMember member) => new()
    {
        ["name"] = member.Node.Name,
        ["publicAddress"] = member.Node.PublicAddress,
        ["privateAddress"] = member.Node.PrivateAddress,
        ["online"] = member.Online,
        ["primaryDatabase"] = member.IsPrimary,
        ["mayTakeOver"] = member.MayBePromoted,
        ["serves"] = member.Serves,
        ["version"] = member.Facts?.Version,
        ["memoryBytes"] = member.Facts?.MemoryBytes,
        ["memoryFreeBytes"] = member.Facts?.MemoryFreeBytes,
        ["diskBytes"] = member.Facts?.DiskBytes,
        ["diskFreeBytes"] = member.Facts?.DiskFreeBytes,
        ["lastHeartbeat"] = member.Facts?.Seen.ToString("O", CultureInfo.InvariantCulture),
    };

    private static async Task PrintClusterAsync(TextWriter output, ClusterPlan plan, ClusterReport report, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync($"State: {(report.IsNormal ? "Normal" : "Degraded")}  {report.Sentence}");
        await output.WriteLineAsync($"Heartbeat: {(report.HeartbeatIsConnected ? "Connected" : "Disconnected")}");
        await output.WriteLineAsync($"VIP: {plan.VirtualAddress}  Active: {report.Active?.Node.Name ?? "none"}");
        await output.WriteLineAsync($"Witness: {(plan.Witness is null ? "none" : $"{plan.Witness} ({(report.Members.Any(member => member.WitnessVotes) ? "votes" : "does not answer")})")}");
        await output.WriteLineAsync($"Fencing: {(plan.FenceAgent is null or ClusterPlan.Watchdog ? plan.FenceAgent ?? "none" : string.Join(", ", report.FenceDevices.Select(device => $"{device.Key} {(device.Value ? "ready" : "not ready")}")))}");
        foreach (var risk in report.Risks)
        {
            await output.WriteLineAsync($"WARNING: {risk}");
        }

        if (report.Failures.Count > 0)
        {
            await output.WriteLineAsync("\nFailed Actions:");
            foreach (var failure in report.Failures)
            {
                await output.WriteLineAsync($"* {Tables.Plain(failure)}");
            }
        }

        await output.WriteLineAsync("\nPCSD Status:");
        foreach (var member in report.Members.OrderBy(member => member.Node != plan.This))
        {
            await output.WriteLineAsync($"  {member.Node.Name}: {(member.Online ? "Online" : "Offline")}");
        }

        await output.WriteLineAsync("\nDaemon Status:");
        foreach (var (name, state) in await DaemonsAsync(plan, cancellationToken))
        {
            await output.WriteLineAsync($"  {name}: {state}");
        }
    }

    private static async Task PrintReplicationAsync(TextWriter output, ClusterPlan plan, ClusterReport? report, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync($"\n{Rule}\nDatabase Replication Status:\n{Rule}");
        var role = await RoleAsync(cancellationToken);
        if (role is null)
        {
            await output.WriteLineAsync("DB service not currently running.");
            return;
        }

        var other = $"{plan.Peer.Name} ({plan.Peer.PrivateAddress})";
        await output.WriteLineAsync(role == "master"
            ? $"Database is currently the replication master - Replicating to {other}"
            : $"Database is currently the replication slave - Replicating from {other}");
        await output.WriteLineAsync("\nReplication to slave:");
        await output.WriteAsync(await LocalDatabase.TryAskAsync(
            """
            SELECT client_addr, backend_start, state, coalesce(round(extract(epoch FROM write_lag) * 1000), 0) AS write_lag,
                   coalesce(round(extract(epoch FROM flush_lag) * 1000), 0) AS flush_lag, coalesce(round(extract(epoch FROM replay_lag) * 1000), 0) AS replay_lag
              FROM pg_stat_replication
            """,
            cancellationToken,
            aligned: true));
        await output.WriteLineAsync("Replication from master:");
        await output.WriteAsync(await LocalDatabase.TryAskAsync("SELECT pg_last_wal_replay_lsn() AS pg_last_wal_replay_location", cancellationToken, aligned: true));
        if (role == "master" && report is not null)
        {
            var waits = (await LocalDatabase.TryAskAsync("SHOW synchronous_standby_names", cancellationToken))?.Trim().Length > 0;
            await output.WriteLineAsync(waits
                ? $"Every change is on both nodes before it is acknowledged."
                : $"Changes are acknowledged without {plan.Peer.Name}, which is away.");
        }
    }

    /// <summary><c>master</c>, <c>slave</c>, or null when the database does not run here.</summary>
    private static async Task<string?> RoleAsync(CancellationToken cancellationToken) =>
        (await LocalDatabase.TryAskAsync("SELECT pg_is_in_recovery()", cancellationToken))?.Trim() switch
        {
            "f" => "master",
            "t" => "slave",
            _ => null,
        };
}
