using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Every synchronisation: the one that is under way, and those of the past.</summary>
internal sealed class SynchronizationRuns(DbSession session)
{
    private const string Columns =
        """
        id, account_id, sequence, mode, way, state, started_by, started_at, ended_at, instances_to_send, sent_up_to, parts, last_part_hash, request_complete,
        instances_sent, bytes_sent, entitlements_received, removals_received, certificates_received, cause, resumable
        """;

    /// <summary>False when one of this account is under way already.</summary>
    public async Task<bool> AddAsync(RunRow run, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            INSERT INTO synchronization_runs (id, account_id, sequence, mode, way, state, started_by, started_at, instances_to_send)
            VALUES (@Id, @AccountId, @Sequence, @Mode, @Way, @State, @StartedBy, @StartedAt, @InstancesToSend)
            ON CONFLICT (account_id) WHERE state IN ('sending', 'awaiting-response') DO NOTHING
            """,
            run,
            cancellationToken) == 1;

    public Task<RunRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<RunRow>($"SELECT {Columns} FROM synchronization_runs WHERE id = @Id", new { Id = id }, cancellationToken);

    public Task<RunRow?> FindOpenAsync(string accountId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<RunRow>(
            $"SELECT {Columns} FROM synchronization_runs WHERE account_id = @AccountId AND state IN ('sending', 'awaiting-response')", new { AccountId = accountId }, cancellationToken);

    public Task<IReadOnlyList<RunRow>> ListOpenOnlineAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<RunRow>(
            $"SELECT {Columns} FROM synchronization_runs WHERE way = 'online' AND state IN ('sending', 'awaiting-response') ORDER BY started_at, id", null, cancellationToken);

    /// <summary>Another text as soon as a run that is open gets on; empty while none is.</summary>
    public async Task<string> ProgressAsync(CancellationToken cancellationToken) =>
        await session.ScalarAsync<string>(
            """
            SELECT CAST(SUM(instances_sent) AS TEXT) || ' ' || CAST(SUM(parts) AS TEXT) || ' ' || CAST(COUNT(*) AS TEXT) || ' ' || MAX(state)
              FROM synchronization_runs
             WHERE state IN ('sending', 'awaiting-response')
            """,
            null,
            cancellationToken) ?? "";

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<RunRow>> ListAsync(string accountId, int limit, CancellationToken cancellationToken, string? after = null) =>
        session.QueryAsync<RunRow>(
            $"""
            SELECT {Columns}
              FROM synchronization_runs
             WHERE account_id = @AccountId
               AND (@After IS NULL OR (started_at, id) < (SELECT started_at, id FROM synchronization_runs WHERE id = @After))
             ORDER BY started_at DESC, id DESC
             LIMIT @Limit
            """,
            new { AccountId = accountId, After = after, Limit = limit },
            cancellationToken);

    /// <remarks>By the account's own count: a clock that was ahead and was set right gives a later run an earlier time.</remarks>
    public Task<RunRow?> FindLastAsync(string accountId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<RunRow>(
            $"SELECT {Columns} FROM synchronization_runs WHERE account_id = @AccountId ORDER BY sequence DESC, started_at DESC, id DESC LIMIT 1", new { AccountId = accountId }, cancellationToken);

    /// <summary>The part that this state of the run waits for; null when there is none, or another has carried the run on since.</summary>
    public Task<byte[]?> ReadPartUnderWayAsync(RunRow run, CancellationToken cancellationToken) =>
        session.ScalarAsync<byte[]>("SELECT part_under_way FROM synchronization_runs WHERE id = @Id AND parts = @Parts", new { run.Id, run.Parts }, cancellationToken);

    /// <summary>Keeps the next part of the request before it goes out, so that whoever goes on sends the same bytes; false when another came first.</summary>
    /// <param name="partUnderWay">Null for a file, of which no part is on its way.</param>
    public async Task<bool> AddPartAsync(
        RunRow run, string sentUpTo, string hash, byte[]? partUnderWay, int instances, int bytes, bool complete, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE synchronization_runs
               SET parts = parts + 1, sent_up_to = @SentUpTo, last_part_hash = @Hash, part_under_way = @PartUnderWay, request_complete = @Complete,
                   state = CASE WHEN @Awaits THEN 'awaiting-response' ELSE state END, instances_sent = instances_sent + @Instances, bytes_sent = bytes_sent + @Bytes
             WHERE id = @Id AND state = 'sending' AND parts = @Parts AND request_complete = FALSE
            """,
            new { run.Id, run.Parts, SentUpTo = sentUpTo, Hash = hash, PartUnderWay = partUnderWay, Instances = instances, Bytes = bytes, Complete = complete, Awaits = complete && partUnderWay is null },
            cancellationToken) == 1;

    /// <summary>The part arrived; the last one leaves nothing but to wait for the answer.</summary>
    public Task<int> PartArrivedAsync(string id, long parts, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            UPDATE synchronization_runs
               SET part_under_way = NULL, state = CASE WHEN request_complete THEN 'awaiting-response' ELSE state END
             WHERE id = @Id AND state = 'sending' AND parts = @Parts
            """,
            new { Id = id, Parts = parts },
            cancellationToken);

    /// <summary>False when it is not open any more: its answer was taken over before, or it was abandoned.</summary>
    public async Task<bool> SucceedAsync(string id, long entitlements, long removals, long certificates, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE synchronization_runs
               SET state = 'succeeded', ended_at = @Now, entitlements_received = @Entitlements, removals_received = @Removals,
                   certificates_received = @Certificates, part_under_way = NULL
             WHERE id = @Id AND state IN ('sending', 'awaiting-response')
            """,
            new { Id = id, Entitlements = entitlements, Removals = removals, Certificates = certificates, Now = now },
            cancellationToken) == 1;

    /// <param name="resumable">Whether trying once more may go on where this one stopped.</param>
    public async Task<bool> FailAsync(string id, string cause, bool resumable, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE synchronization_runs SET state = 'failed', ended_at = @Now, cause = @Cause, resumable = @Resumable WHERE id = @Id AND state IN ('sending', 'awaiting-response')",
            new { Id = id, Cause = cause, Resumable = resumable, Now = now },
            cancellationToken) == 1;

    public async Task<bool> ResumeAsync(string id, string by, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE synchronization_runs
               SET state = CASE WHEN request_complete AND part_under_way IS NULL THEN 'awaiting-response' ELSE 'sending' END,
                   started_by = @By, ended_at = NULL, cause = '', resumable = FALSE, told = ''
             WHERE id = @Id AND state = 'failed' AND resumable = TRUE
            """,
            new { Id = id, By = by },
            cancellationToken) == 1;

    /// <summary>Those that ended since somebody was told of them last, the oldest first.</summary>
    public Task<IReadOnlyList<RunRow>> ListUntoldAsync(int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<RunRow>(
            $"SELECT {Columns} FROM synchronization_runs WHERE told <> state AND state IN ('succeeded', 'failed', 'abandoned') ORDER BY started_at, id LIMIT @Limit",
            new { Limit = limit },
            cancellationToken);

    public Task<int> ToldAsync(RunRow run, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE synchronization_runs SET told = @State WHERE id = @Id", new { run.Id, run.State }, cancellationToken);

    public async Task<bool> AbandonAsync(string id, string cause, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE synchronization_runs SET state = 'abandoned', ended_at = @Now, cause = @Cause, part_under_way = NULL
             WHERE id = @Id AND state IN ('sending', 'awaiting-response')
            """,
            new { Id = id, Cause = cause, Now = now },
            cancellationToken) == 1;
}

internal static class RunState
{
    public const string Sending = "sending";
    public const string AwaitingResponse = "awaiting-response";
    public const string Succeeded = "succeeded";
    public const string Failed = "failed";
    public const string Abandoned = "abandoned";
}

internal static class RunMode
{
    public const string Standard = "standard";
    public const string Full = "full";
}

internal static class RunWay
{
    public const string Online = "online";
    public const string File = "file";
}

internal sealed class RunRow
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required long Sequence { get; init; }

    public required string Mode { get; init; }

    public required string Way { get; init; }

    public string State { get; init; } = RunState.Sending;

    public required string StartedBy { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public required long InstancesToSend { get; init; }

    /// <summary>Identifier of the last instance that is in a part; the next part goes on behind it.</summary>
    public string SentUpTo { get; init; } = "";

    public long Parts { get; init; }

    public string? LastPartHash { get; init; }

    public bool RequestComplete { get; init; }

    public long InstancesSent { get; init; }

    public long BytesSent { get; init; }

    public long EntitlementsReceived { get; init; }

    public long RemovalsReceived { get; init; }

    public long CertificatesReceived { get; init; }

    /// <summary>Why it failed or was abandoned.</summary>
    public string Cause { get; init; } = "";

    public bool Resumable { get; init; }

    public bool IsOpen => State is RunState.Sending or RunState.AwaitingResponse;
}
