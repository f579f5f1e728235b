using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Compatible;

/// <summary>The open alerts of a local account, which monitoring clients count by severity.</summary>
internal static class CompatibleAlerts
{
    public static void Map(IEndpointRouteBuilder api) =>
        api.MapPost("/accounts/{account}/alerts", ListAsync).Requires(Permission.ReadInventory);

    private static async Task<IResult> ListAsync(HttpContext context, string account, AccountScope scope, Database database)
    {
        if (await scope.FindAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found)
        {
            return Answer.NoAccount(account);
        }

        var body = await LenientBody.ReadAsync(context);
        await using var session = await database.ReadAsync(context.RequestAborted);
        var virtualAccounts = (await new VirtualAccounts(session).ListAsync(found.Id, context.RequestAborted)).ToDictionary(entry => entry.Id, entry => entry.Name, StringComparer.Ordinal);
        var facts = await new Entitlements(session).FactsAsync(found.Id, context.RequestAborted);
        var alerts = AccountScope.Visible(Caller.Of(context)!, await new Alerts(session).ListOpenAsync(found.Id, context.RequestAborted)).Select(alert => (JsonNode)new JsonObject
        {
            ["messageType"] = alert.Kind,
            ["severity"] = alert.Severity,
            // Always a text: existing clients print it as it is.
            ["source"] = alert.Kind == Alerts.InsufficientLicenses ? Catalogue.NameOf(alert.Source, facts).DisplayName : alert.Source,
            ["message"] = alert.Message,
            ["virtualAccount"] = virtualAccounts.GetValueOrDefault(alert.VirtualAccountId, ""),
            ["raisedDate"] = CompatibleViews.Instant(alert.RaisedAt),
        }).ToList();
        return Answer.Done(new JsonObject { ["alerts"] = new JsonArray([.. Answer.Page(alerts, body)]), ["totalRecords"] = alerts.Count });
    }
}
