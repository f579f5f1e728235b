using TransportGateway.Access;
using TransportGateway.Cluster;
using TransportGateway.Support;

namespace TransportGateway.Web.Administration;

/// <summary>The machine's clock, and the other node's (ssm-on-prem 1.3); facts alone.</summary>
internal sealed class TimePage(CompareClocks clocks, ClusterSnapshot cluster) : GatewayPage
{
    public TimeView Time { get; private set; } = null!;

    public bool IsPair => cluster.Plan is not null;

    [Needs(Permission.ManageSettings)]
    public async Task OnGetAsync() => Time = await clocks.ReadAsync(Aborted);
}
