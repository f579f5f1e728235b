using TransportGateway.Persistence;

namespace TransportGateway.Events;

/// <summary>What happened, to whom and by whose hand. An entry joins the transaction of the change it tells of.</summary>
internal sealed class EventLog(DbSession session)
{
    public const int MostRowsPerPage = 1000;

    public Task AppendAsync(LoggedEvent entry, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO events (id, occurred_at, kind, severity, actor, account_id, instance_id, message)
            VALUES (@Id, @Now, @Kind, @Severity, @Actor, @AccountId, @InstanceId, @Message)
            """,
            new { Id = Ids.New(now), Now = now, entry.Kind, entry.Severity, entry.Actor, entry.AccountId, entry.InstanceId, entry.Message },
            cancellationToken);

    /// <summary>The newest entries first.</summary>
    /// <param name="accountIds">The accounts that they are about; null for all, and for what is about none.</param>
    /// <param name="after">Only those behind this entry; null from the start.</param>
    public Task<IReadOnlyList<EventRow>> ListAsync(IReadOnlyCollection<string>? accountIds, string? kind, int limit, CancellationToken cancellationToken, string? after = null) =>
        session.QueryAsync<EventRow>(
            $"""
            SELECT id, occurred_at, kind, severity, actor, account_id, instance_id, message
              FROM events
             WHERE {(accountIds is null ? "TRUE" : session.Dialect.AnyOf("account_id", "@AccountIds"))}
               AND (@Kind IS NULL OR kind = @Kind)
               AND (@After IS NULL OR (occurred_at, id) < (SELECT occurred_at, id FROM events WHERE id = @After))
             ORDER BY occurred_at DESC, id DESC
             LIMIT @Limit
            """,
            new { AccountIds = accountIds?.ToArray() ?? [], Kind = kind, After = after, Limit = Math.Clamp(limit, 1, MostRowsPerPage) },
            cancellationToken);

    /// <summary>A page of the newest entries first, and how many there are in all.</summary>
    /// <param name="accountIds">As above.</param>
    /// <param name="kinds">Null for all.</param>
    /// <param name="text">Searched in message, actor and kind; empty for all.</param>
    public async Task<(IReadOnlyList<EventRow> Rows, long Total)> SearchAsync(
        IReadOnlyCollection<string>? accountIds, IReadOnlyCollection<string>? kinds, string text, int limit, int offset, CancellationToken cancellationToken)
    {
        var condition =
            $"""
            {(accountIds is null ? "TRUE" : session.Dialect.AnyOf("account_id", "@AccountIds"))}
               AND {(kinds is null ? "TRUE" : session.Dialect.AnyOf("kind", "@Kinds"))}
               AND {(text.Length == 0 ? "TRUE" : "(lower(message) LIKE @Pattern ESCAPE '!' OR lower(actor) LIKE @Pattern ESCAPE '!' OR kind LIKE @Pattern ESCAPE '!')")}
            """;
        var parameters = new { AccountIds = accountIds?.ToArray() ?? [], Kinds = kinds?.ToArray() ?? [], Pattern = Dialect.Containing(text), Limit = limit, Offset = offset };
        var rows = await session.QueryAsync<EventRow>(
            $"""
            SELECT id, occurred_at, kind, severity, actor, account_id, instance_id, message
              FROM events
             WHERE {condition}
             ORDER BY occurred_at DESC, id DESC
             LIMIT @Limit OFFSET @Offset
            """,
            parameters,
            cancellationToken);
        return (rows, await session.ScalarAsync<long>($"SELECT COUNT(*) FROM events WHERE {condition}", parameters, cancellationToken));
    }

    /// <summary>Identifiers of the entries since a time, the oldest first.</summary>
    /// <param name="kinds">Null for all.</param>
    public Task<IReadOnlyList<string>> ListIdsSinceAsync(DateTimeOffset from, IReadOnlyCollection<string>? kinds, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<string>(
            $"SELECT id FROM events WHERE occurred_at >= @From AND {(kinds is null ? "TRUE" : session.Dialect.AnyOf("kind", "@Kinds"))} ORDER BY occurred_at, id LIMIT @Limit",
            new { From = from, Kinds = kinds?.ToArray() ?? [], Limit = limit },
            cancellationToken);

    /// <summary>The entries with these identifiers, the oldest first.</summary>
    public Task<IReadOnlyList<EventRow>> FindAsync(IReadOnlyCollection<string> ids, CancellationToken cancellationToken) =>
        session.QueryAsync<EventRow>(
            $"SELECT id, occurred_at, kind, severity, actor, account_id, instance_id, message FROM events WHERE {session.Dialect.AnyOf("id", "@Ids")} ORDER BY occurred_at, id",
            new { Ids = ids.ToArray() },
            cancellationToken);

    /// <summary>Identifiers sort by time, so a new one means that something happened.</summary>
    public Task<string?> NewestIdAsync(CancellationToken cancellationToken) =>
        session.ScalarAsync<string>("SELECT id FROM events ORDER BY occurred_at DESC, id DESC LIMIT 1", null, cancellationToken);

    public Task<int> PurgeAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM events WHERE occurred_at < @Before", new { Before = before }, cancellationToken);
}

/// <param name="Actor">A product, an API client, a local user, or <c>gateway</c>.</param>
internal sealed record LoggedEvent(
    string Kind, string Severity, string Actor, string Message, string? AccountId = null, string? InstanceId = null);

internal sealed class EventRow
{
    public required string Id { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    public required string Kind { get; init; }

    public required string Severity { get; init; }

    public required string Actor { get; init; }

    public string? AccountId { get; init; }

    public string? InstanceId { get; init; }

    public required string Message { get; init; }
}
