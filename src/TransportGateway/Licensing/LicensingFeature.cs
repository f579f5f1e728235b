using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;

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
        routes.MapPost(Path + "/transfer", TransferAsync).Requires(Permission.ManageLicenses);
        routes.MapLicenseTags();
    }

    private static async Task<IResult> ListAsync(HttpContext context, string account, string virtualAccount, AccountScope scope, ListLicenses list)
    {
        var (found, virtualFound) = await scope.FindAsync(Caller.Of(context)!, account, virtualAccount, context.RequestAborted);
        if (found is null || virtualFound is null)
        {
            return AccountScope.NotFound(found is null ? "local account" : "local virtual account", found is null ? account : virtualAccount);
        }

        var licenses = await list.ExecuteAsync(found.Id, virtualFound.Id, context.RequestAborted);
        return Results.Json(licenses.Select(license => new LicenseView(
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
            license.LicenseTags)));
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

    /// <param name="VirtualAccount">Where they go.</param>
    internal sealed record TransferRequest(string License, long Quantity, string VirtualAccount, string? LicenseType = null);

    private sealed record TransferredView(string License, string Tag, long Quantity, string VirtualAccount);

    private sealed record LicenseView(
        string License, string Description, string Tag, string Billing, long Purchased, long InUse, long Substitution, long Balance, long Relayed, string Status, string Alert, IReadOnlyList<string> LicenseTags);
}
