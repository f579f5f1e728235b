using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>What Software Central granted to accounts. Written by synchronisation alone, the whole set of an account at a time.</summary>
internal sealed class Entitlements(DbSession session)
{
    private const string Columns =
        "account_id, id, tag, name, display_name, description, sku, billing, quantity, starts_at, ends_at, subscription_id, status";

    public Task<int> DeleteAllAsync(string accountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM entitlements WHERE account_id = @AccountId", new { AccountId = accountId }, cancellationToken);

    public Task AddAsync(EntitlementRow entitlement, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            $"""
            INSERT INTO entitlements ({Columns})
            VALUES (@AccountId, @Id, @Tag, @Name, @DisplayName, @Description, @Sku, @Billing, @Quantity, @StartsAt, @EndsAt, @SubscriptionId, @Status)
            """,
            entitlement,
            cancellationToken);

    public Task<IReadOnlyList<EntitlementRow>> ListAsync(string accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<EntitlementRow>(
            $"SELECT {Columns} FROM entitlements WHERE account_id = @AccountId ORDER BY display_name, tag, starts_at, id", new { AccountId = accountId }, cancellationToken);

    /// <summary>Accounts whose purchased quantities are not what their entitlements grant at this instant: a term began or ended.</summary>
    public Task<IReadOnlyList<string>> ListUnsettledAccountsAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        session.QueryAsync<string>(
            """
            SELECT DISTINCT g.account_id
              FROM (SELECT account_id, tag,
                           SUM(CASE WHEN status IN ('Active', 'Future') AND starts_at <= @Now AND (ends_at IS NULL OR ends_at > @Now) THEN quantity ELSE 0 END) AS quantity
                      FROM entitlements
                     GROUP BY account_id, tag) g
              LEFT JOIN (SELECT v.account_id, p.tag, SUM(p.purchased) AS purchased
                           FROM license_pools p JOIN virtual_accounts v ON v.id = p.virtual_account_id
                          GROUP BY v.account_id, p.tag) h ON h.account_id = g.account_id AND h.tag = g.tag
             WHERE COALESCE(h.purchased, 0) <> g.quantity
             ORDER BY g.account_id
            """,
            new { Now = now },
            cancellationToken);

    /// <summary>What counts as purchased at this instant: the terms that have begun and have not ended.</summary>
    public async Task<IReadOnlyDictionary<string, long>> PurchasedAtAsync(string accountId, DateTimeOffset now, CancellationToken cancellationToken) =>
        (await session.QueryAsync<QuantityRow>(
            """
            SELECT tag, CAST(SUM(quantity) AS BIGINT) AS quantity
              FROM entitlements
             WHERE account_id = @AccountId AND status IN ('Active', 'Future') AND starts_at <= @Now AND (ends_at IS NULL OR ends_at > @Now)
             GROUP BY tag
            """,
            new { AccountId = accountId, Now = now },
            cancellationToken)).ToDictionary(row => row.Tag, row => row.Quantity, StringComparer.Ordinal);

    /// <summary>The grants of these tags: @AccountId, @Tags.</summary>
    public static string SelectGrants(Dialect dialect) =>
        $"SELECT {Columns} FROM entitlements WHERE account_id = @AccountId AND {dialect.AnyOf("tag", "@Tags")}";

    /// <summary>How Cisco names and bills the tags of an account.</summary>
    public async Task<IReadOnlyDictionary<string, TagFacts>> FactsAsync(string accountId, CancellationToken cancellationToken) =>
        (await session.QueryAsync<TagFacts>(
            """
            SELECT tag, MAX(display_name) AS display_name, MAX(description) AS description, MAX(billing) AS billing
              FROM entitlements
             WHERE account_id = @AccountId
             GROUP BY tag
            """,
            new { AccountId = accountId },
            cancellationToken)).ToDictionary(row => row.Tag, StringComparer.Ordinal);

    internal sealed class TagFacts
    {
        public required string Tag { get; init; }

        public required string DisplayName { get; init; }

        public required string Description { get; init; }

        public required string Billing { get; init; }
    }

    private sealed class QuantityRow
    {
        public required string Tag { get; init; }

        public required long Quantity { get; init; }
    }
}

internal sealed class EntitlementRow
{
    public required string AccountId { get; init; }

    /// <summary>Cisco's identifier of the grant.</summary>
    public required string Id { get; init; }

    public required string Tag { get; init; }

    public required string Name { get; init; }

    public required string DisplayName { get; init; }

    public required string Description { get; init; }

    public string? Sku { get; init; }

    /// <summary><c>Prepaid</c> or <c>Usage</c>.</summary>
    public required string Billing { get; init; }

    public required long Quantity { get; init; }

    public required DateTimeOffset StartsAt { get; init; }

    /// <summary>Null for a perpetual licence.</summary>
    public DateTimeOffset? EndsAt { get; init; }

    public string? SubscriptionId { get; init; }

    /// <summary>Active, Future, Expired, Cancelled or Pending; the dates decide what an active or future one counts for.</summary>
    public required string Status { get; init; }
}
