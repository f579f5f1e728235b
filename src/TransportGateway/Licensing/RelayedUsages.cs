using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>What relayed products use, as their upstream answered it. It is shown beside the licences here and counted in none of them.</summary>
internal sealed class RelayedUsages(DbSession session)
{
    public async Task ReplaceAsync(string instanceId, IReadOnlyCollection<RelayedUsage> usages, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync("DELETE FROM relayed_usages WHERE instance_id = @InstanceId", new { InstanceId = instanceId }, cancellationToken);
        foreach (var usage in usages.OrderBy(usage => usage.Tag, StringComparer.Ordinal))
        {
            await session.ExecuteAsync(
                "INSERT INTO relayed_usages (instance_id, tag, quantity, status) VALUES (@InstanceId, @Tag, @Quantity, @Status)",
                new { InstanceId = instanceId, usage.Tag, usage.Quantity, usage.Status },
                cancellationToken);
        }
    }

    public Task<IReadOnlyList<RelayedUsage>> OfInstanceAsync(string instanceId, CancellationToken cancellationToken) =>
        session.QueryAsync<RelayedUsage>(
            "SELECT tag, quantity, status FROM relayed_usages WHERE instance_id = @InstanceId ORDER BY tag", new { InstanceId = instanceId }, cancellationToken);

    /// <summary>The licences that relayed products of an account use.</summary>
    public Task<IReadOnlyList<string>> TagsOfAccountAsync(string accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<string>(
            """
            SELECT DISTINCT u.tag
              FROM relayed_usages u JOIN relayed_instances i ON i.id = u.instance_id JOIN virtual_accounts v ON v.id = i.virtual_account_id
             WHERE v.account_id = @AccountId AND i.state = 'registered'
            """,
            new { AccountId = accountId },
            cancellationToken);

    /// <summary>The sum of each licence over the relayed products of a virtual account; out of compliance when one of them is.</summary>
    public async Task<IReadOnlyDictionary<string, RelayedUsage>> OfVirtualAccountAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        (await session.QueryAsync<RelayedUsage>(
            """
            SELECT u.tag, CAST(SUM(u.quantity) AS BIGINT) AS quantity, MAX(CASE WHEN u.status = @OutOfCompliance THEN u.status ELSE '' END) AS status
              FROM relayed_usages u JOIN relayed_instances i ON i.id = u.instance_id
             WHERE i.virtual_account_id = @VirtualAccountId AND i.state = 'registered'
             GROUP BY u.tag
            """,
            new { VirtualAccountId = virtualAccountId, ComplianceWord.OutOfCompliance },
            cancellationToken)).ToDictionary(usage => usage.Tag, StringComparer.Ordinal);
}

internal sealed class RelayedUsage
{
    public required string Tag { get; init; }

    public required long Quantity { get; init; }

    /// <summary>The upstream's word, such as <c>In Compliance</c>; empty when it gave none.</summary>
    public required string Status { get; init; }
}
