using System.Globalization;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Webhooks;

/// <summary>Sends what webhooks are to be told, signed as Standard Webhooks says, until the address takes it or a day and a half is over.</summary>
internal sealed class DeliverWebhooks(Database database, MasterKey masterKey, TimeProvider clock) : IJob
{
    private const int MostAtOnceForEach = 50;
    private const int AtATime = 4;
    private const int DaysKept = 30;
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>How long it waits after each attempt that failed; there is one attempt more than there are pauses.</summary>
    public static IReadOnlyList<TimeSpan> Pauses { get; } =
        [TimeSpan.FromSeconds(30), TimeSpan.FromMinutes(5), TimeSpan.FromMinutes(30), TimeSpan.FromHours(2), TimeSpan.FromHours(8), TimeSpan.FromHours(24)];

    public string Name => "webhooks";

    public TimeSpan Interval => TimeSpan.FromSeconds(5);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        IReadOnlyList<DeliveryRow> due;
        Dictionary<string, WebhookRow> webhooks;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            due = await new WebhookStore(session).DueAsync(now, MostAtOnceForEach, cancellationToken);
            webhooks = (await new WebhookStore(session).ListAsync(cancellationToken)).ToDictionary(webhook => webhook.Id, StringComparer.Ordinal);
        }

        // One address at a time gets one message at a time, in their order; one that hangs does not hold up the others.
        await Parallel.ForEachAsync(
            due.GroupBy(delivery => delivery.WebhookId, StringComparer.Ordinal).Where(group => webhooks.ContainsKey(group.Key)),
            new ParallelOptions { MaxDegreeOfParallelism = AtATime, CancellationToken = cancellationToken },
            async (group, cancel) =>
            {
                using var http = new HttpClient(new UpstreamRoute { TlsAnchors = webhooks[group.Key].TlsAnchors }.CreateHandler()) { Timeout = Patience, MaxResponseContentBufferSize = 64 * 1024 };
                foreach (var delivery in group)
                {
                    if (!await DeliverAsync(http, webhooks[group.Key], delivery, cancel))
                    {
                        break;
                    }
                }
            });
    }

    private async Task<bool> DeliverAsync(HttpClient http, WebhookRow webhook, DeliveryRow delivery, CancellationToken cancellationToken)
    {
        var (taken, outcome) = await SendAsync(http, webhook, delivery, cancellationToken);
        var now = clock.GetUtcNow();
        var isLast = delivery.Attempts >= Pauses.Count;
        await using var session = await database.BeginAsync(cancellationToken);
        await new WebhookStore(session).AttemptedAsync(
            delivery.Id,
            taken ? DeliveryState.Delivered : isLast ? DeliveryState.GivenUp : DeliveryState.Waiting,
            taken || isLast ? now : now + Pauses[(int)delivery.Attempts],
            outcome,
            cancellationToken);
        if (!taken && isLast)
        {
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.WebhookGivenUp, Severity.Error, "gateway", $"Webhook {webhook.Name} was not told of {delivery.Kind}, after {delivery.Attempts + 1} attempts: {outcome}"), now, cancellationToken);
        }

        await new WebhookStore(session).PurgeAsync(now.AddDays(-DaysKept), cancellationToken);
        await session.CommitAsync();
        return taken;
    }

    private async Task<(bool Taken, string Outcome)> SendAsync(HttpClient http, WebhookRow webhook, DeliveryRow delivery, CancellationToken cancellationToken)
    {
        var timestamp = clock.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Address) { Content = new StringContent(delivery.Body, new MediaTypeHeaderValue("application/json")) };
        request.Headers.Add("webhook-id", delivery.Id);
        request.Headers.Add("webhook-timestamp", timestamp);
        request.Headers.Add("webhook-signature", "v1," + Sign(masterKey.OpenText(ChangeWebhooks.SecretPurpose, webhook.SealedSecret), delivery.Id, timestamp, delivery.Body));
        try
        {
            using var answer = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return (answer.IsSuccessStatusCode, $"answered {(int)answer.StatusCode}");
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is HttpRequestException or OperationCanceledException)
        {
            return (false, exception is HttpRequestException ? (exception.InnerException ?? exception).Message : "no answer in time");
        }
    }

    /// <summary>HMAC-SHA256 over identifier, time and body, in base64.</summary>
    public static string Sign(Secret secret, string id, string timestamp, string body) =>
        Convert.ToBase64String(HMACSHA256.HashData(Convert.FromBase64String(secret.Value["whsec_".Length..]), Encoding.UTF8.GetBytes($"{id}.{timestamp}.{body}")));
}
