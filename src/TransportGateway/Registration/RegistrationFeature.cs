using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Registration tokens over REST, and the accounts that products may be registered in: only without them can they be deleted.</summary>
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
        routes.MapInstances();
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
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
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
        HttpContext context, string account, string virtualAccount, AccountScope scope, ReadTokens read, TimeProvider clock, ListPage page, bool withText = false)
    {
        var caller = Caller.Of(context)!;
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        return withText && !caller.May(Permission.ReadTokenText, found!.AccountId, found.Id)
            ? Problem.Of(StatusCodes.Status403Forbidden, "permission-needed", $"{caller.Name} lacks the permission {Permission.ReadTokenText} here.")
            : Results.Json((await read.ExecuteAsync(caller, found!, withText, context.RequestAborted, page)).Select(listed => View(listed.Token, listed.Text, clock.GetUtcNow())));
    }

    private static async Task<IResult> CreateTokenAsync(
        HttpContext context, string account, string virtualAccount, CreateTokenRequest request, AccountScope scope, CreateToken create, TimeProvider clock)
    {
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
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
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
        return missing ?? (await revoke.ExecuteAsync(Caller.Of(context)!, found!, id, context.RequestAborted) == RevokeToken.Outcome.Revoked
            ? Results.NoContent()
            : Problem.Of(
                StatusCodes.Status404NotFound, "no-such-token", $"There is no such token in '{found!.Name}', or it was revoked before. 'tgctl token list' shows them."));
    }

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

    internal sealed record CreateTokenRequest(string? Description = null, int? ExpiresAfterDays = null, bool? ExportControlled = null, long? MaxUses = null);

    private sealed record TokenView(
        string Id, string? Text, string Description, bool ExportControlled, long? MaxUses, long Uses, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset ExpiresAt, string State);
}
