using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>The licences of virtual accounts, and what each product instance uses of them.</summary>
/// <remarks>
/// A pool's in_use is kept in step with the usages of its products, so that an answer needs no sum over all products.
/// Pools are always touched in the order of their tags: two products that change the same ones cannot wait for each other in a ring.
/// Purchased quantities come from synchronisation: <see cref="SettlePurchases"/> alone sets them, and what else moves them takes here what it gives there.
/// </remarks>
internal sealed class LicensePools(DbSession session)
{
    /// <summary>What a virtual account has and uses: @VirtualAccountId.</summary>
    public const string Select = "SELECT tag, purchased, in_use FROM license_pools WHERE virtual_account_id = @VirtualAccountId ORDER BY tag";

    /// <summary>What a product uses: @InstanceId.</summary>
    public const string SelectUsage = "SELECT tag, quantity FROM license_usages WHERE instance_id = @InstanceId";

    public async Task<IReadOnlyList<LicensePool>> ListAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        Describe(await session.QueryAsync<PoolRow>(Select, new { VirtualAccountId = virtualAccountId }, cancellationToken));

    /// <summary>The same for whoever changed some of them: each waits here for the one before, and sees what that one changed.</summary>
    /// <remarks>A licence may stand in for others, so that two who change different ones would each count on the same spare ones; and alerts follow all of them.</remarks>
    public Task<IReadOnlyList<LicensePool>> ListAloneAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        session.QueryTogetherAsync(
            $"SELECT id FROM virtual_accounts WHERE id = @VirtualAccountId{session.Dialect.Held}; {Select}",
            new { VirtualAccountId = virtualAccountId },
            async results =>
            {
                await results.ReadAsync<string>();
                return Describe(await results.ReadAsync<PoolRow>());
            },
            cancellationToken);

    public async Task<IReadOnlyDictionary<string, long>> UsageOfAsync(string instanceId, CancellationToken cancellationToken) =>
        Describe(await session.QueryAsync<UsageRow>(SelectUsage, new { InstanceId = instanceId }, cancellationToken));

    /// <summary>Makes the product's usage what it says, and the pools follow by the difference.</summary>
    public async Task ReplaceUsageAsync(
        string virtualAccountId,
        string instanceId,
        IReadOnlyDictionary<string, long> before,
        IReadOnlyDictionary<string, long> after,
        CancellationToken cancellationToken)
    {
        foreach (var tag in before.Keys.Union(after.Keys, StringComparer.Ordinal).Order(StringComparer.Ordinal))
        {
            var (was, becomes) = (before.GetValueOrDefault(tag), after.GetValueOrDefault(tag));
            if (was == becomes)
            {
                continue;
            }

            await AddToPoolAsync(virtualAccountId, tag, becomes - was, cancellationToken);
            await session.ExecuteAsync(
                becomes == 0
                    ? "DELETE FROM license_usages WHERE instance_id = @InstanceId AND tag = @Tag"
                    : """
                      INSERT INTO license_usages (instance_id, tag, quantity) VALUES (@InstanceId, @Tag, @Quantity)
                      ON CONFLICT (instance_id, tag) DO UPDATE SET quantity = excluded.quantity
                      """,
                new { InstanceId = instanceId, Tag = tag, Quantity = becomes },
                cancellationToken);
        }
    }

    /// <summary>Moves what the product uses from one virtual account's pools to another's. Tells of which licences that is.</summary>
    public async Task<IReadOnlyCollection<string>> MoveUsageAsync(string fromVirtualAccountId, string toVirtualAccountId, string instanceId, CancellationToken cancellationToken)
    {
        var usage = await UsageOfAsync(instanceId, cancellationToken);
        foreach (var account in new[] { fromVirtualAccountId, toVirtualAccountId }.Order(StringComparer.Ordinal))
        {
            foreach (var (tag, quantity) in usage.OrderBy(entry => entry.Key, StringComparer.Ordinal))
            {
                await AddToPoolAsync(account, tag, account == toVirtualAccountId ? quantity : -quantity, cancellationToken);
            }
        }

        return [.. usage.Keys];
    }

    public Task<int> SetPurchasedAsync(string virtualAccountId, string tag, long purchased, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO license_pools (virtual_account_id, tag, purchased) VALUES (@VirtualAccountId, @Tag, @Purchased)
            ON CONFLICT (virtual_account_id, tag) DO UPDATE SET purchased = excluded.purchased
            """,
            new { VirtualAccountId = virtualAccountId, Tag = tag, Purchased = purchased },
            cancellationToken);

    /// <summary>Moves purchased licences between two virtual accounts of an account, so that their sum stays.</summary>
    /// <returns>False when there are not so many: then the caller ends its transaction without a commit.</returns>
    public async Task<bool> MovePurchasedAsync(string fromVirtualAccountId, string toVirtualAccountId, string tag, long quantity, CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(quantity, 1);
        var enough = false;
        foreach (var account in new[] { fromVirtualAccountId, toVirtualAccountId }.Order(StringComparer.Ordinal))
        {
            var changed = await session.ExecuteAsync(
                account == fromVirtualAccountId
                    ? "UPDATE license_pools SET purchased = purchased - @Quantity WHERE virtual_account_id = @Account AND tag = @Tag AND purchased >= @Quantity"
                    : """
                      INSERT INTO license_pools (virtual_account_id, tag, purchased) VALUES (@Account, @Tag, @Quantity)
                      ON CONFLICT (virtual_account_id, tag) DO UPDATE SET purchased = license_pools.purchased + excluded.purchased
                      """,
                new { Account = account, Tag = tag, Quantity = quantity },
                cancellationToken);
            enough |= account == fromVirtualAccountId && changed == 1;
        }

        return enough;
    }

    /// <summary>Every pool of an account, for a report.</summary>
    public Task<IReadOnlyList<AccountPoolRow>> ListOfAccountAsync(string accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<AccountPoolRow>(
            """
            SELECT p.virtual_account_id, p.tag, p.purchased, p.in_use
              FROM license_pools p JOIN virtual_accounts v ON v.id = p.virtual_account_id
             WHERE v.account_id = @AccountId AND (p.purchased > 0 OR p.in_use > 0)
             ORDER BY p.virtual_account_id, p.tag
            """,
            new { AccountId = accountId },
            cancellationToken);

    public async Task<ILookup<string, (string Tag, long Quantity)>> UsageOfAsync(IReadOnlyCollection<string> instanceIds, CancellationToken cancellationToken) =>
        (await session.QueryAsync<InstanceUsageRow>(
            $"SELECT instance_id, tag, quantity FROM license_usages WHERE {session.Dialect.AnyOf("instance_id", "@Ids")} ORDER BY instance_id, tag",
            new { Ids = instanceIds.ToArray() },
            cancellationToken)).ToLookup(row => row.InstanceId, row => (row.Tag, row.Quantity), StringComparer.Ordinal);

    /// <summary>Forgets pools that hold nothing, before their virtual account is deleted.</summary>
    public Task<int> DeleteEmptyAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM license_pools WHERE virtual_account_id = @VirtualAccountId AND purchased = 0 AND in_use = 0",
            new { VirtualAccountId = virtualAccountId },
            cancellationToken);

    /// <summary>
    /// The same for licences that its caller has just released: products name what licences they like, and pools of those names must not pile up.
    /// </summary>
    /// <remarks>After the alerts, which close with the pool at zero. Its caller has the rows locked, so nobody counts on them meanwhile.</remarks>
    public async Task DeleteEmptyAsync(string virtualAccountId, IEnumerable<string> released, CancellationToken cancellationToken)
    {
        if (released.ToArray() is { Length: > 0 } tags)
        {
            await session.ExecuteAsync(
                $"DELETE FROM license_pools WHERE virtual_account_id = @VirtualAccountId AND purchased = 0 AND in_use = 0 AND {session.Dialect.AnyOf("tag", "@Tags")}",
                new { VirtualAccountId = virtualAccountId, Tags = tags },
                cancellationToken);
        }
    }

    public static IReadOnlyList<LicensePool> Describe(IEnumerable<PoolRow> rows) => [.. rows.Select(row => new LicensePool(row.Tag, row.Purchased, row.InUse))];

    public static IReadOnlyDictionary<string, long> Describe(IEnumerable<UsageRow> rows) =>
        rows.ToDictionary(row => row.Tag, row => row.Quantity, StringComparer.Ordinal);

    private async Task AddToPoolAsync(string virtualAccountId, string tag, long difference, CancellationToken cancellationToken)
    {
        // A negative first value would break the CHECK, so the row is there before anything is taken from it.
        await session.ExecuteAsync(
            """
            INSERT INTO license_pools (virtual_account_id, tag, in_use) VALUES (@VirtualAccountId, @Tag, CASE WHEN @Difference > 0 THEN @Difference ELSE 0 END)
            ON CONFLICT (virtual_account_id, tag) DO UPDATE SET in_use = license_pools.in_use + @Difference
            """,
            new { VirtualAccountId = virtualAccountId, Tag = tag, Difference = difference },
            cancellationToken);
    }

    internal sealed class PoolRow
    {
        public required string Tag { get; init; }

        public required long Purchased { get; init; }

        public required long InUse { get; init; }
    }

    internal sealed class AccountPoolRow
    {
        public required string VirtualAccountId { get; init; }

        public required string Tag { get; init; }

        public required long Purchased { get; init; }

        public required long InUse { get; init; }
    }

    private sealed class InstanceUsageRow
    {
        public required string InstanceId { get; init; }

        public required string Tag { get; init; }

        public required long Quantity { get; init; }
    }

    internal sealed class UsageRow
    {
        public required string Tag { get; init; }

        public required long Quantity { get; init; }
    }
}
