using TransportGateway.Persistence;

namespace TransportGateway.Webhooks;

/// <summary>Webhooks, and what is on its way to them.</summary>
internal sealed class WebhookStore(DbSession session)
{
    private const string Deliveries = "id, webhook_id, kind, body, state, attempts, created_at, next_attempt_at, outcome";

    public Task AddAsync(WebhookRow webhook, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO webhooks (id, name, address, sealed_secret, tls_anchors, created_by, created_at) VALUES (@Id, @Name, @Address, @SealedSecret, @TlsAnchors, @CreatedBy, @CreatedAt)",
            webhook,
            cancellationToken);

    public Task<IReadOnlyList<WebhookRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<WebhookRow>("SELECT id, name, address, sealed_secret, tls_anchors, created_by, created_at FROM webhooks ORDER BY created_at, id", null, cancellationToken);

    public Task<WebhookRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<WebhookRow>("SELECT id, name, address, sealed_secret, tls_anchors, created_by, created_at FROM webhooks WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>With all that is on its way to it; false when it is gone already.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM webhooks WHERE id = @Id", new { Id = id }, cancellationToken) == 1;

    public Task AddDeliveryAsync(string webhookId, string kind, string body, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO webhook_deliveries (id, webhook_id, kind, body, state, created_at, next_attempt_at) VALUES (@Id, @WebhookId, @Kind, @Body, 'waiting', @Now, @Now)",
            new { Id = Ids.New(now), WebhookId = webhookId, Kind = kind, Body = body, Now = now },
            cancellationToken);

    /// <summary>Those whose time has come, the oldest first.</summary>
    /// <param name="limit">For each webhook: what waits for one that is away keeps nothing from the others.</param>
    public Task<IReadOnlyList<DeliveryRow>> DueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<DeliveryRow>(
            $"""
            SELECT {Deliveries}
              FROM (SELECT {Deliveries}, ROW_NUMBER() OVER (PARTITION BY webhook_id ORDER BY next_attempt_at, id) AS place
                      FROM webhook_deliveries
                     WHERE state = 'waiting' AND next_attempt_at <= @Now) due
             WHERE place <= @Limit
             ORDER BY next_attempt_at, id
            """,
            new { Now = now, Limit = limit },
            cancellationToken);

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<DeliveryRow>> ListDeliveriesAsync(string webhookId, int limit, CancellationToken cancellationToken, string? after = null) =>
        session.QueryAsync<DeliveryRow>(
            $"SELECT {Deliveries} FROM webhook_deliveries WHERE webhook_id = @WebhookId AND (@After IS NULL OR id < @After) ORDER BY id DESC LIMIT @Limit",
            new { WebhookId = webhookId, After = after, Limit = limit },
            cancellationToken);

    /// <summary>Writes down what came of an attempt.</summary>
    public Task<int> AttemptedAsync(string id, string state, DateTimeOffset nextAttemptAt, string outcome, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE webhook_deliveries SET state = @State, attempts = attempts + 1, next_attempt_at = @Next, outcome = @Outcome WHERE id = @Id AND state = 'waiting'",
            new { Id = id, State = state, Next = nextAttemptAt, Outcome = outcome },
            cancellationToken);

    /// <summary>Forgets what is over.</summary>
    public Task<int> PurgeAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM webhook_deliveries WHERE state <> 'waiting' AND created_at < @Before", new { Before = before }, cancellationToken);
}

internal sealed class WebhookRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string Address { get; init; }

    public required string SealedSecret { get; init; }

    public required string TlsAnchors { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal static class DeliveryState
{
    public const string Waiting = "waiting";
    public const string Delivered = "delivered";

    /// <summary>After the last attempt of all.</summary>
    public const string GivenUp = "given-up";
}

internal sealed class DeliveryRow
{
    public required string Id { get; init; }

    public required string WebhookId { get; init; }

    public required string Kind { get; init; }

    public required string Body { get; init; }

    public required string State { get; init; }

    public required long Attempts { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset NextAttemptAt { get; init; }

    public required string Outcome { get; init; }
}
