using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Compatible;

/// <summary>Licences.</summary>
internal static class CompatibleLicenses
{
    private static readonly string[] StatusFilters = [SubscriptionStatus.Active, SubscriptionStatus.Canceled, SubscriptionStatus.Expired];

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/accounts/{account}/licenses", ListLicensesAsync).Requires(Permission.ReadInventory);
        api.MapPost("/accounts/{account}/license-subscriptions", ListSubscriptionsAsync).Requires(Permission.ReadInventory);
    }

    private static async Task<IResult> ListLicensesAsync(HttpContext context, string account, AccountScope scope, ListLicenses list, Database database)
    {
        var body = await LenientBody.ReadAsync(context);
        var (found, virtualAccounts, refusal) = await FindAsync(context, account, body, scope, database);
        if (refusal is not null)
        {
            return refusal;
        }

        var licenses = new List<JsonNode>();
        foreach (var virtualAccount in virtualAccounts)
        {
            licenses.AddRange((await list.ExecuteAsync(found!.Id, virtualAccount.Id, context.RequestAborted)).Select(license => CompatibleViews.Of(license, virtualAccount)));
        }

        return Answer.Done(new JsonObject { ["licenses"] = new JsonArray([.. Answer.Page(licenses, body)]), ["totalRecords"] = licenses.Count });
    }

    private static async Task<IResult> ListSubscriptionsAsync(HttpContext context, string account, AccountScope scope, ListSubscriptions list, Database database)
    {
        var body = await LenientBody.ReadAsync(context);
        var (found, virtualAccounts, refusal) = await FindAsync(context, account, body, scope, database);
        if (refusal is not null)
        {
            return refusal;
        }

        var wanted = body.Texts("status") ?? [];
        if (wanted.FirstOrDefault(status => !StatusFilters.Contains(status, StringComparer.OrdinalIgnoreCase)) is { } unknown)
        {
            return Answer.Fail(StatusCodes.Status400BadRequest, $"status '{unknown}' is none of {string.Join(", ", StatusFilters)}.");
        }

        // Software Central knows nothing of local virtual accounts: what it grants belongs to the default one.
        var subscriptions = virtualAccounts.SingleOrDefault(entry => entry.IsDefault) is not { } holder
            ? []
            : (await list.ExecuteAsync(found!.Id, context.RequestAborted))
                .Where(subscription => wanted.Count == 0 || wanted.Contains(subscription.Status, StringComparer.OrdinalIgnoreCase))
                .Select(subscription => (JsonNode)CompatibleViews.Of(subscription, holder))
                .ToList();
        return Answer.Done(new JsonObject { ["licenseSubscriptions"] = new JsonArray([.. Answer.Page(subscriptions, body)]), ["totalRecords"] = subscriptions.Count });
    }

    /// <summary>The account, and those of its virtual accounts that the body names; all of them where it names none.</summary>
    private static async Task<(LocalAccountRow? Account, IReadOnlyList<VirtualAccountRow> VirtualAccounts, IResult? Refusal)> FindAsync(
        HttpContext context, string account, LenientBody body, AccountScope scope, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return (null, [], Answer.NoAccount(account));
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var all = await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted);
        if (body.Texts("virtualAccounts") is not { Count: > 0 } wanted)
        {
            return (found, all, null);
        }

        if (wanted.FirstOrDefault(name => !all.Any(entry => Names.Key(entry.Name) == Names.Key(name))) is { } unknown)
        {
            return (null, [], Answer.Fail(StatusCodes.Status404NotFound, $"There is no virtual account '{unknown}'."));
        }

        var keys = wanted.Select(Names.Key).ToHashSet();
        return (found, [.. all.Where(entry => keys.Contains(Names.Key(entry.Name)))], null);
    }
}
