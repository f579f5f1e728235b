using TransportGateway.Persistence;

namespace TransportGateway.Reports;

/// <summary>Usage of licences against what was purchased, day by day.</summary>
internal sealed class UsageHistory(DbSession session)
{
    /// <summary>Writes the day's row; the one that is there is brought up to date.</summary>
    public Task RecordAsync(string virtualAccountId, string tag, DateTimeOffset day, long purchased, long inUse, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO usage_history (virtual_account_id, tag, day, purchased_then, in_use_then) VALUES (@VirtualAccountId, @Tag, @Day, @Purchased, @InUse)
            ON CONFLICT (virtual_account_id, tag, day) DO UPDATE SET purchased_then = excluded.purchased_then, in_use_then = excluded.in_use_then
            """,
            new { VirtualAccountId = virtualAccountId, Tag = tag, Day = day, Purchased = purchased, InUse = inUse },
            cancellationToken);

    /// <summary>The sums over these virtual accounts, in the order of the days.</summary>
    public Task<IReadOnlyList<UsageDay>> ListAsync(IReadOnlyCollection<string> virtualAccountIds, DateTimeOffset since, CancellationToken cancellationToken) =>
        session.QueryAsync<UsageDay>(
            $"""
            SELECT tag, day, CAST(SUM(purchased_then) AS BIGINT) AS purchased, CAST(SUM(in_use_then) AS BIGINT) AS in_use
              FROM usage_history
             WHERE {session.Dialect.AnyOf("virtual_account_id", "@VirtualAccountIds")} AND day >= @Since
             GROUP BY tag, day
             ORDER BY day, tag
            """,
            new { VirtualAccountIds = virtualAccountIds.ToArray(), Since = since },
            cancellationToken);

    public Task<int> PurgeAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM usage_history WHERE day < @Before", new { Before = before }, cancellationToken);
}

internal sealed class UsageDay
{
    public required string Tag { get; init; }

    public required DateTimeOffset Day { get; init; }

    public required long Purchased { get; init; }

    public required long InUse { get; init; }
}
