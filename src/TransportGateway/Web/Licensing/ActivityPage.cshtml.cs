using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>The event log of the whole account.</summary>
internal sealed class ActivityPage(Database database) : LicensingPage(database)
{
    public EventListing Events { get; private set; } = null!;

    private EventFilter Scope => AccountScope.Events(Caller) with { AccountId = Account.Id };

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (await FindAsync(Part.Whole) is { } missing)
        {
            return missing;
        }

        Events = await EventListing.ReadAsync(this, Database, Scope);
        return Page();
    }

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync() => await FindAsync(Part.Whole) ?? await EventListing.FileAsync(this, Scope);
}
