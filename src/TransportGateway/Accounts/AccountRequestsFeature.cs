using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Requests for local accounts, and what administrators decide about requests and accounts, over REST.</summary>
internal static class AccountRequestsFeature
{
    public static void MapAccountRequests(this IEndpointRouteBuilder routes)
    {
        const string Account = "/api/v2/accounts/{account}";
        routes.MapGet("/api/v2/account-requests", ListAsync).Requires(Permission.ReadInventory);
        routes.MapPost("/api/v2/account-requests", RequestAsync).Requires(Permission.RequestAccount).TakesIdempotencyKey();
        routes.MapPost(Account + "/approve", ApproveAsync).Requires(Permission.ManageAccounts);
        routes.MapPost(Account + "/reject", RejectAsync).Requires(Permission.ManageAccounts);
        routes.MapPost(Account + "/activate", ActivateAsync).Requires(Permission.ManageAccounts);
        routes.MapPost(Account + "/deactivate", DeactivateAsync).Requires(Permission.ManageAccounts);
        routes.MapPost(Account + "/register-again", RegisterAgainAsync).Requires(Permission.ManageAccounts);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Database database, ListPage page)
    {
        var caller = Caller.Of(context)!;
        await using var session = await database.ReadAsync(context.RequestAborted);
        var accounts = await new LocalAccounts(session).ListAsync(context.RequestAborted);
        return Results.Json(page.Of(accounts.Where(account => caller.MaySee(account.Id) && AccountStatus.IsRequest(account.Status)), account => Names.Key(account.Name)).Select(AccountsFeature.View));
    }

    private static async Task<IResult> RequestAsync(HttpContext context, AccountRequest request, RequestAccount ask) =>
        await ask.ExecuteAsync(
            new RequestAccount.Request(
                Caller.Of(context)!, request.Name ?? "", request.SmartAccount ?? "", request.CloudVirtualAccount ?? "", request.NotificationEmail ?? ""),
            context.RequestAborted) switch
        {
            RequestAccount.Outcome.Requested requested => Results.Json(AccountsFeature.View(requested.Account)),
            RequestAccount.Outcome.Invalid invalid => Problem.Of(
                StatusCodes.Status400BadRequest, "account-request-invalid", "The account cannot be requested like this.", "reasons", invalid.Reasons),
            RequestAccount.Outcome.NotAllowed => AccountScope.NotAllowed(),
            RequestAccount.Outcome.Taken taken => Problem.Of(StatusCodes.Status409Conflict, "account-taken", taken.Reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static Task<IResult> ApproveAsync(HttpContext context, string account, AccountScope scope, ChangeAccountStatus change) =>
        ChangeAsync(context, account, scope, change, AccountStep.Approve);

    private static Task<IResult> RejectAsync(HttpContext context, string account, Rejection rejection, AccountScope scope, ChangeAccountStatus change) =>
        ChangeAsync(context, account, scope, change, AccountStep.Reject, rejection.Reason ?? "");

    private static Task<IResult> ActivateAsync(HttpContext context, string account, AccountScope scope, ChangeAccountStatus change) =>
        ChangeAsync(context, account, scope, change, AccountStep.Activate);

    private static Task<IResult> DeactivateAsync(HttpContext context, string account, AccountScope scope, ChangeAccountStatus change) =>
        ChangeAsync(context, account, scope, change, AccountStep.Deactivate);

    private static Task<IResult> RegisterAgainAsync(HttpContext context, string account, AccountScope scope, ChangeAccountStatus change) =>
        ChangeAsync(context, account, scope, change, AccountStep.RegisterAgain);

    private static async Task<IResult> ChangeAsync(
        HttpContext context, string account, AccountScope scope, ChangeAccountStatus change, AccountStep step, string reason = "")
    {
        var caller = Caller.Of(context)!;
        return await scope.FindWholeAsync(caller, account, context.RequestAborted) is not { } found
            ? AccountScope.NotFound("local account", account)
            : await change.ExecuteAsync(new ChangeAccountStatus.Request(caller, found, step, reason), context.RequestAborted) switch
            {
                ChangeAccountStatus.Outcome.Changed changed => Results.Json(AccountsFeature.View(changed.Account)),
                ChangeAccountStatus.Outcome.ReasonInvalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "reason-invalid", invalid.Reason),
                ChangeAccountStatus.Outcome.NotAllowed => AccountScope.NotAllowed(),
                ChangeAccountStatus.Outcome.NotPossible refused => Problem.Of(StatusCodes.Status409Conflict, "account-status", refused.Reason),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
    }

    // Everything may be missing here, so that the answer can name all that is.
    internal sealed record AccountRequest(string? Name = null, string? SmartAccount = null, string? CloudVirtualAccount = null, string? NotificationEmail = null);

    internal sealed record Rejection(string? Reason = null);
}
