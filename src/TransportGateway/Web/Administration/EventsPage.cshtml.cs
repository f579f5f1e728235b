using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Everything that happened on this gateway.</summary>
internal sealed class EventsPage(Database database) : GatewayPage
{
    public EventListing Events { get; private set; } = null!;

    [Needs(Permission.ReadEvents, WholeGateway = true)]
    public async Task<IActionResult> OnGetAsync()
    {
        Events = await EventListing.ReadAsync(this, database, EventFilter.All);
        return Page();
    }

    [Needs(Permission.ReadEvents, WholeGateway = true)]
    public async Task<IActionResult> OnGetFileAsync() =>
        await EventListing.FileAsync(this, EventFilter.All);
}
