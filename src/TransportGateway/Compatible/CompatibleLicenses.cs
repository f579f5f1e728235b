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
        api.MapPost(CompatibleApi.VirtualAccountPath + "/licenses/transfer", TransferAsync).Requires(Permission.ManageLicenses);
    }

    private static async Task<IResult> ListLicensesAsync(HttpContext context, string account, AccountScope scope, ListLicenses list, Database database, TimeProvider clock)
    {
        var body = await LenientBody.ReadAsync(context);
        var (found, virtualAccounts, refusal) = await FindAsync(context, account, body, scope, database);
        if (refusal is not null)
        {
            return refusal;
        }

        ILookup<string, EntitlementRow> terms;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            terms = (await new Entitlements(session).ListAsync(found!.Id, context.RequestAborted)).ToLookup(term => term.Tag, StringComparer.Ordinal);
        }

        var licenses = new List<JsonNode>();
        foreach (var virtualAccount in virtualAccounts)
        {
            var listed = await list.ExecuteAsync(found.Id, virtualAccount.Id, context.RequestAborted);
            var names = listed.ToDictionary(license => license.Tag, license => license.Name.DisplayName, StringComparer.Ordinal);
            var loans = await list.LoansAsync(found.Id, virtualAccount.Id, context.RequestAborted);
            licenses.AddRange(listed.Select(license => CompatibleViews.Of(
                license,
                virtualAccount,
                // What Cisco grants stands with the default virtual account, whatever was transferred since.
                virtualAccount.IsDefault ? terms[license.Tag] : [],
                loans.Where(loan => loan.LowerTag == license.Tag || loan.HigherTag == license.Tag),
                names,
                clock.GetUtcNow())));
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

    private static async Task<IResult> TransferAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, TransferLicenses transfer)
    {
        const int MostTransfers = 1000;
        var caller = Caller.Of(context)!;
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        // All are read before the first is done: a body that cannot be read changes nothing.
        var requests = (await LenientBody.ReadAsync(context)).Objects("licenses").Select(LenientBody.Of).Select(item => (
            Item: item,
            Request: new TransferLicenses.Request(
                caller, found!, item.Text("license") ?? "", item.Text("licenseType") ?? "", item.Number("quantity") ?? 0, item.Text("targetVirtualAccount") ?? ""))).ToArray();
        if (requests.Length is 0 or > MostTransfers)
        {
            return Answer.Fail(StatusCodes.Status400BadRequest, $"licenses must be a list of 1 to {MostTransfers} objects with license, quantity and targetVirtualAccount.");
        }

        var results = new JsonArray();
        foreach (var (item, request) in requests)
        {
            var problem = await transfer.ExecuteAsync(request, context.RequestAborted) switch
            {
                TransferLicenses.Outcome.Transferred => null,
                TransferLicenses.Outcome.Invalid invalid => invalid.Reason,
                TransferLicenses.Outcome.NotEnough refused => refused.Reason,
                TransferLicenses.Outcome.NoSuchVirtualAccount none => $"There is no virtual account '{none.Name}'.",
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
            results.Add(new JsonObject
            {
                ["license"] = request.License,
                ["licenseType"] = item.Text("licenseType"),
                ["quantity"] = request.Quantity,
                ["targetVirtualAccount"] = request.TargetVirtualAccount,
                ["status"] = problem is null ? Answer.Success : Answer.Failed,
                ["statusMessage"] = problem ?? "",
            });
        }

        return Answer.OfMany("licenses", results, allWorked: Answer.Success, someWorked: Answer.Failed);
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
        VirtualAccountRow[] all = [.. AccountScope.Visible(Caller.Of(context)!, await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted))];
        if (body.Texts("virtualAccounts") is not { Count: > 0 } wanted)
        {
            return (found, all, null);
        }

        if (wanted.FirstOrDefault(name => !Array.Exists(all, entry => Names.Key(entry.Name) == Names.Key(name))) is { } unknown)
        {
            return (null, [], Answer.Fail(StatusCodes.Status404NotFound, $"There is no virtual account '{unknown}'."));
        }

        var keys = wanted.Select(Names.Key).ToHashSet();
        return (found, [.. all.Where(entry => keys.Contains(Names.Key(entry.Name)))], null);
    }
}
