using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>How each account stands with Software Central.</summary>
internal sealed class Synchronizations(DbSession session)
{
    private const string Columns =
        "account_id, sequence, smart_account_id, cloud_virtual_account_id, registered_at, last_success_at, full_needed, schedule, withheld";

    public Task<SynchronizationRow?> FindAsync(string accountId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<SynchronizationRow>(
            $"SELECT {Columns} FROM synchronizations WHERE account_id = @AccountId", new { AccountId = accountId }, cancellationToken);

    public Task<IReadOnlyList<SynchronizationRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<SynchronizationRow>($"SELECT {Columns} FROM synchronizations ORDER BY account_id", null, cancellationToken);

    /// <summary>The account was registered, perhaps again: Software Central counts from the beginning.</summary>
    public Task RegisteredAsync(string accountId, string smartAccountId, string cloudVirtualAccountId, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO synchronizations (account_id, smart_account_id, cloud_virtual_account_id, registered_at)
            VALUES (@AccountId, @SmartAccountId, @CloudVirtualAccountId, @Now)
            ON CONFLICT (account_id) DO UPDATE
              SET smart_account_id = excluded.smart_account_id, cloud_virtual_account_id = excluded.cloud_virtual_account_id,
                  registered_at = excluded.registered_at, full_needed = TRUE, last_success_at = NULL
            """,
            new { AccountId = accountId, SmartAccountId = smartAccountId, CloudVirtualAccountId = cloudVirtualAccountId, Now = now },
            cancellationToken);

    public async Task<long> NextSequenceAsync(string accountId, CancellationToken cancellationToken) =>
        await session.ScalarAsync<long>(
            "UPDATE synchronizations SET sequence = sequence + 1 WHERE account_id = @AccountId RETURNING sequence", new { AccountId = accountId }, cancellationToken);

    /// <summary>Software Central is ahead, as after this database was restored from a backup: all is told anew.</summary>
    public Task FallenBehindAsync(string accountId, long sequence, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE synchronizations SET sequence = @Sequence, full_needed = TRUE WHERE account_id = @AccountId AND sequence <= @Sequence",
            new { AccountId = accountId, Sequence = sequence },
            cancellationToken);

    public Task SucceededAsync(string accountId, bool full, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE synchronizations SET last_success_at = @Now, full_needed = CASE WHEN @Full THEN FALSE ELSE full_needed END WHERE account_id = @AccountId",
            new { AccountId = accountId, Full = full, Now = now },
            cancellationToken);

    /// <param name="schedule">Null to follow the gateway's default.</param>
    public Task<int> SetScheduleAsync(string accountId, string? schedule, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE synchronizations SET schedule = @Schedule WHERE account_id = @AccountId", new { AccountId = accountId, Schedule = schedule }, cancellationToken);

    /// <summary>What is withheld changes what Software Central should hold of every instance, so all is told anew.</summary>
    public Task<int> SetWithheldAsync(string accountId, string withheld, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE synchronizations SET withheld = @Withheld, full_needed = TRUE WHERE account_id = @AccountId AND withheld <> @Withheld",
            new { AccountId = accountId, Withheld = withheld },
            cancellationToken);
}

internal sealed class SynchronizationRow
{
    public required string AccountId { get; init; }

    public required long Sequence { get; init; }

    public string? SmartAccountId { get; init; }

    public string? CloudVirtualAccountId { get; init; }

    public DateTimeOffset? RegisteredAt { get; init; }

    public DateTimeOffset? LastSuccessAt { get; init; }

    public required bool FullNeeded { get; init; }

    public string? Schedule { get; init; }

    public required string Withheld { get; init; }

    /// <summary>Counted from the last success, or from the registration when there was none yet.</summary>
    public DateTimeOffset? DueAt => (LastSuccessAt ?? RegisteredAt) + SynchronizationDeadlines.DueAfter;
}
