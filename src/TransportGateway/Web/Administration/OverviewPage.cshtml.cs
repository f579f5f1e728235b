using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Web.Administration;

/// <summary>The frame of the administration workspace (ssm-on-prem 1.0).</summary>
internal sealed class OverviewPage(Database database, Uptime uptime, MachineMonitor monitor, TimeProvider clock) : GatewayPage
{
    private const int MostListed = 10;

    /// <summary>No alert of weight is open.</summary>
    public bool IsGood { get; private set; }

    public string Sentence => IsGood ? "Your machine is working well" : "An alert of weight is open";

    public string ServerName { get; private set; } = "";

    public TimeSpan Uptime => uptime.Value;

    public string DatabaseName => database.Dialect.Name;

    public long Instances { get; private set; }

    public MachineLoad Load { get; private set; } = null!;

    public IReadOnlyList<(string Kind, string Account)> Alerts { get; private set; } = [];

    public IReadOnlyList<(string Name, TimeSpan Since)> Connected { get; private set; } = [];

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (!Caller.IsForAllAccounts)
        {
            return LocalRedirect("/licensing");
        }

        var now = clock.GetUtcNow();
        Load = monitor.Read();
        await using var session = await database.ReadAsync(Aborted);
        ServerName = (await new HostSettings(session).FindNamesAsync(Aborted))?.CommonName ?? "";
        Instances = await new ProductInstances(session).CountAsync(null, null, Aborted) + await new RelayedInstances(session).CountAsync(null, null, Aborted);
        var accounts = (await new LocalAccounts(session).ListAsync(Aborted)).ToDictionary(account => account.Id, account => account.Name, StringComparer.Ordinal);
        var open = await new Alerts(session).ListOpenAsync(null, Aborted);
        // Short licences are the business of the licensing workspace; the machine is well all the same.
        IsGood = !open.Any(alert => alert.Severity == AlertSeverity.Major && alert.Kind != Events.Alerts.InsufficientLicenses);
        Alerts = [.. open.Select(alert => (alert.Kind, accounts.GetValueOrDefault(alert.AccountId, ""))).Distinct().Take(MostListed)];
        var users = (await new Users(session).ListAsync(Aborted)).ToDictionary(user => user.Id, user => user.Name, StringComparer.Ordinal);
        Connected = [.. (await new Sessions(session).ListAsync(null, now, Aborted)).Take(MostListed).Select(row => (users[row.UserId], now - row.CreatedAt))];
        return Page();
    }
}
