using System.Reflection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Authority;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Hosting;

/// <summary>What the whole server tells of itself: status, alerts.</summary>
internal static class Overview
{
    public static void MapOverview(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/status", StatusAsync).Requires(Permission.ReadInventory).AlsoOnStandby();
        routes.MapGet("/api/v2/machine", Machine).Requires(Permission.ReadMetrics, wholeGateway: true).AlsoOnStandby();
        routes.MapGet("/api/v2/network", (NetworkFacts facts) => Results.Json(facts.Read())).Requires(Permission.ManageUpstream, wholeGateway: true).AlsoOnStandby();
        routes.MapGet("/api/v2/alerts", AlertsAsync).Requires(Permission.ReadInventory);
    }

    private static async Task<IResult> StatusAsync(
        HttpContext context, Database database, CertificateAuthority authority, HostCertificate host, NodeRole role, Uptime uptime)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var caller = Caller.Of(context)!;
        long own = 0;
        long relayed = 0;
        foreach (var scope in caller.Scopes)
        {
            own += await new ProductInstances(session).CountAsync(scope.AccountId, scope.VirtualAccountId, context.RequestAborted);
            relayed += await new RelayedInstances(session).CountAsync(scope.AccountId, scope.VirtualAccountId, context.RequestAborted);
        }

        return Results.Json(new StatusView(
            Assembly.GetExecutingAssembly().GetName().Version!.ToString(3),
            (long)uptime.Value.TotalSeconds,
            role.IsActive ? "active" : "standby",
            database.Dialect.Name,
            (await new HostSettings(session).FindNamesAsync(context.RequestAborted))?.CommonName ?? "",
            new DateTimeOffset(host.Certificate.NotAfter),
            new DateTimeOffset(authority.CurrentSigner.Certificate.NotAfter),
            own,
            relayed,
            AccountScope.Visible(caller, await new Alerts(session).ListOpenAsync(null, context.RequestAborted)).Count()));
    }

    private static IResult Machine(MachineMonitor monitor) => Results.Json(monitor.Read());

    private static async Task<IResult> AlertsAsync(HttpContext context, Database database, ListPage page)
    {
        var caller = Caller.Of(context)!;
        await using var session = await database.ReadAsync(context.RequestAborted);
        var accounts = (await new LocalAccounts(session).ListAsync(context.RequestAborted)).ToDictionary(account => account.Id, account => account.Name);
        var alerts = AccountScope.Visible(caller, await new Alerts(session).ListOpenAsync(null, context.RequestAborted)).ToArray();
        var names = new Dictionary<string, IReadOnlyDictionary<string, Entitlements.TagFacts>>(StringComparer.Ordinal);
        foreach (var accountId in alerts.Where(alert => alert.Kind == Alerts.InsufficientLicenses).Select(alert => alert.AccountId).Distinct())
        {
            names[accountId] = await new Entitlements(session).FactsAsync(accountId, context.RequestAborted);
        }

        return Results.Json(page.Of(
            alerts, alert => string.Join('\n', ListPage.Sortable(alert.RaisedAt), alert.AccountId, alert.VirtualAccountId, alert.Kind, alert.Source), descending: true).Select(alert => new AlertView(
            alert.Kind,
            alert.Severity,
            accounts.GetValueOrDefault(alert.AccountId, ""),
            alert.Kind == Alerts.InsufficientLicenses ? Catalogue.NameOf(alert.Source, names[alert.AccountId]).DisplayName : alert.Source,
            alert.Source,
            alert.Message,
            alert.RaisedAt)));
    }

    private sealed record StatusView(
        string Version,
        long UptimeSeconds,
        string Role,
        string Database,
        string HostName,
        DateTimeOffset HostCertificateExpires,
        DateTimeOffset SigningCertificateExpires,
        long ProductInstances,
        long RelayedInstances,
        int OpenAlerts);

    private sealed record AlertView(string MessageType, string Severity, string Account, string Source, string Tag, string Message, DateTimeOffset RaisedAt);
}
