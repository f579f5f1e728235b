using TransportGateway.Persistence;
using TransportGateway.Webhooks;

namespace TransportGateway.Notifications;

/// <summary>The outbox: what is on its way, and what became of the rest.</summary>
internal sealed class Mails(DbSession session)
{
    public const int DaysKept = 30;

    private const string Columns = "id, source, kind, recipient, subject, body, state, attempts, created_at, next_attempt_at, outcome";

    /// <summary>Puts a mail on its way; a recipient who was told of this already is not told again.</summary>
    public Task AddAsync(Letter letter, string source, string recipient, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO mails (id, source, kind, recipient, subject, body, state, created_at, next_attempt_at)
            VALUES (@Id, @Source, @Kind, @Recipient, @Subject, @Body, 'waiting', @Now, @Now)
            ON CONFLICT (source, recipient) DO NOTHING
            """,
            new { Id = Ids.New(now), Source = source, letter.Kind, Recipient = recipient, letter.Subject, letter.Body, Now = now },
            cancellationToken);

    /// <summary>Those whose time has come: the oldest of each recipient, then the second of each, so that what piles up for one keeps nothing from the others.</summary>
    public Task<IReadOnlyList<MailRow>> DueAsync(DateTimeOffset now, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<MailRow>(
            $"""
            SELECT {Columns}
              FROM (SELECT {Columns}, ROW_NUMBER() OVER (PARTITION BY recipient ORDER BY next_attempt_at, id) AS place
                      FROM mails
                     WHERE state = 'waiting' AND next_attempt_at <= @Now) due
             ORDER BY place, next_attempt_at, id
             LIMIT @Limit
            """,
            new { Now = now, Limit = limit },
            cancellationToken);

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<MailRow>> ListAsync(int limit, CancellationToken cancellationToken, string? after = null) =>
        session.QueryAsync<MailRow>($"SELECT {Columns} FROM mails WHERE @After IS NULL OR id < @After ORDER BY id DESC LIMIT @Limit", new { After = after, Limit = limit }, cancellationToken);

    /// <summary>The youngest that was tried; null when none was.</summary>
    public Task<MailRow?> FindLastAttemptedAsync(CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<MailRow>($"SELECT {Columns} FROM mails WHERE attempts > 0 ORDER BY created_at DESC, id DESC LIMIT 1", null, cancellationToken);

    /// <summary>How many are in each state, for those that have some.</summary>
    public async Task<IReadOnlyDictionary<string, long>> CountAsync(CancellationToken cancellationToken) =>
        (await session.QueryAsync<StateCount>("SELECT state, COUNT(*) AS mails FROM mails GROUP BY state", null, cancellationToken)).ToDictionary(row => row.State, row => row.Mails, StringComparer.Ordinal);

    /// <summary>Writes down what came of an attempt.</summary>
    public Task<int> AttemptedAsync(string id, string state, DateTimeOffset nextAttemptAt, string outcome, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE mails SET state = @State, attempts = attempts + 1, next_attempt_at = @Next, outcome = @Outcome WHERE id = @Id AND state = 'waiting'",
            new { Id = id, State = state, Next = nextAttemptAt, Outcome = outcome },
            cancellationToken);

    /// <summary>Nothing is on its way any more.</summary>
    public Task<int> GiveUpAllAsync(string outcome, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE mails SET state = @State, outcome = @Outcome WHERE state = 'waiting'", new { State = DeliveryState.GivenUp, Outcome = outcome }, cancellationToken);

    /// <summary>Forgets what is over, so many at a time.</summary>
    public Task<int> PurgeAsync(DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM mails WHERE id IN (SELECT id FROM mails WHERE state <> 'waiting' AND created_at < @Before LIMIT @Most)", new { Before = before, Most = most }, cancellationToken);

    private sealed class StateCount
    {
        public required string State { get; init; }

        public required long Mails { get; init; }
    }
}

internal sealed class MailRow
{
    public required string Id { get; init; }

    /// <summary>What it tells of: an event's identifier, or that of a batch of news.</summary>
    public required string Source { get; init; }

    public required string Kind { get; init; }

    public required string Recipient { get; init; }

    public required string Subject { get; init; }

    public required string Body { get; init; }

    /// <summary>One of <see cref="DeliveryState"/>.</summary>
    public required string State { get; init; }

    public required long Attempts { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset NextAttemptAt { get; init; }

    public required string Outcome { get; init; }
}
