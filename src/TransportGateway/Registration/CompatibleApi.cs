using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>The REST API that clients of SSM On-Prem already speak (ssm-on-prem 6.2, with every trap of 6.4), under / and /backend.</summary>
/// <remarks>Always JSON, always 200 for what worked; errors have a status word and a sentence.</remarks>
internal static class CompatibleApi
{
    private const string Complete = "COMPLETE";
    private const string VirtualAccountPath = "/accounts/{account}/virtual-accounts/{virtualAccount}";

    public static void MapCompatibleApi(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in new[] { "/api/v1", "/backend/api/v1" })
        {
            var api = routes.MapGroup(prefix);
            api.AddEndpointFilter(RefuseUnreadableAsync);
            api.MapPost("/upstream_satellites/accounts", ListAccountsAsync).Requires(Permission.ReadInventory);
            api.MapGet("/accounts/{account}/virtual-accounts", ListVirtualAccountsAsync).Requires(Permission.ReadInventory);
            api.MapPost("/accounts/{account}/virtual-accounts", CreateVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
            api.MapPost(VirtualAccountPath + "/delete", DeleteVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
            api.MapGet(VirtualAccountPath + "/tokens", ListTokensAsync).Requires(Permission.ReadTokenText);
            api.MapPost(VirtualAccountPath + "/tokens", CreateTokenAsync).Requires(Permission.ManageTokens);
            api.MapPost(VirtualAccountPath + "/tokens/revoke", RevokeTokensAsync).Requires(Permission.ManageTokens);
            api.MapPost("/accounts/{account}/licenses", ListLicensesAsync).Requires(Permission.ReadInventory);
            api.MapGet(VirtualAccountPath + "/devices", ListDevicesAsync).Requires(Permission.ReadInventory);
            api.MapPost(VirtualAccountPath + "/devices/transfer", TransferDevicesAsync).Requires(Permission.ManageInstances);
            api.MapPost(VirtualAccountPath + "/devices/remove", RemoveDevicesAsync).Requires(Permission.ManageInstances);
        }
    }

    private static async ValueTask<object?> RefuseUnreadableAsync(EndpointFilterInvocationContext invocation, EndpointFilterDelegate next)
    {
        try
        {
            return await next(invocation);
        }
        catch (BadHttpRequestException exception)
        {
            return Fail(exception.StatusCode, exception.Message);
        }
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

        return Done(new JsonObject { ["accounts"] = list });
    }

    private static async Task<IResult> ListVirtualAccountsAsync(HttpContext context, string account, AccountScope scope, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return NoAccount(account);
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var list = (await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted)).Select(entry => (JsonNode)new JsonObject
        {
            ["name"] = entry.Name,
            ["description"] = entry.Description,
            // A text: existing clients compare it as one.
            ["isDefault"] = entry.IsDefault ? "true" : "false",
        });
        return Done(new JsonObject { ["virtualAccounts"] = new JsonArray([.. list]) });
    }

    private static async Task<IResult> CreateVirtualAccountAsync(HttpContext context, string account, AccountScope scope, CreateVirtualAccount create)
    {
        var caller = Caller.Of(context)!;
        if (await scope.FindAsync(caller, account, context.RequestAborted) is not { } found)
        {
            return NoAccount(account);
        }

        var body = await LenientBody.ReadAsync(context);
        var request = new CreateVirtualAccount.Request(caller, found, body.Text("name") ?? "", body.Text("description") ?? "");
        return await create.ExecuteAsync(request, context.RequestAborted) switch
        {
            CreateVirtualAccount.Outcome.Created created => Done(statusMessage: $"Virtual account '{created.VirtualAccount.Name}' was created."),
            CreateVirtualAccount.Outcome.Invalid invalid => Fail(StatusCodes.Status400BadRequest, invalid.Reason),
            CreateVirtualAccount.Outcome.NoSuchAccount => NoAccount(account),
            CreateVirtualAccount.Outcome.NameTaken => Fail(StatusCodes.Status409Conflict, $"There is a virtual account '{request.Name}' already."),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> DeleteVirtualAccountAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, DeleteVirtualAccount delete)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        return missing ?? await delete.ExecuteAsync(Caller.Of(context)!, found!, context.RequestAborted) switch
        {
            DeleteVirtualAccount.Outcome.Deleted => Done(statusMessage: $"Virtual account '{found!.Name}' was deleted."),
            DeleteVirtualAccount.Outcome.IsDefault => Fail(StatusCodes.Status409Conflict, "The default virtual account cannot be deleted."),
            DeleteVirtualAccount.Outcome.Blocked blocked => Fail(StatusCodes.Status409Conflict, blocked.Blockers),
            DeleteVirtualAccount.Outcome.NoSuchVirtualAccount => NoVirtualAccount(virtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> ListTokensAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, ReadTokens read, TimeProvider clock)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        // Clients take the first token of the list, so only tokens that work are in it.
        var tokens = (await read.ExecuteAsync(Caller.Of(context)!, found!, withTexts: true, context.RequestAborted))
            .Where(listed => listed.Token.RefusalAt(clock.GetUtcNow()) is null)
            .Select(listed => (JsonNode)CompatibleViews.Of(listed.Token, listed.Text!));
        return Done(new JsonObject { ["tokens"] = new JsonArray([.. tokens]) });
    }

    private static async Task<IResult> CreateTokenAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, CreateToken create)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var body = await LenientBody.ReadAsync(context);
        if (body.Text("exportControlled") is { Length: > 0 } export && export is not ("Allowed" or "Not Allowed"))
        {
            return Fail(StatusCodes.Status400BadRequest, "exportControlled must be 'Allowed' or 'Not Allowed'.");
        }

        var outcome = await create.ExecuteAsync(
            new CreateToken.Request(
                Caller.Of(context)!,
                found!,
                body.Text("description") ?? "",
                body.Number("expiresAfterDays") ?? CreateToken.ProposedDays,
                body.Text("exportControlled") == "Allowed",
                body.Number("numberofUses")),
            context.RequestAborted);
        return outcome switch
        {
            CreateToken.Outcome.Created created => Done(new JsonObject { ["tokenInfo"] = CompatibleViews.Of(created.Token, created.Text) }),
            CreateToken.Outcome.Invalid invalid => Fail(StatusCodes.Status400BadRequest, invalid.Reason),
            CreateToken.Outcome.AccountNotActive inactive => Fail(StatusCodes.Status409Conflict, inactive.Reason),
            CreateToken.Outcome.NoSuchVirtualAccount => NoVirtualAccount(virtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> RevokeTokensAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, RevokeToken revoke)
    {
        const int MostTokens = 1000;
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var texts = (await LenientBody.ReadAsync(context)).Texts("tokens");
        if (texts is null or { Count: 0 or > MostTokens })
        {
            return Fail(StatusCodes.Status400BadRequest, $"tokens must be a list of 1 to {MostTokens} token texts.");
        }

        var results = new JsonArray();
        foreach (var text in texts)
        {
            var revoked = await revoke.ExecuteAsync(Caller.Of(context)!, found!, text, context.RequestAborted) == RevokeToken.Outcome.Revoked;
            results.Add(new JsonObject
            {
                ["token"] = text,
                ["status"] = revoked ? "SUCCESS" : "FAILED",
                ["statusMessage"] = revoked ? "The token was revoked." : "There is no such token here, or it was revoked before.",
            });
        }

        return OfMany("tokens", results, allWorked: Complete, someWorked: Complete);
    }

    private static async Task<IResult> ListLicensesAsync(HttpContext context, string account, AccountScope scope, ListLicenses list, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return NoAccount(account);
        }

        var body = await LenientBody.ReadAsync(context);
        IReadOnlyList<VirtualAccountRow> virtualAccounts;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            virtualAccounts = await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted);
        }

        if (body.Texts("virtualAccounts") is { Count: > 0 } wanted)
        {
            var keys = wanted.Select(Names.Key).ToHashSet();
            if (wanted.FirstOrDefault(name => !virtualAccounts.Any(entry => Names.Key(entry.Name) == Names.Key(name))) is { } unknown)
            {
                return Fail(StatusCodes.Status404NotFound, $"There is no virtual account '{unknown}'.");
            }

            virtualAccounts = [.. virtualAccounts.Where(entry => keys.Contains(Names.Key(entry.Name)))];
        }

        var licenses = new List<JsonNode>();
        foreach (var virtualAccount in virtualAccounts)
        {
            licenses.AddRange((await list.ExecuteAsync(found.Id, virtualAccount.Id, context.RequestAborted)).Select(license => CompatibleViews.Of(license, virtualAccount)));
        }

        return Done(new JsonObject { ["licenses"] = new JsonArray([.. Page(licenses, body)]), ["totalRecords"] = licenses.Count });
    }

    private static async Task<IResult> ListDevicesAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, Database database)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var query = await LenientBody.ReadAsync(context);
        await using var session = await database.ReadAsync(context.RequestAborted);
        var inventory = new Inventory(session);
        var limit = query.Number("limit") ?? -1;
        var rows = await inventory.ListAsync(found!.Id, limit < 0 ? int.MaxValue : limit, Math.Max(0, query.Number("offset") ?? 0), context.RequestAborted);
        return Done(new JsonObject
        {
            ["devices"] = new JsonArray([.. rows.Select(row => (JsonNode)CompatibleViews.Of(row))]),
            ["totalRecords"] = await inventory.CountAsync(found.Id, context.RequestAborted),
        });
    }

    private static Task<IResult> TransferDevicesAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, TransferInstance transfer, Database database) =>
        ForEachDeviceAsync(context, account, virtualAccount, scope, database, "productInstances", async (instance, request) =>
        {
            var target = request["targetVirtualAccount"]?.ToString() ?? "";
            return await transfer.ExecuteAsync(Caller.Of(context)!, instance.Id, target, context.RequestAborted) switch
            {
                TransferInstance.Outcome.Transferred => null,
                TransferInstance.Outcome.IsRelayed relayed => $"The device is relayed: move it at {relayed.Instance.RelayedTo}.",
                TransferInstance.Outcome.NoSuchVirtualAccount => $"There is no virtual account '{target}'.",
                _ => "The device is no longer registered.",
            };
        });

    private static Task<IResult> RemoveDevicesAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, RemoveInstance remove, Database database) =>
        // The misspelling is the API's own (ssm-on-prem section 5).
        ForEachDeviceAsync(context, account, virtualAccount, scope, database, "productInstacesRemoveRequests", async (instance, _) =>
            await remove.ExecuteAsync(Caller.Of(context)!, instance.Id, context.RequestAborted) ? null : "The device is no longer registered.");

    /// <param name="work">Returns what went wrong with the device, or null.</param>
    private static async Task<IResult> ForEachDeviceAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, Database database, string list, Func<InstanceRow, JsonObject, Task<string?>> work)
    {
        const int MostDevices = 1000;
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var requests = (await LenientBody.ReadAsync(context)).Objects(list);
        if (requests.Count is 0 or > MostDevices)
        {
            return Fail(StatusCodes.Status400BadRequest, $"{list} must be a list of 1 to {MostDevices} devices.");
        }

        var results = new JsonArray();
        foreach (var element in requests)
        {
            var request = JsonObject.Create(element)!;
            var sudi = request["sudi"] as JsonObject;
            var key = InstanceRow.KeyOf(sudi?["udiPid"]?.ToString(), sudi?["udiSerialNumber"]?.ToString(), sudi?["uuid"]?.ToString());
            InstanceRow? instance = null;
            if (key is not null)
            {
                await using var session = await database.ReadAsync(context.RequestAborted);
                instance = await new Inventory(session).FindRegisteredAsync(key, context.RequestAborted);
            }

            var problem = instance is null || instance.VirtualAccountId != found!.Id ? "There is no such device in this virtual account." : await work(instance, request);
            results.Add(new JsonObject { ["sudi"] = sudi?.DeepClone(), ["status"] = problem is null ? "SUCCESS" : "FAILED", ["statusMessage"] = problem ?? "" });
        }

        return OfMany("productInstances", results, allWorked: "SUCCESS", someWorked: "FAILED");
    }

    private static IEnumerable<JsonNode> Page(List<JsonNode> rows, LenientBody body)
    {
        const int ProposedLimit = 50;
        var limit = body.Number("limit") ?? ProposedLimit;
        // -1 is how existing clients ask for everything.
        return limit < 0 ? rows : rows.Skip(Math.Max(0, body.Number("offset") ?? 0)).Take(limit);
    }

    private static async Task<(VirtualAccountRow? Found, IResult? Missing)> FindAsync(HttpContext context, AccountScope scope, string account, string virtualAccount)
    {
        var (found, virtualFound) = await scope.FindAsync(Caller.Of(context)!, account, virtualAccount, context.RequestAborted);
        return found is null ? (null, NoAccount(account))
            : virtualFound is null ? (null, NoVirtualAccount(virtualAccount))
            : (virtualFound, null);
    }

    private static IResult NoAccount(string account) =>
        Fail(StatusCodes.Status404NotFound, $"There is no local account '{account}', or this client may not see it.");

    private static IResult NoVirtualAccount(string virtualAccount) => Fail(StatusCodes.Status404NotFound, $"There is no virtual account '{virtualAccount}'.");

    private static IResult Done(JsonObject? body = null, string statusMessage = "")
    {
        body ??= [];
        body["status"] = Complete;
        body["statusMessage"] = statusMessage;
        return Results.Json(body);
    }

    /// <summary>A result for each item and a word for all: ERROR when none worked. Still 200: existing clients read no body of another status.</summary>
    private static IResult OfMany(string list, JsonArray results, string allWorked, string someWorked)
    {
        var failed = results.Count(result => result!["status"]!.ToString() != "SUCCESS");
        return Results.Json(new JsonObject
        {
            ["status"] = failed == 0 ? allWorked : failed == results.Count ? "ERROR" : someWorked,
            ["statusMessage"] = failed == 0 ? "" : $"{failed} of {results.Count} failed; each one's statusMessage says why.",
            [list] = results,
        });
    }

    private static IResult Fail(int status, string message) =>
        Results.Json(new JsonObject { ["status"] = "ERROR", ["statusMessage"] = message }, statusCode: status);
}
