using System.Text.Json;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Webhooks;

/// <summary>Puts the news on their way to every webhook, as JSON.</summary>
internal sealed class WebhookNews : INewsListener
{
    public const string Test = "test";

    public static string Body(string kind, DateTimeOffset at, object data) => JsonSerializer.Serialize(new { type = kind, timestamp = at, data }, JsonSerializerOptions.Web);

    public async Task HearAsync(DbSession session, News news, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var store = new WebhookStore(session);
        var webhooks = await store.ListAsync(cancellationToken);
        foreach (var (kind, at, data) in news.Alerts.SelectMany(alert => Of(alert, news.Accounts)).Concat(news.Runs.Select(run => Of(run, news.Accounts))))
        {
            foreach (var webhook in webhooks)
            {
                await store.AddDeliveryAsync(webhook.Id, kind, Body(kind, at, data), now, cancellationToken);
            }
        }
    }

    private static IEnumerable<(string Kind, DateTimeOffset At, object Data)> Of(UntoldAlert alert, IReadOnlyDictionary<string, string> accounts)
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

    private static (string Kind, DateTimeOffset At, object Data) Of(RunRow run, IReadOnlyDictionary<string, string> accounts) => (
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
