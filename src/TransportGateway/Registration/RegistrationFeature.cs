using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Registration tokens and product instances over REST.</summary>
internal static class RegistrationFeature
{
    public static IServiceCollection AddRegistration(this IServiceCollection services) => services
        .AddSingleton<CreateToken>()
        .AddSingleton<ReadTokens>()
        .AddSingleton<RevokeToken>()
        .AddSingleton<RegisterInstance>()
        .AddSingleton<RenewIdCertificate>()
        .AddSingleton<RemoveInstance>()
        .AddSingleton<TransferInstance>()
        .AddSingleton<DeleteVirtualAccount>()
        .AddSingleton<DeleteLocalAccount>();

    public static void MapRegistration(this IEndpointRouteBuilder routes)
    {
        const string VirtualAccountPath = "/api/v2/accounts/{account}/virtual-accounts/{virtualAccount}";
        routes.MapDelete("/api/v2/accounts/{account}", DeleteLocalAccountAsync).Requires(Permission.ManageAccounts);
        routes.MapDelete(VirtualAccountPath, DeleteVirtualAccountAsync).Requires(Permission.ManageVirtualAccounts);
        routes.MapGet(VirtualAccountPath + "/tokens", ListTokensAsync).Requires(Permission.ReadInventory);
        routes.MapPost(VirtualAccountPath + "/tokens", CreateTokenAsync).Requires(Permission.ManageTokens).TakesIdempotencyKey();
        routes.MapDelete(VirtualAccountPath + "/tokens/{id}", RevokeTokenAsync).Requires(Permission.ManageTokens);
        routes.MapGet(VirtualAccountPath + "/instances", ListInstancesAsync).Requires(Permission.ReadInventory);
        routes.MapGet("/api/v2/instances/{id}", ShowInstanceAsync).Requires(Permission.ReadInventory);
        routes.MapDelete("/api/v2/instances/{id}", RemoveInstanceAsync).Requires(Permission.ManageInstances);
        routes.MapPost("/api/v2/instances/{id}/transfer", TransferInstanceAsync).Requires(Permission.ManageInstances);
    }

    private static async Task<IResult> DeleteLocalAccountAsync(HttpContext context, string account, AccountScope scope, DeleteLocalAccount delete)
    {
        var caller = Caller.Of(context)!;
        return await scope.FindWholeAsync(caller, account, context.RequestAborted) is not { } found
            ? AccountScope.NotFound("local account", account)
            : await delete.ExecuteAsync(caller, found, context.RequestAborted) switch
            {
                DeleteLocalAccount.Outcome.Deleted => Results.NoContent(),
                DeleteLocalAccount.Outcome.NotAllowed => AccountScope.NotAllowed(),
                DeleteLocalAccount.Outcome.Blocked blocked => Problem.Of(
                    StatusCodes.Status409Conflict, "account-in-use", $"Local account '{found.Name}' is still in use; nothing was deleted.", "blockers", blocked.Blockers),
                DeleteLocalAccount.Outcome.NoSuchAccount => AccountScope.NotFound("local account", account),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
    }

    private static async Task<IResult> DeleteVirtualAccountAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, DeleteVirtualAccount delete)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        return missing ?? await delete.ExecuteAsync(Caller.Of(context)!, found!, context.RequestAborted) switch
        {
            DeleteVirtualAccount.Outcome.Deleted => Results.NoContent(),
            DeleteVirtualAccount.Outcome.IsDefault => Problem.Of(
                StatusCodes.Status409Conflict, "default-account", "The default local virtual account cannot be deleted."),
            DeleteVirtualAccount.Outcome.Blocked blocked => Problem.Of(StatusCodes.Status409Conflict, "account-in-use", blocked.Blockers),
            DeleteVirtualAccount.Outcome.NoSuchVirtualAccount => AccountScope.NotFound("local virtual account", virtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> ListTokensAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, ReadTokens read, TimeProvider clock, bool withText = false)
    {
        var caller = Caller.Of(context)!;
        if (withText && !caller.May(Permission.ReadTokenText))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "permission-needed", $"{caller.Name} lacks the permission {Permission.ReadTokenText}.");
        }

        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        return missing ?? Results.Json((await read.ExecuteAsync(caller, found!, withText, context.RequestAborted))
            .Select(listed => View(listed.Token, listed.Text, clock.GetUtcNow())));
    }

    private static async Task<IResult> CreateTokenAsync(
        HttpContext context, string account, string virtualAccount, CreateTokenRequest request, AccountScope scope, CreateToken create, TimeProvider clock)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var outcome = await create.ExecuteAsync(
            new CreateToken.Request(
                Caller.Of(context)!,
                found!,
                request.Description ?? "",
                request.ExpiresAfterDays ?? CreateToken.ProposedDays,
                request.ExportControlled ?? false,
                request.MaxUses),
            context.RequestAborted);
        return outcome switch
        {
            CreateToken.Outcome.Created created => Results.Json(View(created.Token, created.Text, clock.GetUtcNow())),
            CreateToken.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "token-invalid", invalid.Reason),
            CreateToken.Outcome.AccountNotActive inactive => Problem.Of(StatusCodes.Status409Conflict, "account-not-active", inactive.Reason),
            CreateToken.Outcome.NoSuchVirtualAccount => AccountScope.NotFound("local virtual account", virtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> RevokeTokenAsync(
        HttpContext context, string account, string virtualAccount, string id, AccountScope scope, RevokeToken revoke)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        return missing ?? (await revoke.ExecuteAsync(Caller.Of(context)!, found!, id, context.RequestAborted) == RevokeToken.Outcome.Revoked
            ? Results.NoContent()
            : Problem.Of(
                StatusCodes.Status404NotFound, "no-such-token", $"There is no such token in '{found!.Name}', or it was revoked before. 'tgctl token list' shows them."));
    }

    private static async Task<IResult> ListInstancesAsync(
        HttpContext context, string account, string virtualAccount, AccountScope scope, Database database, int limit = 1000, int offset = 0, string? cursor = null)
    {
        var (found, missing) = await FindAsync(context, scope, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var inventory = new Inventory(session);
        var most = Math.Clamp(limit, 1, 1000);
        var rows = cursor is null
            ? await inventory.ListAsync(found!.Id, most, Math.Max(0, offset), context.RequestAborted)
            : await inventory.ListAfterAsync(found!.Id, cursor, most, context.RequestAborted);
        if (rows is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "cursor-unknown", "There is no such cursor. Begin again without one.");
        }

        NextPage.Link(context, rows.Count, most, rows is [.., { } last] ? last.Id : null);
        return Results.Json(new InstancePage([.. rows.Select(row => View(row))], await inventory.CountAsync(found.Id, context.RequestAborted)));
    }

    private static async Task<IResult> ShowInstanceAsync(HttpContext context, string id, Database database)
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

    private static async Task<IResult> RemoveInstanceAsync(HttpContext context, string id, RemoveInstance remove) =>
        await remove.ExecuteAsync(Caller.Of(context)!, id, context.RequestAborted) ? Results.NoContent() : NoSuchInstance(id);

    private static async Task<IResult> TransferInstanceAsync(HttpContext context, string id, TransferRequest request, TransferInstance transfer) =>
        await transfer.ExecuteAsync(Caller.Of(context)!, id, request.VirtualAccount, context.RequestAborted) switch
        {
            TransferInstance.Outcome.Transferred transferred => Results.Json(View(transferred.Instance)),
            TransferInstance.Outcome.NoSuchInstance => NoSuchInstance(id),
            TransferInstance.Outcome.IsRelayed relayed => Problem.Of(
                StatusCodes.Status409Conflict,
                "instance-relayed",
                $"{relayed.Instance.DisplayName} is relayed: its accounts are those of {relayed.Instance.RelayedTo}. Move it there."),
            TransferInstance.Outcome.NoSuchVirtualAccount => AccountScope.NotFound("local virtual account", request.VirtualAccount),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<(VirtualAccountRow? Found, IResult? Missing)> FindAsync(HttpContext context, AccountScope scope, string account, string virtualAccount)
    {
        var (found, virtualFound) = await scope.FindAsync(Caller.Of(context)!, account, virtualAccount, context.RequestAborted);
        return found is null ? (null, AccountScope.NotFound("local account", account))
            : virtualFound is null ? (null, AccountScope.NotFound("local virtual account", virtualAccount))
            : (virtualFound, null);
    }

    private static IResult NoSuchInstance(string id) =>
        Problem.Of(StatusCodes.Status404NotFound, "no-such-instance", $"There is no registered product instance '{id}'. 'tgctl instance list' shows them.");

    private static TokenView View(TokenRow token, Secret? text, DateTimeOffset now) => new(
        token.Id,
        text?.Value,
        token.Description,
        token.ExportControlled,
        token.MaxUses,
        token.Uses,
        token.CreatedBy,
        token.CreatedAt,
        token.ExpiresAt,
        token.RefusalAt(now) ?? "valid");

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

    internal sealed record CreateTokenRequest(string? Description = null, int? ExpiresAfterDays = null, bool? ExportControlled = null, long? MaxUses = null);

    internal sealed record TransferRequest(string VirtualAccount);

    private sealed record TokenView(
        string Id, string? Text, string Description, bool ExportControlled, long? MaxUses, long Uses, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, string State);

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
