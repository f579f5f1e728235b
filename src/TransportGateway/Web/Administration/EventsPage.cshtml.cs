using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Reports;

namespace TransportGateway.Web.Administration;

/// <summary>Everything that happened on this gateway.</summary>
internal sealed class EventsPage(Database database) : GatewayPage
{
    public Listing List { get; private set; } = null!;

    public IReadOnlyList<EventRow> Events { get; private set; } = [];

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (!Caller.IsForAllAccounts)
        {
            return Missing(T["There is nothing at this address."]);
        }

        List = Listing.From(Request, "-time");
        await using var session = await database.ReadAsync(Aborted);
        (Events, List.Total) = await new EventLog(session).SearchAsync(null, kinds: null, List.Search, Listing.PageSize, List.Offset, Aborted);
        return Page();
    }

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync()
    {
        if (!Caller.IsForAllAccounts)
        {
            return Missing(T["There is nothing at this address."]);
        }

        await using var session = await database.ReadAsync(Aborted);
        return EventFile.Of(await BuildReport.EventsAsync(session, null, Listing.From(Request, "-time").Search, Aborted));
    }
}
