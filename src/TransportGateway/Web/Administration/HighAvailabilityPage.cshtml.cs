using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>The pair of nodes (ssm-on-prem 1.8), with the facts of both.</summary>
internal sealed class HighAvailabilityPage(HaStatus ha, Database database) : GatewayPage
{
    private static readonly EventFilter EventsOfCluster = new() { Kinds = [EventKinds.NodeActive, EventKinds.ClusterNormal, EventKinds.ClusterDegraded] };

    public HaStatusView Status { get; private set; } = null!;

    /// <summary>While no node is active both are shown all the same.</summary>
    public IEnumerable<(string Title, NodeCard? Node)> Cards => Status.Active is null && Status.Nodes.Any()
        ? Status.Nodes.Select(node => ("Server", (NodeCard?)node))
        : [("Active Server", Status.Active), ("Standby Server", Status.Standby)];

    public EventListing Events { get; private set; } = null!;

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (!Caller.IsForAllAccounts)
        {
            return Missing(T["There is nothing at this address."]);
        }

        Status = await ha.ReadAsync(Aborted);
        Events = await EventListing.ReadAsync(this, database, EventsOfCluster);
        return Page();
    }

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetFileAsync() =>
        Caller.IsForAllAccounts ? await EventListing.FileAsync(this, database, EventsOfCluster) : Missing(T["There is nothing at this address."]);
}
