using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Product instances that went to another local account: the account that they left still has to report it.</summary>
internal sealed class InstanceDepartures(DbSession session)
{
    public Task AddAsync(string accountId, string instanceId, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO instance_departures (account_id, instance_id, revision, departed_at, sent)
            SELECT @AccountId, id, revision, @Now, FALSE FROM product_instances WHERE id = @InstanceId
            ON CONFLICT (account_id, instance_id) DO UPDATE SET revision = excluded.revision, departed_at = excluded.departed_at, sent = FALSE
            """,
            new { AccountId = accountId, InstanceId = instanceId, Now = now },
            cancellationToken);

    /// <summary>Those that are not back. They count as sent.</summary>
    public async Task<IReadOnlyList<DepartureRow>> TakeForReportAsync(string accountId, int limit, CancellationToken cancellationToken)
    {
        var departures = await session.QueryAsync<DepartureRow>(
            """
            SELECT d.instance_id, d.revision, d.departed_at
              FROM instance_departures d
             WHERE d.account_id = @AccountId
               AND NOT EXISTS (SELECT 1 FROM product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id
                                WHERE i.id = d.instance_id AND v.account_id = d.account_id)
             ORDER BY d.instance_id
             LIMIT @Limit
            """,
            new { AccountId = accountId, Limit = limit },
            cancellationToken);
        await session.ExecuteAsync(
            $"UPDATE instance_departures SET sent = TRUE WHERE account_id = @AccountId AND {session.Dialect.AnyOf("instance_id", "@Ids")}",
            new { AccountId = accountId, Ids = departures.Select(departure => departure.InstanceId).ToArray() },
            cancellationToken);
        return departures;
    }

    /// <summary>Software Central has acknowledged those that it was told of.</summary>
    public Task<int> MarkSynchronizedAsync(string accountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM instance_departures WHERE account_id = @AccountId AND sent = TRUE", new { AccountId = accountId }, cancellationToken);
}

internal sealed class DepartureRow
{
    public required string InstanceId { get; init; }

    public required long Revision { get; init; }

    public required DateTimeOffset DepartedAt { get; init; }
}
