using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>What wants an eye in this account (ssm-on-prem 2.5).</summary>
internal sealed class AlertsPage(Database database) : LicensingPage(database)
{
    private IReadOnlyDictionary<string, Entitlements.TagFacts> _facts = new Dictionary<string, Entitlements.TagFacts>();

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<AlertRow> Alerts { get; private set; } = [];

    public string SourceOf(AlertRow alert) => alert.Kind == Events.Alerts.InsufficientLicenses ? Catalogue.NameOf(alert.Source, _facts).DisplayName : alert.Source;

    public string? VirtualAccountOf(AlertRow alert) => VirtualAccounts.FirstOrDefault(entry => entry.Id == alert.VirtualAccountId)?.Name;

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (await FindAsync(Part.Visible) is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "-since", "severity", "kind", "source");
        await using var session = await Database.ReadAsync(Aborted);
        _facts = await new Entitlements(session).FactsAsync(Account.Id, Aborted);
        Alerts = List.Of(
            AccountScope.Visible(Caller, await new Alerts(session).ListOpenAsync(Account.Id, Aborted)),
            alert => [alert.Severity, T[alert.Severity], alert.Kind, T[alert.Kind], alert.Source, SourceOf(alert), VirtualAccountOf(alert), alert.Message],
            alert => List.Sort switch
            {
                "severity" => alert.Severity,
                "kind" => alert.Kind,
                "source" => SourceOf(alert),
                _ => alert.RaisedAt,
            });
        return Page();
    }
}
