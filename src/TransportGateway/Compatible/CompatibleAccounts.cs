using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Compatible;

/// <summary>Local accounts and their virtual accounts.</summary>
internal static class CompatibleAccounts
{
    public static void Map(IEndpointRouteBuilder api)
    {
        api.MapPost("/upstream_satellites/accounts", ListAccountsAsync).Requires(Permission.ReadInventory);
        api.MapGet("/accounts/{account}/virtual-accounts", ListVirtualAccountsAsync).Requires(Permission.ReadInventory);
        api.MapPost("/accounts/{account}/virtual-accounts", CreateVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
        api.MapPost(CompatibleApi.VirtualAccountPath + "/delete", DeleteVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
    }

    private static async Task<IResult> ListAccountsAsync(HttpContext context, Database database)
    {
        var caller = Caller.Of(context)!;
        await using var session = await database.ReadAsync(context.RequestAborted);
        var list = new JsonArray();
        foreach (var account in (await new LocalAccounts(session).ListAsync(context.RequestAborted)).Where(account => caller.MaySee(account.Id) && !AccountStatus.IsRequest(account.Status)))
        {
            var virtualAccounts = await new VirtualAccounts(session).ListAsync(account.Id, context.RequestAborted);
            list.Add(new JsonObject
            {
                ["name"] = account.Name,
                ["account_id"] = account.Id,
                ["domain"] = account.Name,
                // Texts, not missing: clients print them. They fill with synchronisation and Using Policy.
                ["cslu_tenant_url"] = "",
                ["cssm_smart_account_id"] = "",
                ["cssm_smart_account_name"] = account.SmartAccount ?? "",
                ["virtual_accounts"] = new JsonArray([.. virtualAccounts.Select(entry => (JsonNode)new JsonObject { ["name"] = entry.Name, ["virtual_account_id"] = entry.Id })]),
            });
        }

        return Answer.Done(new JsonObject { ["accounts"] = list });
    }

    private static async Task<IResult> ListVirtualAccountsAsync(HttpContext context, string account, AccountScope scope, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return Answer.NoAccount(account);
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var list = (await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted)).Select(entry => (JsonNode)new JsonObject
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
        if (await scope.FindAsync(caller, account, context.RequestAborted) is not { } found)
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
