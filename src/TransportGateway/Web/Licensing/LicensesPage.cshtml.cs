using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>The licence table (ssm-on-prem 2.2).</summary>
internal sealed class LicensesPage(ListLicenses licenses, Database database) : LicensingPage(database)
{
    public Listing List { get; private set; } = null!;

    public IReadOnlyList<ListLicenses.License> Licenses { get; private set; } = [];

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "license", "billing", "purchased", "use", "substitution", "balance", "alert");
        Licenses = List.Of(
            await licenses.ExecuteAsync(Account.Id, VirtualAccount.Id, Aborted),
            license => [license.Name.DisplayName, license.Tag],
            license => List.Sort switch
            {
                "billing" => license.Billing,
                "purchased" => license.Balance.Purchased,
                "use" => license.Balance.InUse,
                "substitution" => license.Balance.Substitution,
                "balance" => license.Balance.Balance,
                "alert" => license.Alert,
                _ => license.Name.DisplayName.ToUpperInvariant(),
            });
        return Page();
    }
}
