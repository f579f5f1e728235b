using System.Collections.Concurrent;
using System.Text.Json;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cluster;

/// <summary>What Pacemaker said last on this node. The resource agents leave it in a file, so the gateway needs no right in the cluster.</summary>
internal sealed partial class ClusterSnapshot(ClusterFiles files, TimeProvider clock, ILogger<ClusterSnapshot> logger)
{
    /// <summary>The agents write it every few seconds; one that is older is of a cluster that does not run here.</summary>
    private static readonly TimeSpan Stale = TimeSpan.FromSeconds(20);

    // Pacemaker forgets what a node said of itself when it leaves; when it was last heard matters most then.
    private readonly ConcurrentDictionary<string, NodeFacts> _lastFacts = new(StringComparer.Ordinal);

    /// <summary>Null while HA is not enabled.</summary>
    public ClusterPlan? Plan
    {
        get
        {
            try
            {
                return File.Exists(files.Plan) ? ClusterPlan.FromJson(File.ReadAllText(files.Plan)) : null;
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or JsonException)
            {
                Log.Unreadable(logger, files.Plan, exception.Message);
                return null;
            }
        }
    }

    /// <summary>Null when the cluster does not run on this node.</summary>
    public ClusterReport? Report()
    {
        try
        {
            return Plan is { } plan && File.Exists(files.Snapshot) && clock.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(files.Snapshot)) < Stale
                ? Remember(ClusterReport.Parse(File.ReadAllText(files.Snapshot), plan))
                : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.Unreadable(logger, files.Snapshot, exception.Message);
            return null;
        }
    }

    private ClusterReport? Remember(ClusterReport? report) => report is null ? null : report with
    {
        Members = [.. report.Members.Select(member =>
        {
            if (member.Facts is { } facts)
            {
                _lastFacts[member.Node.Name] = facts;
            }

            return member with { Facts = _lastFacts.GetValueOrDefault(member.Node.Name) };
        })],
    };

    /// <summary>What became of the last switchover that was begun on this node; null when there was none since it booted.</summary>
    public SwitchoverProgress? Switchover()
    {
        try
        {
            return File.Exists(files.Switchover) ? SwitchoverProgress.FromJson(File.ReadAllText(files.Switchover)) : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            Log.Unreadable(logger, files.Switchover, exception.Message);
            return null;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "{File} cannot be read: {Reason}")]
        public static partial void Unreadable(ILogger logger, string file, string reason);
    }
}

/// <param name="Plan">Written by tgctl ha.</param>
/// <param name="Snapshot">Written by the resource agents.</param>
/// <param name="Switchover">Written by tgctl ha switchover.</param>
/// <param name="SwitchoverRequest">Made by this gateway, and removed by systemd when it was done or refused.</param>
internal sealed record ClusterFiles(string Plan, string Snapshot, string Switchover, string SwitchoverRequest)
{
    public static ClusterFiles Installed { get; } = new(ClusterPlan.Path, "/run/transport-gateway-ha/status.xml", SwitchoverProgress.Path, SwitchoverProgress.RequestPath);
}
