using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Reports;

namespace TransportGateway.Web.Licensing;

/// <summary>Reports as files, and a chart of usage against purchased over time (ssm-on-prem 2.6).</summary>
internal sealed class ReportsPage(BuildReport build, Database database, TimeProvider clock) : LicensingPage(database)
{
    /// <summary>Names and descriptions of the reports, in English, to be looked up in the person's language.</summary>
    public static IReadOnlyList<(string Name, string Title)> All { get; } =
        [(BuildReport.Licenses, "Licenses"), (BuildReport.Instances, "Product Instances"), (BuildReport.History, "License usage over time")];

    /// <summary>The licences that there is history of.</summary>
    public IReadOnlyList<(string Tag, string Name)> Licenses { get; private set; } = [];

    /// <summary>The one that the chart shows; null without history.</summary>
    public string? Tag { get; private set; }

    public IReadOnlyList<UsageDay> Days { get; private set; } = [];

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync(string? tag, int days = 90)
    {
        if (await FindAsync(Part.Visible) is { } missing)
        {
            return missing;
        }

        await using var session = await Database.ReadAsync(Aborted);
        var facts = await new Entitlements(session).FactsAsync(Account.Id, Aborted);
        var history = await new UsageHistory(session).ListAsync([.. VirtualAccounts.Select(entry => entry.Id)], clock.GetUtcNow().AddDays(-Math.Clamp(days, 1, RecordUsage.DaysKept)), Aborted);
        Licenses = [.. history.Select(day => day.Tag).Distinct().Select(found => (found, Catalogue.NameOf(found, facts).DisplayName)).OrderBy(entry => entry.DisplayName, StringComparer.OrdinalIgnoreCase)];
        Tag = Licenses.Any(entry => entry.Tag == tag) ? tag : Licenses is [var (first, _), ..] ? first : null;
        Days = [.. history.Where(day => day.Tag == Tag)];
        return Page();
    }

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetFileAsync(string? report, string? format, string? part)
    {
        if (await FindAsync(Part.Visible) is { } missing)
        {
            return missing;
        }

        var virtualAccount = VirtualAccounts.FirstOrDefault(entry => Names.Key(entry.Name) == Names.Key(part ?? ""));
        try
        {
            return format is ReportFile.Csv or ReportFile.Xlsx
                && (string.IsNullOrEmpty(part) || virtualAccount is not null)
                && await build.ExecuteAsync(Caller, Account, virtualAccount, report ?? "", made => ReportFile.Write(made, format), Aborted) is { } file
                    ? File(file, ReportFile.TypeOf(format), $"{report}.{format}")
                    : Missing(T["There is no such report."]);
        }
        catch (BusyException busy)
        {
            return Busy(busy);
        }
    }
}
