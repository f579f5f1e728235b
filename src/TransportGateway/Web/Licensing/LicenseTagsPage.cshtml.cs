using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>The license tags of the account: labels for its licences (ssm-on-prem 2.2).</summary>
internal sealed class LicenseTagsPage(ChangeLicenseTags change, Database database) : LicensingPage(database)
{
    private ILookup<string, string> _licenses = Enumerable.Empty<string>().ToLookup(name => name);

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<LicenseTagRow> Tags { get; private set; } = [];

    public bool MayChange => May(Permission.ManageLicenses, Account.Id);

    /// <summary>The names of the licences that have it.</summary>
    public IEnumerable<string> LicensesOf(LicenseTagRow tag) => _licenses[tag.Id].Order(StringComparer.OrdinalIgnoreCase);

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ?? Page();

    [Needs(Permission.ManageLicenses)]
    public async Task<IActionResult> OnPostCreateAsync(string? name) =>
        await LoadAsync() ?? Answer(await change.CreateAsync(Caller, Account, name?.Trim() ?? "", Aborted), tag => T["License tag {0} was created.", tag]);

    [Needs(Permission.ManageLicenses)]
    public async Task<IActionResult> OnPostRenameAsync(string? id, string? name) =>
        await LoadAsync() ?? Answer(await change.RenameAsync(Caller, Account, id ?? "", name?.Trim() ?? "", Aborted), tag => T["The license tag is called {0} now.", tag]);

    [Needs(Permission.ManageLicenses)]
    public async Task<IActionResult> OnPostDeleteAsync(string? id) =>
        await LoadAsync() ?? Answer(await change.DeleteAsync(Caller, Account, id ?? "", Aborted), tag => T["License tag {0} was deleted.", tag]);

    /// <summary>Why nothing was done.</summary>
    public static string Sentence(Texts texts, ChangeLicenseTags.Outcome outcome) => outcome switch
    {
        ChangeLicenseTags.Outcome.Invalid(var reason) => texts[reason],
        ChangeLicenseTags.Outcome.NameTaken(var reason) => texts[reason],
        ChangeLicenseTags.Outcome.NoSuchLicense(var reason) => texts[reason],
        ChangeLicenseTags.Outcome.NoSuchTag => texts["There is no such license tag any more."],
        ChangeLicenseTags.Outcome.NotAllowed => texts["License tags are the whole account's: only a role in the account may change them."],
        _ => throw new InvalidOperationException(outcome.GetType().Name),
    };

    public static int Status(ChangeLicenseTags.Outcome outcome) => outcome switch
    {
        ChangeLicenseTags.Outcome.Invalid => StatusCodes.Status400BadRequest,
        ChangeLicenseTags.Outcome.NameTaken => StatusCodes.Status409Conflict,
        ChangeLicenseTags.Outcome.NotAllowed => StatusCodes.Status403Forbidden,
        _ => StatusCodes.Status404NotFound,
    };

    private IActionResult Answer(ChangeLicenseTags.Outcome outcome, Func<string, string> sentence) =>
        outcome is ChangeLicenseTags.Outcome.Done(var tag, _) ? Done(sentence(tag.Name), Path("licenses/tags")) : Refuse(Sentence(T, outcome), Status(outcome));

    private async Task<IActionResult?> LoadAsync()
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "name", "by");
        await using var session = await Database.ReadAsync(Aborted);
        var facts = await new Entitlements(session).FactsAsync(Account.Id, Aborted);
        _licenses = (await new LicenseTags(session).AssignmentsAsync(Account.Id, Aborted))
            .ToLookup(assignment => assignment.LicenseTagId, assignment => Catalogue.NameOf(assignment.EntitlementTag, facts).DisplayName, StringComparer.Ordinal);
        Tags = List.Of(
            await new LicenseTags(session).ListAsync(Account.Id, Aborted),
            tag => [tag.Name, .. LicensesOf(tag)],
            tag => List.Sort == "by" ? tag.CreatedBy.ToUpperInvariant() : tag.Name.ToUpperInvariant());
        return null;
    }
}
