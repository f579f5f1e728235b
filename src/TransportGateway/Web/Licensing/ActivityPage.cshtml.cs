using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Reports;

namespace TransportGateway.Web.Licensing;

/// <summary>The event log of the whole account.</summary>
internal sealed class ActivityPage(Database database) : LicensingPage(database)
{
    public Listing List { get; private set; } = null!;

    public IReadOnlyList<EventRow> Events { get; private set; } = [];

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (await FindAsync(whole: true) is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "-time");
        await using var session = await Database.ReadAsync(Aborted);
        (Events, List.Total) = await new EventLog(session).SearchAsync([Account.Id], kinds: null, List.Search, Listing.PageSize, List.Offset, Aborted);
        return Page();
    }

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync()
    {
        if (await FindAsync(whole: true) is { } missing)
        {
            return missing;
        }

        await using var session = await Database.ReadAsync(Aborted);
        return EventFile.Of(await BuildReport.EventsAsync(session, [Account.Id], Listing.From(Request, "-time").Search, Aborted));
    }
}
