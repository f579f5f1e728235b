using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Events;

/// <summary>What happened, to whom and by whose hand. An entry joins the transaction of the change it tells of.</summary>
internal sealed class EventLog(DbSession session)
{
    /// <summary>Entries of each kind that anybody who reaches the port can cause.</summary>
    public const int MostRefusalsOfStrangers = 100_000;

    private static readonly string[] OfStrangers = [EventKinds.MessageRefused, EventKinds.RegistrationRefused, EventKinds.SignInRefused];

    private const string Columns = "id, occurred_at, kind, severity, actor, account_id, virtual_account_id, instance_id, message";

    public async Task AppendAsync(LoggedEvent entry, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var id = Ids.New(now);
        await session.ExecuteAsync(
            """
            INSERT INTO events (id, occurred_at, kind, severity, actor, account_id, virtual_account_id, former_virtual_account_id, instance_id, message)
            VALUES (@Id, @Now, @Kind, @Severity, @Actor, @AccountId, @VirtualAccountId, @FormerVirtualAccountId, @InstanceId, @Message)
            """,
            new
            {
                Id = id,
                Now = now,
                entry.Kind,
                entry.Severity,
                entry.Actor,
                entry.AccountId,
                entry.VirtualAccountId,
                FormerVirtualAccountId = entry.FormerVirtualAccountId == entry.VirtualAccountId ? null : entry.FormerVirtualAccountId,
                entry.InstanceId,
                entry.Message,
            },
            cancellationToken);
        if (entry.Licenses.Distinct(StringComparer.Ordinal).ToArray() is { Length: > 0 } licenses)
        {
            // One statement for all: products report many licences at a time.
            var parameters = licenses.Select((tag, at) => KeyValuePair.Create($"Tag{at}", (object?)tag)).Append(KeyValuePair.Create("Id", (object?)id)).ToDictionary(StringComparer.Ordinal);
            await session.ExecuteAsync(
                $"INSERT INTO event_licenses (event_id, tag) VALUES {string.Join(", ", licenses.Select((_, at) => $"(@Id, @Tag{at})"))}", parameters, cancellationToken);
        }
    }

    /// <summary>The newest entries first.</summary>
    /// <param name="after">Only those behind this place; null from the start.</param>
    public Task<IReadOnlyList<EventRow>> ListAsync(EventFilter filter, int limit, CancellationToken cancellationToken, ListPlace? after = null)
    {
        var parameters = filter.Parameters();
        parameters["AfterOccurredAt"] = after?.Instant;
        parameters["AfterId"] = after?.Id;
        parameters["Limit"] = limit;
        return session.QueryAsync<EventRow>(
            $"""
            SELECT {Columns}
              FROM events
             WHERE {filter.Condition(session.Dialect)}
               AND {(after is null ? "TRUE" : "(occurred_at, id) < (@AfterOccurredAt, @AfterId)")}
             ORDER BY occurred_at DESC, id DESC
             LIMIT @Limit
            """,
            parameters,
            cancellationToken);
    }

    /// <summary>A page of the entries, and how many there are in all.</summary>
    public async Task<(IReadOnlyList<EventRow> Rows, long Total)> SearchAsync(
        EventFilter filter, bool newestFirst, int limit, int offset, CancellationToken cancellationToken)
    {
        var parameters = filter.Parameters();
        parameters["Limit"] = limit;
        parameters["Offset"] = offset;
        var (condition, order) = (filter.Condition(session.Dialect), newestFirst ? "DESC" : "ASC");
        var rows = await session.QueryAsync<EventRow>(
            $"""
            SELECT {Columns}
              FROM events
             WHERE {condition}
             ORDER BY occurred_at {order}, id {order}
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

    /// <summary>Forgets the oldest entries, so many at a time.</summary>
    public Task<int> PurgeAsync(DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE occurred_at < @Before ORDER BY occurred_at LIMIT @Most)",
            new { Before = before, Most = most },
            cancellationToken);

    /// <summary>Keeps the newest refusals of who proved nothing, whatever product or user they claimed to be.</summary>
    /// <param name="most">Of each kind.</param>
    /// <param name="mostAtOnce">Entries of a kind that are forgotten at a time.</param>
    public async Task<int> TrimRefusalsAsync(int most, int mostAtOnce, CancellationToken cancellationToken)
    {
        var forgotten = 0;
        foreach (var kind in OfStrangers)
        {
            forgotten += await session.ExecuteAsync(
                "DELETE FROM events WHERE id IN (SELECT id FROM events WHERE kind = @Kind ORDER BY occurred_at DESC, id DESC LIMIT @MostAtOnce OFFSET @Most)",
                new { Kind = kind, Most = most, MostAtOnce = mostAtOnce },
                cancellationToken);
        }

        return forgotten;
    }
}

/// <param name="Actor">A product, an API client, a local user, or <c>gateway</c>.</param>
internal sealed record LoggedEvent(
    string Kind, string Severity, string Actor, string Message, string? AccountId = null, string? InstanceId = null)
{
    /// <summary>The virtual account that it concerns; where something moved, the one where it is now.</summary>
    public string? VirtualAccountId { get; init; }

    /// <summary>The virtual account that it left.</summary>
    public string? FormerVirtualAccountId { get; init; }

    /// <summary>The entitlement tags of the licences that it is about.</summary>
    public IEnumerable<string> Licenses { get; init; } = [];
}

internal sealed class EventRow
{
    public required string Id { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    public required string Kind { get; init; }

    public required string Severity { get; init; }

    public required string Actor { get; init; }

    public string? AccountId { get; init; }

    public string? VirtualAccountId { get; init; }

    public string? InstanceId { get; init; }

    public required string Message { get; init; }
}
