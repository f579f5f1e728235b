using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.HostTls;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Upstream;

namespace TransportGateway.Compatible;

/// <summary>Local accounts and their virtual accounts.</summary>
internal static class CompatibleAccounts
{
    /// <summary>Every account here is a customer's; the other type of the cloud's API is a partner's holding account.</summary>
    private const string Customer = "CUSTOMER";

    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/upstream_satellites/accounts", ListAccountsAsync).Requires(Permission.ReadInventory);
        api.MapGet("/accounts/search", SearchAccountsAsync).Requires(Permission.ReadInventory);
        api.MapGet("/accounts/{account}/virtual-accounts", ListVirtualAccountsAsync).Requires(Permission.ReadInventory);
        api.MapGet("/accounts/{account}/{accountType}/virtual-accounts", ListVirtualAccountsAsync).Requires(Permission.ReadInventory);
        api.MapPost("/accounts/{account}/virtual-accounts", CreateVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
        api.MapPost(CompatibleApi.VirtualAccountPath + "/delete", DeleteVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
    }

    private static async Task<IResult> ListAccountsAsync(HttpContext context, Database database, ProductListeners listeners)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var list = await DescribeAsync(session, listeners, Caller.Of(context)!, await VisibleAsync(context, session), context.RequestAborted);
        return Answer.Done(new JsonObject { ["accounts"] = new JsonArray([.. list]) });
    }

    private static async Task<IResult> SearchAccountsAsync(HttpContext context, Database database, ProductListeners listeners)
    {
        var query = await LenientBody.ReadAsync(context);
        var (domain, name, type) = (query.Text("domain") ?? "", query.Text("name") ?? "", query.Text("type") ?? "");
        await using var session = await database.ReadAsync(context.RequestAborted);
        var found = (await VisibleAsync(context, session)).Where(account =>
            account.Name.Contains(name, StringComparison.OrdinalIgnoreCase)
            && (domain.Length == 0 || account.Name.Equals(domain, StringComparison.OrdinalIgnoreCase))
            && (type.Length == 0 || type.Equals(Customer, StringComparison.OrdinalIgnoreCase))).ToList();
        var list = await DescribeAsync(session, listeners, Caller.Of(context)!, Answer.Page(found, query), context.RequestAborted);
        return Answer.Done(new JsonObject { ["accounts"] = new JsonArray([.. list]), ["totalRecords"] = found.Count });
    }

    private static async Task<IEnumerable<LocalAccountRow>> VisibleAsync(HttpContext context, DbSession session)
    {
        var caller = Caller.Of(context)!;
        return (await new LocalAccounts(session).ListAsync(context.RequestAborted)).Where(account => caller.MaySee(account.Id) && !AccountStatus.IsRequest(account.Status));
    }

    private static async Task<List<JsonNode>> DescribeAsync(DbSession session, ProductListeners listeners, Caller caller, IEnumerable<LocalAccountRow> accounts, CancellationToken cancellationToken)
    {
        var host = (await new HostSettings(session).FindNamesAsync(cancellationToken))?.CommonName;
        var smartAccounts = (await new Synchronizations(session).ListAsync(cancellationToken)).ToDictionary(row => row.AccountId, row => row.SmartAccountId, StringComparer.Ordinal);
        var list = new List<JsonNode>();
        foreach (var account in accounts)
        {
            var virtualAccounts = AccountScope.Visible(caller, await new VirtualAccounts(session).ListAsync(account.Id, cancellationToken));
            list.Add(new JsonObject
            {
                ["name"] = account.Name,
                ["account_id"] = account.Id,
                ["domain"] = account.Name,
                ["type"] = Customer,
                // The tenant's identifier is percent-encoded as it is.
                ["cslu_tenant_url"] = host is null ? "" : $"{listeners.Origin(host)}/cslu/v1/pi/{account.TenantId}",
                // A text, not missing: clients print it. Software Central tells it when it registers the account.
                ["cssm_smart_account_id"] = smartAccounts.GetValueOrDefault(account.Id) ?? "",
                ["cssm_smart_account_name"] = account.SmartAccount ?? "",
                ["virtual_accounts"] = new JsonArray([.. virtualAccounts.Select(entry => (JsonNode)new JsonObject { ["name"] = entry.Name, ["virtual_account_id"] = entry.Id })]),
            });
        }

        return list;
    }

    private static async Task<IResult> ListVirtualAccountsAsync(HttpContext context, string account, AccountScope scope, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return Answer.NoAccount(account);
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var list = AccountScope.Visible(Caller.Of(context)!, await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted)).Select(entry => (JsonNode)new JsonObject
        {
            ["name"] = entry.Name,
            ["description"] = entry.Description,
            // A text: existing clients compare it as one.
            ["isDefault"] = entry.IsDefault ? "true" : "false",
        });
        return Answer.Done(new JsonObject { ["virtualAccounts"] = new JsonArray([.. list]) });
    }

    private static async Task<IResult> CreateVirtualAccountAsync(HttpContext context, string account, AccountScope scope, CreateVirtualAccount create)
    {
        var caller = Caller.Of(context)!;
        if (await scope.FindWholeAsync(caller, account, context.RequestAborted) is not { } found)
        {
            return Answer.NoAccount(account);
        }

        var body = await LenientBody.ReadAsync(context);
        var request = new CreateVirtualAccount.Request(caller, found, body.Text("name") ?? "", body.Text("description") ?? "");
        return await create.ExecuteAsync(request, context.RequestAborted) switch
        {
            CreateVirtualAccount.Outcome.Created created => Answer.Done(statusMessage: $"Virtual account '{created.VirtualAccount.Name}' was created."),
            CreateVirtualAccount.Outcome.Invalid invalid => Answer.Fail(StatusCodes.Status400BadRequest, invalid.Reason),
            CreateVirtualAccount.Outcome.NoSuchAccount => Answer.NoAccount(account),
            CreateVirtualAccount.Outcome.NameTaken => Answer.Fail(StatusCodes.Status409Conflict, $"There is a virtual account '{request.Name}' already."),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> DeleteVirtualAccountAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, DeleteVirtualAccount delete)
    {
        var (found, missing) = await Answer.FindAsync(context, scope, account, virtualAccount);
        return missing ?? await delete.ExecuteAsync(Caller.Of(context)!, found!, context.RequestAborted) switch
        {
            DeleteVirtualAccount.Outcome.Deleted => Answer.Done(statusMessage: $"Virtual account '{found!.Name}' was deleted."),
            DeleteVirtualAccount.Outcome.IsDefault => Answer.Fail(StatusCodes.Status409Conflict, "The default virtual account cannot be deleted."),
            DeleteVirtualAccount.Outcome.Blocked blocked => Answer.Fail(StatusCodes.Status409Conflict, blocked.Blockers),
            DeleteVirtualAccount.Outcome.NoSuchVirtualAccount => Answer.NoVirtualAccount(virtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }
}
