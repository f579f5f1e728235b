using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Web.Licensing;

/// <summary>One licence: its terms, who uses it, what happened to it, and its way to another local virtual account.</summary>
internal sealed class LicensePage(ListLicenses licenses, TransferLicenses transfer, Database database) : LicensingPage(database)
{
    public ListLicenses.License License { get; private set; } = null!;

    /// <summary>Null for who may not see them here.</summary>
    public IReadOnlyList<EntitlementRow>? Terms { get; private set; }

    public Listing UsesList { get; private set; } = null!;

    public IReadOnlyList<InventoryUse> Uses { get; private set; } = [];

    /// <summary>Transfers, changes of what is purchased, and usage, in the whole account as far as the person may see it; null for who may see none.</summary>
    public EventListing? Events { get; private set; }

    private EventFilter EventScope => AccountScope.Events(Person!.Caller.For(Permission.ReadEvents)) with { AccountId = Account.Id, License = License.Tag };

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync(string? tag) => await LoadAsync(tag) ?? Page();

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync(string? tag) => await LoadAsync(tag) ?? await EventListing.FileAsync(this, EventScope);

    [Needs(Permission.ManageLicenses)]
    public async Task<IActionResult> OnPostTransferAsync(string? tag, long quantity, string? target)
    {
        if (await LoadAsync(tag) is { } missing)
        {
            return missing;
        }

        return await transfer.ExecuteAsync(new TransferLicenses.Request(Caller, VirtualAccount, tag ?? "", "", quantity, target ?? ""), Aborted) switch
        {
            TransferLicenses.Outcome.Transferred(var name, _, var moved, var to) => Done(T["{0} of {1} went to {2}.", moved, name, to.Name], Path("licenses")),
            TransferLicenses.Outcome.Invalid(var reason) => Refuse(T[reason]),
            TransferLicenses.Outcome.NotEnough(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
            _ => Refuse(T["There is no such local virtual account, or you may not see it."], StatusCodes.Status404NotFound),
        };
    }

    private async Task<IActionResult?> LoadAsync(string? tag)
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        if ((await licenses.ExecuteAsync(Account.Id, VirtualAccount.Id, Aborted)).FirstOrDefault(license => license.Tag == tag) is not { } found)
        {
            return Missing(T["This licence is neither bought nor used here."]);
        }

        License = found;
        Events = MayHere(Permission.ReadEvents) ? await EventListing.ReadAsync(this, Database, EventScope) : null;
        UsesList = Listing.Second(Request, "uses-", "-quantity", "name");
        await using var session = await Database.ReadAsync(Aborted);
        Terms = AccountScope.MaySeeGrants(Caller, VirtualAccount) ? [.. (await new Entitlements(session).ListAsync(Account.Id, Aborted)).Where(term => term.Tag == tag)] : null;
        (Uses, UsesList.Total) = await new Inventory(session).UsesAsync(VirtualAccount.Id, found.Tag, UsesList.Sort, UsesList.Descending, Listing.PageSize, UsesList.Offset, Aborted);
        return null;
    }
}
