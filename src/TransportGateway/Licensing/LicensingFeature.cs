using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>The licence table over REST, and what moves licences in it.</summary>
internal static class LicensingFeature
{
    public static IServiceCollection AddLicensing(this IServiceCollection services) => services
        .AddSingleton<ListLicenses>()
        .AddSingleton<ListSubscriptions>()
        .AddSingleton<TransferLicenses>()
        .AddSingleton<RequestReservation>()
        .AddSingleton<ChangeLicenseTags>()
        .AddSingleton<Jobs.IJob, LicenseTerms>();

    public static void MapLicensing(this IEndpointRouteBuilder routes)
    {
        const string Path = "/api/v2/accounts/{account}/virtual-accounts/{virtualAccount}/licenses";
        routes.MapGet(Path, ListAsync).Requires(Permission.ReadInventory);
        routes.MapGet(Path + "/{tag}", ShowAsync).Requires(Permission.ReadInventory);
        routes.MapPost(Path + "/transfer", TransferAsync).Requires(Permission.ManageLicenses);
        routes.MapLicenseTags();
    }

    private static async Task<IResult> ListAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, ListLicenses list, ListPage page)
    {
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        var licenses = await list.ExecuteAsync(found!.AccountId, found.Id, context.RequestAborted);
        return Results.Json(page.Of(licenses, license => license.Name.DisplayName.ToUpperInvariant() + "\n" + license.Tag).Select(View));
    }

    /// <summary>A licence with the terms under which Software Central granted it to the account, as far as the caller may see them.</summary>
    private static async Task<IResult> ShowAsync(
        HttpContext context, string account, string virtualAccount, string tag, AccountScope scope, ListLicenses list, Database database)
    {
        var (found, missing) = await scope.FindVirtualAsync(context, account, virtualAccount);
        if (missing is not null)
        {
            return missing;
        }

        if ((await list.ExecuteAsync(found!.AccountId, found.Id, context.RequestAborted)).FirstOrDefault(license => license.Tag == tag) is not { } shown)
        {
            return Problem.Of(StatusCodes.Status404NotFound, "no-such-license", $"The licence '{tag}' is neither bought nor used in '{found.Name}'. 'tgctl license list' shows those that are.");
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var terms = AccountScope.MaySeeGrants(Caller.Of(context)!, found) ? (await new Entitlements(session).ListAsync(found.AccountId, context.RequestAborted)).Where(term => term.Tag == tag) : [];
        return Results.Json(new ShownView(
            View(shown), [.. terms.Select(term => new TermView(term.Id, term.Sku, term.Billing, term.Quantity, term.StartsAt, term.EndsAt, term.SubscriptionId, term.Status))]));
    }

    private static async Task<IResult> TransferAsync(
        HttpContext context, string account, string virtualAccount, TransferRequest request, AccountScope scope, TransferLicenses transfer)
    {
        var caller = Caller.Of(context)!;
        var (found, from) = await scope.FindAsync(caller, account, virtualAccount, context.RequestAborted);
        if (found is null || from is null)
        {
            return AccountScope.NotFound(found is null ? "local account" : "local virtual account", found is null ? account : virtualAccount);
        }

        return await transfer.ExecuteAsync(
            new TransferLicenses.Request(caller, from, request.License, request.LicenseType ?? "", request.Quantity, request.VirtualAccount), context.RequestAborted) switch
        {
            TransferLicenses.Outcome.Transferred done => Results.Json(new TransferredView(done.License, done.Tag, done.Quantity, done.To.Name)),
            TransferLicenses.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "transfer-invalid", invalid.Reason),
            TransferLicenses.Outcome.NotEnough refused => Problem.Of(StatusCodes.Status409Conflict, "not-enough-licenses", refused.Reason),
            TransferLicenses.Outcome.NoSuchVirtualAccount missing => AccountScope.NotFound("local virtual account", missing.Name),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static LicenseView View(ListLicenses.License license) => new(
        license.Name.DisplayName,
        license.Name.Description,
        license.Tag,
        license.Billing,
        license.Balance.Purchased,
        license.Balance.InUse,
        license.Balance.Substitution,
        license.Balance.Balance,
        license.Relayed,
        license.Status,
        license.Alert,
        license.LicenseTags);

    /// <param name="VirtualAccount">Where they go.</param>
    internal sealed record TransferRequest(string License, long Quantity, string VirtualAccount, string? LicenseType = null);

    private sealed record TransferredView(string License, string Tag, long Quantity, string VirtualAccount);

    private sealed record ShownView(LicenseView License, TermView[] Terms);

    private sealed record TermView(
        string Id, string? Sku, string Billing, long Quantity, DateTimeOffset StartDate, DateTimeOffset? EndDate, string? SubscriptionId, string Status);

    private sealed record LicenseView(
        string License, string Description, string Tag, string Billing, long Purchased, long InUse, long Substitution, long Balance, long Relayed, string Status, string Alert, IReadOnlyList<string> LicenseTags);
}
