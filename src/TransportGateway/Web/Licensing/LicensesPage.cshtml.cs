using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>The licence table (ssm-on-prem 2.2), by name or by the license tags that people put on licences.</summary>
internal sealed class LicensesPage(ListLicenses licenses, ChangeLicenseTags change, Database database) : LicensingPage(database)
{
    public const string AllTags = "";

    public Listing List { get; private set; } = null!;

    /// <summary>Those of this page; by tag a licence is there once for each of its tags.</summary>
    public IReadOnlyList<Row> Rows { get; private set; } = [];

    /// <summary>The sums over each tag, on all pages; null for the licences without one.</summary>
    public IReadOnlyList<(string? Tag, Sums Sums)> Groups { get; private set; } = [];

    public IReadOnlyList<LicenseTagRow> Tags { get; private set; } = [];

    public bool ByTag { get; private set; }

    /// <summary>Only licences with this tag are shown.</summary>
    public string Tagged { get; private set; } = AllTags;

    public bool MayChangeTags => May(Permission.ManageLicenses, Account.Id);

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ?? Page();

    /// <param name="license">The entitlement tags of the licences that were ticked.</param>
    [Needs(Permission.ManageLicenses)]
    public async Task<IActionResult> OnPostTagAsync(string[] license, string? licenseTag, string? what)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        if (license.Length == 0)
        {
            return Refuse(T["Tick at least one licence first."]);
        }

        var outcome = what switch
        {
            "assign" => await change.AssignAsync(Caller, Account, licenseTag ?? "", license, Aborted),
            "unassign" => await change.TakeOffAsync(Caller, Account, licenseTag ?? "", license, Aborted),
            _ => new ChangeLicenseTags.Outcome.NoSuchTag(),
        };
        return outcome is ChangeLicenseTags.Outcome.Done(var tag, var changed)
            ? Done(T[what == "assign" ? "Licences that have the tag {0} now: {1}." : "Licences that lost the tag {0}: {1}.", tag.Name, changed.Count], List.Address())
            : Refuse(LicenseTagsPage.Sentence(T, outcome), LicenseTagsPage.Status(outcome));
    }

    private async Task<IActionResult?> LoadAsync()
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "license", "billing", "purchased", "use", "substitution", "balance", "alert");
        ByTag = Request.Query["view"] == "tag";
        await using (var session = await Database.ReadAsync(Aborted))
        {
            Tags = await new LicenseTags(session).ListAsync(Account.Id, Aborted);
        }

        Tagged = Tags.FirstOrDefault(tag => Names.Key(tag.Name) == Names.Key(Request.Query["tagged"].ToString()))?.Name ?? AllTags;
        var all = (await licenses.ExecuteAsync(Account.Id, VirtualAccount.Id, Aborted))
            .SelectMany(license => !ByTag ? [new Row(null, license)] : license.LicenseTags.Count == 0 ? [new Row(null, license)] : license.LicenseTags.Select(tag => new Row(tag, license)))
            .Where(row => Tagged == AllTags || (ByTag ? row.Tag == Tagged : row.License.LicenseTags.Contains(Tagged))).ToArray();
        Groups = [.. all.GroupBy(row => row.Tag).Select(group => (group.Key, Sums.Of([.. group.Select(row => row.License)])))];
        Rows = List.Of(
            all,
            row => [row.License.Name.DisplayName, row.License.Tag],
            // Those without a tag come last.
            row => ByTag ? (row.Tag is null ? "1" : "0" + Names.Key(row.Tag)) : "",
            row => List.Sort switch
            {
                "billing" => row.License.Billing,
                "purchased" => row.License.Balance.Purchased,
                "use" => row.License.Balance.InUse,
                "substitution" => row.License.Balance.Substitution,
                "balance" => row.License.Balance.Balance,
                "alert" => row.License.Alert,
                _ => row.License.Name.DisplayName.ToUpperInvariant(),
            });
        return null;
    }

    /// <param name="Tag">The license tag under which it stands; null by name, and for a licence without one.</param>
    internal sealed record Row(string? Tag, ListLicenses.License License);

    /// <summary>What can be added up over different licences. A balance cannot: what one has left over covers no other.</summary>
    internal sealed record Sums(int Licenses, long Purchased, long InUse, int Short)
    {
        public static Sums Of(IReadOnlyList<ListLicenses.License> licenses) => new(
            licenses.Count, licenses.Sum(license => license.Balance.Purchased), licenses.Sum(license => license.Balance.InUse), licenses.Count(license => license.Alert.Length > 0));
    }
}
