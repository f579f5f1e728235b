using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Web.Licensing;

/// <summary>One product: who it is, what it uses, what happened to it, and its way out or to another local virtual account.</summary>
internal sealed class ProductInstancePage(TransferInstance transfer, RemoveInstance remove, Database database) : LicensingPage(database)
{
    public InstanceRow Instance { get; private set; } = null!;

    public IReadOnlyList<(string License, long Quantity)> Usage { get; private set; } = [];

    /// <summary>Null for who may see none.</summary>
    public EventListing? Events { get; private set; }

    private EventFilter EventScope => AccountScope.Events(Person!.Caller.For(Permission.ReadEvents)) with { InstanceId = Instance.Id };

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync(string? id) => await LoadAsync(id) ?? Page();

    [Needs(Permission.ReadEvents)]
    public async Task<IActionResult> OnGetFileAsync(string? id) => await LoadAsync(id) ?? await EventListing.FileAsync(this, EventScope);

    [Needs(Permission.ManageInstances)]
    public async Task<IActionResult> OnPostTransferAsync(string? id, string? target)
    {
        if (await LoadAsync(id) is { } missing)
        {
            return missing;
        }

        return await transfer.ExecuteAsync(Caller, Instance.Id, target ?? "", Aborted) switch
        {
            TransferInstance.Outcome.Transferred => Done(T["{0} went to {1}.", Instance.DisplayName, target], Path("product-instances")),
            TransferInstance.Outcome.IsRelayed => Refuse(T["is relayed; move it at its upstream"], StatusCodes.Status409Conflict),
            TransferInstance.Outcome.NoSuchVirtualAccount => Refuse(T["There is no such local virtual account, or you may not see it."], StatusCodes.Status404NotFound),
            _ => Missing(T["This product instance is not registered here any more."]),
        };
    }

    [Needs(Permission.ManageInstances)]
    public async Task<IActionResult> OnPostRemoveAsync(string? id)
    {
        if (await LoadAsync(id) is { } missing)
        {
            return missing;
        }

        return await remove.ExecuteAsync(Caller, Instance.Id, Aborted)
            ? Done(T["{0} was removed.", Instance.DisplayName], Path("product-instances"))
            : Missing(T["This product instance is not registered here any more."]);
    }

    private async Task<IActionResult?> LoadAsync(string? id)
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        await using var session = await Database.ReadAsync(Aborted);
        if (await new Inventory(session).FindAsync(id ?? "", Aborted) is not { State: InstanceState.Registered } found || found.VirtualAccountId != VirtualAccount.Id)
        {
            return Missing(T["This product instance is not registered here any more."]);
        }

        Instance = found;
        Events = MayHere(Permission.ReadEvents) ? await EventListing.ReadAsync(this, Database, EventScope) : null;
        var facts = await new Entitlements(session).FactsAsync(Account.Id, Aborted);
        IEnumerable<(string Tag, long Quantity)> usage = found.Relayed
            ? (await new RelayedUsages(session).OfInstanceAsync(found.Id, Aborted)).Select(use => (use.Tag, use.Quantity))
            : (await new LicensePools(session).UsageOfAsync(found.Id, Aborted)).Select(use => (use.Key, use.Value));
        Usage = [.. usage.Select(use => (Catalogue.NameOf(use.Tag, facts).DisplayName, use.Quantity)).OrderBy(use => use.DisplayName, StringComparer.OrdinalIgnoreCase)];
        return null;
    }
}
