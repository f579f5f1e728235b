using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Web.Administration;

/// <summary>The pair of nodes (ssm-on-prem 1.8), with the facts of both, and a switchover for administrators.</summary>
internal sealed class HighAvailabilityPage(HaStatus ha, AskForSwitchover ask, Database database) : GatewayPage
{
    private const string EventsTab = "events";

    private static readonly EventFilter EventsOfCluster = new() { Kinds = [EventKinds.NodeActive, EventKinds.ClusterNormal, EventKinds.ClusterDegraded, EventKinds.SwitchoverAsked] };

    /// <summary>Empty for the host, else <c>events</c>.</summary>
    public string Tab { get; private set; } = "";

    public HaStatusView Status { get; private set; } = null!;

    /// <summary>While no node is active both are shown all the same.</summary>
    public IEnumerable<(string Title, NodeCard? Node)> Cards => Status.Active is null && Status.Nodes.Any()
        ? Status.Nodes.Select(node => ("Server", (NodeCard?)node))
        : [("Active Server", Status.Active), ("Standby Server", Status.Standby)];

    public EventListing Events { get; private set; } = null!;

    /// <summary>What the use case asks as well; the button is offered where it would be refused only by a race.</summary>
    public bool MaySwitchOver => Status is { State: "Normal", Switchover: null or { State: SwitchoverProgress.Done or SwitchoverProgress.Failed } };

    [Needs(Permission.ReadInventory, WholeGateway = true)]
    public async Task<IActionResult> OnGetAsync(string? tab)
    {
        if (tab is not (null or "" or EventsTab))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync(tab ?? "");
        return Page();
    }

    [Needs(Permission.ReadInventory, WholeGateway = true)]
    public async Task<IActionResult> OnGetFileAsync() =>
        await EventListing.FileAsync(this, EventsOfCluster);

    [Needs(Permission.ManageCluster, WholeGateway = true)]
    public async Task<IActionResult> OnPostSwitchOverAsync()
    {
        await LoadAsync("");
        return await ask.ExecuteAsync(Caller.Name, Aborted) switch
        {
            AskForSwitchover.Outcome.Asked(var to) => Done(T["The switchover to {0} was asked for.", to], "/administration/high-availability"),
            AskForSwitchover.Outcome.Refused(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private async Task LoadAsync(string tab)
    {
        Tab = tab;
        Status = await ha.ReadAsync(Aborted);
        if (tab == EventsTab)
        {
            Events = await EventListing.ReadAsync(this, database, EventsOfCluster);
        }
    }
}
