using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>What Pacemaker says now.</summary>
internal static class ClusterState
{
    /// <summary>Null when the cluster does not run on this node.</summary>
    public static async Task<ClusterReport?> ReadAsync(CancellationToken cancellationToken)
    {
        if (Plans.OfThisMachine() is not { } plan)
        {
            return null;
        }

        var result = await Machine.RunAsync("crm_mon", ["--one-shot", "--output-as=xml", "--show-node-attributes", "--include=all"], cancellationToken);
        return ClusterReport.Parse(result.Output, plan);
    }
}
