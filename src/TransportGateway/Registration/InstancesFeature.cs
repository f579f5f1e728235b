using System.Globalization;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Product instances over REST, one by one and many at a time.</summary>
internal static class InstancesFeature
{
    private const int MostAtOnce = 1000;
    private const int MostSearchCharacters = 200;

    public static void MapInstances(this IEndpointRouteBuilder routes)
    {
        const string VirtualAccountPath = "/api/v2/accounts/{account}/virtual-accounts/{virtualAccount}";
        routes.MapGet(VirtualAccountPath + "/instances", ListAsync).Requires(Permission.ReadInventory);
        routes.MapGet(VirtualAccountPath + "/licenses/{tag}/instances", ListUsersAsync).Requires(Permission.ReadInventory);
        routes.MapPost("/api/v2/instances/transfer", TransferManyAsync).Requires(Permission.ManageInstances);
        routes.MapPost("/api/v2/instances/remove", RemoveManyAsync).Requires(Permission.ManageInstances);
        routes.MapGet("/api/v2/instances/{id}", ShowAsync).Requires(Permission.ReadInventory);
        routes.MapDelete("/api/v2/instances/{id}", RemoveAsync).Requires(Permission.ManageInstances);
        routes.MapPost("/api/v2/instances/{id}/transfer", TransferAsync).Requires(Permission.ManageInstances);
    }

    private static async Task<IResult> ListAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, Database database, ListPage page, string? search = null, string? sort = null)
    {
        if (sort is not null && !InventoryOrder.Names.Contains(sort.TrimStart('-')))
        {
            return Problem.Of(
                StatusCodes.Status400BadRequest, "sort-invalid", $"sort is one of {string.Join(", ", InventoryOrder.Names)}; with - before it, the list is the other way round.");
        }

        if (search?.Length > MostSearchCharacters)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "search-invalid", $"search has at most {MostSearchCharacters} characters.");
        }

        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var inventory = new Inventory(session);
        var order = new InventoryOrder(search?.Trim() ?? "", (sort ?? InventoryOrder.ByRegistration).TrimStart('-'), sort?.StartsWith('-') == true);
        var limit = page.Limit();
        var keys = page.Cut(await inventory.ListAfterAsync(found!.Id, order, After(page, order.IsByInstant), limit + 1, context.RequestAborted), limit, key => [key.SortKey, key.Id]);
        var rows = await inventory.FindManyAsync([.. keys.Select(key => key.Id)], context.RequestAborted);
        return Results.Json(new InstancePage([.. rows.Select(View)], await inventory.CountAsync(found.Id, context.RequestAborted, order.Search)));
    }

    /// <summary>Who uses a licence, those that use most first.</summary>
    private static async Task<IResult> ListUsersAsync(
        HttpContext context, string account, string virtualAccount, string tag, AccountScope scope, Database database, ListPage page)
    {
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var limit = page.Limit();
        var after = After(page, isNumber: true);
        var uses = await new Inventory(session).UsesAsync(found!.Id, tag, after, limit + 1, context.RequestAborted);
        return Results.Json(page.Cut(uses, limit, use => [use.Quantity.ToString(CultureInfo.InvariantCulture), use.InstanceId]).Select(use => new UserView(use.InstanceId, use.Name, use.Quantity)));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, string id, Database database)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var instance = await new Inventory(session).FindAsync(id, context.RequestAborted);
        if (instance is null || !Caller.Of(context)!.MaySee(instance.AccountId, instance.VirtualAccountId))
        {
            return NoSuchInstance(id);
        }

        var facts = await new Entitlements(session).FactsAsync(instance.AccountId, context.RequestAborted);
        IEnumerable<UsageView> licenses = instance.Relayed
            ? (await new RelayedUsages(session).OfInstanceAsync(id, context.RequestAborted))
                .Select(usage => new UsageView(Catalogue.NameOf(usage.Tag, facts).DisplayName, usage.Tag, usage.Quantity, usage.Status))
            : (await new LicensePools(session).UsageOfAsync(id, context.RequestAborted)).OrderBy(entry => entry.Key, StringComparer.Ordinal)
                .Select(entry => new UsageView(Catalogue.NameOf(entry.Key, facts).DisplayName, entry.Key, entry.Value, null));
        return Results.Json(View(instance) with { Licenses = [.. licenses] });
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string id, RemoveInstance remove) =>
        await remove.ExecuteAsync(Caller.Of(context)!, id, context.RequestAborted) ? Results.NoContent() : NoSuchInstance(id);

    private static async Task<IResult> TransferAsync(HttpContext context, string id, TransferRequest request, TransferInstance transfer) =>
        await transfer.ExecuteAsync(Caller.Of(context)!, id, request.VirtualAccount, context.RequestAborted) switch
        {
            TransferInstance.Outcome.Transferred transferred => Results.Json(View(transferred.Instance)),
            TransferInstance.Outcome.NoSuchInstance => NoSuchInstance(id),
            TransferInstance.Outcome.IsRelayed relayed => Problem.Of(StatusCodes.Status409Conflict, "instance-relayed", Relayed(relayed.Instance)),
            TransferInstance.Outcome.NoSuchVirtualAccount => AccountScope.NotFound("local virtual account", request.VirtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static Task<IResult> RemoveManyAsync(HttpContext context, ManyRequest request, RemoveInstance remove) =>
        ManyAsync(request.Ids, async id => await remove.ExecuteAsync(Caller.Of(context)!, id, context.RequestAborted) ? null : NotRegistered(id));

    private static Task<IResult> TransferManyAsync(HttpContext context, TransferManyRequest request, TransferInstance transfer) =>
        ManyAsync(request.Ids, async id => await transfer.ExecuteAsync(Caller.Of(context)!, id, request.VirtualAccount, context.RequestAborted) switch
        {
            TransferInstance.Outcome.Transferred => null,
            TransferInstance.Outcome.NoSuchInstance => NotRegistered(id),
            TransferInstance.Outcome.IsRelayed relayed => Relayed(relayed.Instance),
            TransferInstance.Outcome.NoSuchVirtualAccount => $"There is no local virtual account '{request.VirtualAccount}' in its account, or this caller may not see it.",
            var other => throw new InvalidOperationException(other.GetType().Name),
        });

    /// <summary>One after the other, each a change of its own: what cannot be done to one keeps none of the others back.</summary>
    private static async Task<IResult> ManyAsync(string[] ids, Func<string, Task<string?>> change)
    {
        if (ids.Length is 0 or > MostAtOnce || Array.Exists(ids, id => id is null))
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "ids-invalid", $"ids must be a list of 1 to {MostAtOnce} product instance identifiers.");
        }

        var results = new List<ResultView>();
        foreach (var id in ids)
        {
            var reason = await change(id);
            results.Add(new ResultView(id, reason is null, reason));
        }

        return Results.Json(results);
    }

    private static (object SortKey, string Id)? After(ListPage page, bool isNumber) => page.After switch
    {
        null => null,
        [var key, var id] when !isNumber => (key, id),
        [var key, var id] when long.TryParse(key, CultureInfo.InvariantCulture, out var number) => (number, id),
        _ => throw ListPage.Unknown(),
    };

    private static IResult NoSuchInstance(string id) => Problem.Of(StatusCodes.Status404NotFound, "no-such-instance", NotRegistered(id));

    private static string NotRegistered(string id) => $"There is no registered product instance '{id}'. 'tgctl instance list' shows them.";

    private static string Relayed(InstanceRow instance) => $"{instance.DisplayName} is relayed: its accounts are those of {instance.RelayedTo}. Move it there.";

    private static InstanceView View(InstanceRow instance) => new(
        instance.Id,
        instance.DisplayName,
        instance.ProductType,
        instance.State,
        instance.AccountName,
        instance.VirtualAccountName,
        instance.UdiPid,
        instance.UdiSerialNumber,
        instance.UdiVid,
        instance.Uuid,
        instance.SoftwareTag,
        instance.AgentVersion,
        instance.ExportControlled,
        instance.AuthorizationStatus,
        instance.RegisteredAt,
        instance.AuthorizedAt,
        instance.LastContactAt,
        instance.Relayed,
        instance.RelayedTo,
        instance.SmartAccount,
        instance.CloudVirtualAccount,
        null);

    internal sealed record TransferRequest(string VirtualAccount);

    internal sealed record ManyRequest(string[] Ids);

    internal sealed record TransferManyRequest(string[] Ids, string VirtualAccount);

    /// <param name="Reason">Why it was not done.</param>
    private sealed record ResultView(string Id, bool Done, string? Reason);

    private sealed record UserView(string Id, string Name, long Quantity);

    private sealed record InstancePage(InstanceView[] Instances, long Total);

    /// <param name="Status">What the upstream answered to it, for a relayed product.</param>
    private sealed record UsageView(string License, string Tag, long Quantity, string? Status);

    private sealed record InstanceView(
        string Id,
        string Name,
        string ProductType,
        string State,
        string Account,
        string VirtualAccount,
        string? UdiPid,
        string? UdiSerialNumber,
        string? UdiVid,
        string? Uuid,
        string SoftwareTag,
        string? AgentVersion,
        bool ExportControlled,
        string? AuthorizationStatus,
        DateTimeOffset RegisteredAt,
        DateTimeOffset? AuthorizedAt,
        DateTimeOffset LastContactAt,
        bool Relayed,
        string? RelayedTo,
        string? SmartAccount,
        string? CloudVirtualAccount,
        UsageView[]? Licenses);
}
