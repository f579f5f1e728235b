using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>What each account wants to be told, and at which addresses.</summary>
internal sealed class AccountPreferences(DbSession session)
{
    private const string Columns = "account_id, emails, alerts_at_once, digest, next_digest_at";

    public Task<AccountPreferencesRow?> FindAsync(string accountId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<AccountPreferencesRow>($"SELECT {Columns} FROM account_preferences WHERE account_id = @AccountId", new { AccountId = accountId }, cancellationToken);

    public Task<IReadOnlyList<AccountPreferencesRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<AccountPreferencesRow>($"SELECT {Columns} FROM account_preferences ORDER BY account_id", null, cancellationToken);

    public Task SetAsync(AccountPreferencesRow row, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO account_preferences (account_id, emails, alerts_at_once, digest, next_digest_at) VALUES (@AccountId, @Emails, @AlertsAtOnce, @Digest, @NextDigestAt)
            ON CONFLICT (account_id) DO UPDATE
              SET emails = excluded.emails, alerts_at_once = excluded.alerts_at_once, digest = excluded.digest, next_digest_at = excluded.next_digest_at
            """,
            row,
            cancellationToken);

    /// <summary>False when another did this digest, or the account changed its mind.</summary>
    public async Task<bool> NextDigestAsync(AccountPreferencesRow row, DateTimeOffset next, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE account_preferences SET next_digest_at = @Next WHERE account_id = @AccountId AND digest = @Digest AND next_digest_at = @NextDigestAt",
            new { row.AccountId, row.Digest, row.NextDigestAt, Next = next },
            cancellationToken) == 1;
}

internal sealed class AccountPreferencesRow
{
    public required string AccountId { get; init; }

    /// <summary>One address a line.</summary>
    public string Emails { get; init; } = "";

    public bool AlertsAtOnce { get; init; }

    /// <summary>One of <see cref="DigestRhythm"/>.</summary>
    public string Digest { get; init; } = DigestRhythm.None;

    public DateTimeOffset? NextDigestAt { get; init; }

    public IReadOnlyList<string> Addresses => Emails.Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
