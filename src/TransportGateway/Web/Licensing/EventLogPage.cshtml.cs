using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>The event log of one local virtual account, what came there and what left it included.</summary>
internal sealed class EventLogPage(Database database) : LicensingPage(database)
{
    public EventListing Events { get; private set; } = null!;

    private EventFilter Scope => AccountScope.Events(Caller) with { VirtualAccountId = VirtualAccount.Id };

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        Events = await EventListing.ReadAsync(this, Database, Scope);
        return Page();
    }

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync() => await FindAsync() ?? await EventListing.FileAsync(this, Scope);
}
