using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Local accounts and local virtual accounts over REST.</summary>
internal static class AccountsFeature
{
    public static IServiceCollection AddAccounts(this IServiceCollection services) => services
        .AddSingleton<AccountScope>()
        .AddSingleton<CreateLocalAccount>()
        .AddSingleton<RequestAccount>()
        .AddSingleton<ChangeAccountStatus>()
        .AddSingleton<CreateVirtualAccount>();

    public static void MapAccounts(this IEndpointRouteBuilder routes)
    {
        // Clients that knew SSM On-Prem put /backend before it (ssm-on-prem 6.3).
        foreach (var prefix in new[] { "", "/backend" })
        {
            routes.MapGet(prefix + "/api/v2/accounts", ListAsync).Requires(Permission.ReadInventory);
        }

        routes.MapPost("/api/v2/accounts", CreateAsync).Requires(Permission.ManageAccounts).TakesIdempotencyKey();
        routes.MapGet("/api/v2/accounts/{account}", ShowAsync).Requires(Permission.ReadInventory);
        routes.MapGet("/api/v2/accounts/{account}/virtual-accounts", ListVirtualAsync).Requires(Permission.ReadInventory);
        routes.MapPost("/api/v2/accounts/{account}/virtual-accounts", CreateVirtualAsync).Requires(Permission.ManageVirtualAccounts).TakesIdempotencyKey();
    }

    private static async Task<IResult> ListAsync(HttpContext context, Database database, ListPage page)
    {
        var caller = Caller.Of(context)!;
        await using var session = await database.ReadAsync(context.RequestAborted);
        var accounts = await new LocalAccounts(session).ListAsync(context.RequestAborted);
        return Results.Json(page.Of(accounts.Where(account => caller.MaySee(account.Id) && !AccountStatus.IsRequest(account.Status)), account => Names.Key(account.Name)).Select(View));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, string account, AccountScope scope) =>
        await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is { } found
            ? Results.Json(View(found))
            : AccountScope.NotFound("local account", account);

    private static async Task<IResult> CreateAsync(HttpContext context, CreateAccountRequest request, CreateLocalAccount create) =>
        await create.ExecuteAsync(Caller.Of(context)!, request.Name, context.RequestAborted) switch
        {
            CreateLocalAccount.Outcome.Created created => Results.Json(View(created.Account)),
            CreateLocalAccount.Outcome.NameInvalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "name-invalid", invalid.Reason),
            CreateLocalAccount.Outcome.NameTaken taken => Problem.Of(StatusCodes.Status409Conflict, "name-taken", taken.Reason),
            CreateLocalAccount.Outcome.NotAllowed => AccountScope.NotAllowed(),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<IResult> ListVirtualAsync(HttpContext context, string account, AccountScope scope, Database database, ListPage page)
    {
        var caller = Caller.Of(context)!;
        if (await scope.FindAsync(caller, account, context.RequestAborted) is not { } found)
        {
            return AccountScope.NotFound("local account", account);
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var visible = AccountScope.Visible(caller, await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted));
        return Results.Json(page.Of(visible, entry => (entry.IsDefault ? "0" : "1") + Names.Key(entry.Name)).Select(View));
    }

    private static async Task<IResult> CreateVirtualAsync(
        HttpContext context, string account, CreateVirtualAccountRequest request, AccountScope scope, CreateVirtualAccount create)
    {
        var caller = Caller.Of(context)!;
        return await scope.FindWholeAsync(caller, account, context.RequestAborted) is not { } found
            ? AccountScope.NotFound("local account", account)
            : await create.ExecuteAsync(new CreateVirtualAccount.Request(caller, found, request.Name, request.Description ?? ""), context.RequestAborted) switch
            {
                CreateVirtualAccount.Outcome.Created created => Results.Json(View(created.VirtualAccount)),
                CreateVirtualAccount.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "name-invalid", invalid.Reason),
                CreateVirtualAccount.Outcome.NameTaken => Problem.Of(
                    StatusCodes.Status409Conflict, "name-taken", $"There is a local virtual account '{request.Name}' already; choose another name."),
                CreateVirtualAccount.Outcome.NoSuchAccount => AccountScope.NotFound("local account", account),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
    }

    public static AccountView View(LocalAccountRow account) => new(
        account.Id,
        account.Name,
        account.Status,
        AccountStatus.Shown(account.Status, account.StatusReason),
        account.SmartAccount,
        account.CloudVirtualAccount,
        account.NotificationEmail,
        account.SynchronizationNeeded,
        account.TenantId,
        account.CreatedBy,
        account.CreatedAt);

    private static VirtualAccountView View(VirtualAccountRow account) => new(account.Id, account.Name, account.Description, account.IsDefault, account.CreatedAt);

    internal sealed record CreateAccountRequest(string Name);

    internal sealed record CreateVirtualAccountRequest(string Name, string? Description = null);

    /// <param name="StatusText">The status as SSM On-Prem shows it, with the cause of a rejection or an error.</param>
    internal sealed record AccountView(
        string Id,
        string Name,
        string Status,
        string StatusText,
        string? SmartAccount,
        string? CloudVirtualAccount,
        string? NotificationEmail,
        bool SynchronizationNeeded,
        string TenantId,
        string CreatedBy,
        DateTimeOffset CreatedAt);

    private sealed record VirtualAccountView(string Id, string Name, string Description, bool IsDefault, DateTimeOffset CreatedAt);
}
