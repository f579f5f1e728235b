using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Everything that happened on this gateway.</summary>
internal sealed class EventsPage(Database database) : GatewayPage
{
    public EventListing Events { get; private set; } = null!;

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (!Caller.IsForAllAccounts)
        {
            return Missing(T["There is nothing at this address."]);
        }

        Events = await EventListing.ReadAsync(this, database, EventFilter.All);
        return Page();
    }

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync() =>
        Caller.IsForAllAccounts ? await EventListing.FileAsync(this, database, EventFilter.All) : Missing(T["There is nothing at this address."]);
}
