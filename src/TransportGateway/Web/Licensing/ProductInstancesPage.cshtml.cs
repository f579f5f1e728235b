using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Web.Licensing;

/// <summary>The products of a local virtual account (ssm-on-prem 2.3), searched and paged by the database.</summary>
internal sealed class ProductInstancesPage(TransferInstance transfer, RemoveInstance remove, Database database) : LicensingPage(database)
{
    private const int MostAtOnce = 1000;

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<InventoryRow> Rows { get; private set; } = [];

    /// <summary>What became of each that was ticked.</summary>
    public IReadOnlyList<string> Results { get; private set; } = [];

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ?? Page();

    [Needs(Permission.ManageInstances)]
    public async Task<IActionResult> OnPostManyAsync(string[] id, string? what, string? target)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        if (id.Length is 0 or > MostAtOnce || what is not ("transfer" or "remove"))
        {
            return Refuse(T["Tick at least one product instance, and at most {0}.", MostAtOnce]);
        }

        var results = new List<string>();
        foreach (var instanceId in id)
        {
            var name = Rows.FirstOrDefault(row => row.Id == instanceId)?.Name ?? instanceId;
            var outcome = what == "remove"
                ? await remove.ExecuteAsync(Caller, instanceId, Aborted) ? T["was removed"] : T["is not registered any more"]
                : await transfer.ExecuteAsync(Caller, instanceId, target ?? "", Aborted) switch
                {
                    TransferInstance.Outcome.Transferred => T["went to {0}", target],
                    TransferInstance.Outcome.IsRelayed => T["is relayed; move it at its upstream"],
                    TransferInstance.Outcome.NoSuchVirtualAccount => T["stays: there is no such local virtual account"],
                    _ => T["is not registered any more"],
                };
            results.Add($"{name}: {outcome}");
        }

        Results = results;
        return await LoadAsync() ?? Page();
    }

    /// <summary>One that its row's button names, whatever is ticked.</summary>
    [Needs(Permission.ManageInstances)]
    public async Task<IActionResult> OnPostRemoveAsync(string? one)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        var name = Rows.FirstOrDefault(row => row.Id == one)?.Name ?? one ?? "";
        return await remove.ExecuteAsync(Caller, one ?? "", Aborted)
            ? Done(T["{0} was removed.", name], List.Address())
            : Refuse(T["This product instance is not registered here any more."], StatusCodes.Status404NotFound);
    }

    private async Task<IActionResult?> LoadAsync()
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "name", "type", "contact", "status");
        await using var session = await Database.ReadAsync(Aborted);
        (Rows, List.Total) = await new Inventory(session).SearchAsync(
            VirtualAccount.Id, new InventorySearch(List.Search, List.Sort, List.Descending, Listing.PageSize, List.Offset), Aborted);
        return null;
    }
}
