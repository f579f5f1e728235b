using TransportGateway.Access;
using TransportGateway.Accounts;

namespace TransportGateway.Licensing;

/// <summary>The licence table over REST.</summary>
internal static class LicensingFeature
{
    public static IServiceCollection AddLicensing(this IServiceCollection services) => services
        .AddSingleton<ListLicenses>()
        .AddSingleton<ListSubscriptions>()
        .AddSingleton<Jobs.IJob, LicenseTerms>();

    public static void MapLicensing(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/api/v2/accounts/{account}/virtual-accounts/{virtualAccount}/licenses", ListAsync).Requires(Permission.ReadInventory);

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
            license.Alert)));
    }

    private sealed record LicenseView(
        string License, string Description, string Tag, string Billing, long Purchased, long InUse, long Substitution, long Balance, long Relayed, string Status, string Alert);
}
