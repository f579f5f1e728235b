using System.Text.Json;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Webhooks;

/// <summary>What happened that webhooks are told of: alerts that come and go, and synchronisations that end.</summary>
/// <remarks>Whatever raises an alert or ends a synchronisation knows nothing of webhooks. What was told stands in the rows themselves, so nothing is lost and nothing told twice.</remarks>
internal static class News
{
    public const string Test = "test";
    private const int MostAtOnce = 500;

    public static string Body(string kind, DateTimeOffset at, object data) => JsonSerializer.Serialize(new { type = kind, timestamp = at, data }, JsonSerializerOptions.Web);

    /// <summary>Puts what is new on its way to every webhook, in the caller's transaction.</summary>
    public static async Task CollectAsync(DbSession session, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var alerts = await new Alerts(session).ListUntoldAsync(MostAtOnce, cancellationToken);
        var runs = await new SynchronizationRuns(session).ListUntoldAsync(MostAtOnce, cancellationToken);
        if (alerts.Count == 0 && runs.Count == 0)
        {
            return;
        }

        var store = new WebhookStore(session);
        var webhooks = await store.ListAsync(cancellationToken);
        var names = (await new LocalAccounts(session).ListAsync(cancellationToken)).ToDictionary(account => account.Id, account => account.Name, StringComparer.Ordinal);
        foreach (var (kind, at, data) in alerts.SelectMany(alert => Of(alert, names)).Concat(runs.Select(run => Of(run, names))))
        {
            foreach (var webhook in webhooks)
            {
                await store.AddDeliveryAsync(webhook.Id, kind, Body(kind, at, data), now, cancellationToken);
            }
        }

        foreach (var alert in alerts)
        {
            await new Alerts(session).ToldAsync(alert, cancellationToken);
        }

        foreach (var run in runs)
        {
            await new SynchronizationRuns(session).ToldAsync(run, cancellationToken);
        }
    }

    private static IEnumerable<(string Kind, DateTimeOffset At, object Data)> Of(UntoldAlert alert, Dictionary<string, string> accounts)
    {
        var data = new { id = alert.Id, account = accounts.GetValueOrDefault(alert.AccountId), alert = alert.Kind, severity = alert.Severity, source = alert.Source, message = alert.Message };
        if (!alert.WasRaiseTold)
        {
            yield return ("alert.raised", alert.RaisedAt, data);
        }

        if (alert.ClearedAt is { } cleared)
        {
            yield return ("alert.cleared", cleared, data);
        }
    }

    private static (string Kind, DateTimeOffset At, object Data) Of(RunRow run, Dictionary<string, string> accounts) => (
        "synchronization." + run.State,
        run.EndedAt ?? run.StartedAt,
        new
        {
            id = run.Id,
            account = accounts.GetValueOrDefault(run.AccountId),
            mode = run.Mode,
            way = run.Way,
            startedBy = run.StartedBy,
            startedAt = run.StartedAt,
            cause = run.Cause,
            productInstances = run.InstancesSent,
            entitlements = run.EntitlementsReceived,
        });
}
