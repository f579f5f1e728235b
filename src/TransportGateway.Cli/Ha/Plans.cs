using System.Text.Json;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>The plan of this machine's cluster.</summary>
internal static class Plans
{
    /// <summary>Null while HA is not enabled.</summary>
    public static ClusterPlan? OfThisMachine()
    {
        try
        {
            return File.Exists(ClusterPlan.Path) ? ClusterPlan.FromJson(File.ReadAllText(ClusterPlan.Path)) : null;
        }
        catch (JsonException exception)
        {
            throw new TgctlException($"{ClusterPlan.Path} cannot be read ({exception.Message}). Run ha_teardown, then ha_deploy again.");
        }
    }

    public static ClusterPlan Needed() => OfThisMachine() ?? throw new TgctlException("HA is not enabled.");
}
