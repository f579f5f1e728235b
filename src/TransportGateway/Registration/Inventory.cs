using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>All product instances of a virtual account: those registered here, and after them those that are relayed.</summary>
internal sealed class Inventory(DbSession session)
{
    public async Task<IReadOnlyList<InstanceRow>> ListAsync(string virtualAccountId, int limit, int offset, CancellationToken cancellationToken)
    {
        var own = await new ProductInstances(session).ListAsync(null, virtualAccountId, limit, offset, cancellationToken);
        if (own.Count >= limit)
        {
            return own;
        }

        var ownCount = (int)await new ProductInstances(session).CountAsync(null, virtualAccountId, cancellationToken);
        var relayed = await new RelayedInstances(session).ListAsync(
            null, virtualAccountId, limit - own.Count, Math.Max(0, offset - ownCount), cancellationToken);
        return [.. own, .. relayed];
    }

    /// <summary>Which instances come behind this one, in the order asked for.</summary>
    public Task<IReadOnlyList<InventoryKey>> ListAfterAsync(
        string virtualAccountId, InventoryOrder order, (object SortKey, string Id)? after, int limit, CancellationToken cancellationToken)
    {
        var key = order.Sort switch
        {
            "name" => "lower(name)",
            "type" => "product_type",
            "contact" => "last_contact_at",
            "status" => "COALESCE(authorization_status, '')",
            // Those registered here before those that are relayed.
            _ => "(CASE WHEN relayed_to IS NULL THEN 0 ELSE 1000000000000000 END + registered_at)",
        };
        var (direction, beyond) = order.Descending ? ("DESC", "<") : ("ASC", ">");
        var isAfter = after is null ? "TRUE" : $"({key}, id) {beyond} (@AfterKey, @AfterId)";
        return session.QueryAsync<InventoryKey>(
            $"""
            SELECT id, CAST({key} AS TEXT) AS sort_key
              FROM ({All}) everything
             WHERE {Matches(order.Search)} AND {isAfter}
             ORDER BY {key} {direction}, id {direction}
             LIMIT @Limit
            """,
            new { VirtualAccountId = virtualAccountId, Pattern = Dialect.Containing(order.Search), AfterKey = after?.SortKey, AfterId = after?.Id, Limit = limit },
            cancellationToken);
    }

    public async Task<long> CountAsync(string virtualAccountId, CancellationToken cancellationToken, string search = "") => search.Length > 0
        ? await session.ScalarAsync<long>(
            $"SELECT COUNT(*) FROM ({All}) everything WHERE {Matches(search)}", new { VirtualAccountId = virtualAccountId, Pattern = Dialect.Containing(search) }, cancellationToken)
        : await new ProductInstances(session).CountAsync(null, virtualAccountId, cancellationToken)
            + await new RelayedInstances(session).CountAsync(null, virtualAccountId, cancellationToken);

    /// <summary>The instances with these identifiers, in the same order.</summary>
    public async Task<IReadOnlyList<InstanceRow>> FindManyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken)
    {
        var own = await new ProductInstances(session).FindManyAsync(ids, cancellationToken);
        var relayed = own.Count == ids.Count ? [] : await new RelayedInstances(session).FindManyAsync(ids, cancellationToken);
        var found = own.Concat(relayed).ToLookup(row => row.Id, StringComparer.Ordinal);
        return [.. ids.Select(id => found[id].First())];
    }

    public async Task<InstanceRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        await new ProductInstances(session).FindAsync(id, cancellationToken) ?? await new RelayedInstances(session).FindAsync(id, cancellationToken);

    public async Task<InstanceRow?> FindRegisteredAsync(string udiKey, CancellationToken cancellationToken) =>
        await new ProductInstances(session).FindRegisteredAsync(udiKey, cancellationToken)
        ?? await new RelayedInstances(session).FindRegisteredAsync(udiKey, cancellationToken);

    /// <summary>A page of what the inventory shows, with own and relayed instances mixed, in the order asked for.</summary>
    public async Task<(IReadOnlyList<InventoryRow> Rows, long Total)> SearchAsync(string virtualAccountId, InventorySearch search, CancellationToken cancellationToken)
    {
        var order = search.Sort switch
        {
            "type" => "product_type",
            "contact" => "last_contact_at",
            "status" => "authorization_status",
            _ => "lower(name)",
        };
        var parameters = new { VirtualAccountId = virtualAccountId, Pattern = Dialect.Containing(search.Text), search.Limit, search.Offset };
        var rows = await session.QueryAsync<InventoryRow>(
            $"""
            SELECT id, name, product_type, last_contact_at, authorization_status, relayed_to
              FROM ({All}) everything
             WHERE {Matches(search.Text)}
             ORDER BY {order} {(search.Descending ? "DESC" : "ASC")} NULLS LAST, id
             LIMIT @Limit OFFSET @Offset
            """,
            parameters,
            cancellationToken);
        return (rows, await CountAsync(virtualAccountId, cancellationToken, search.Text));
    }

    /// <summary>The instances that made no contact since a time, those that were silent longest first, and how many there are in all.</summary>
    public async Task<(IReadOnlyList<InventoryRow> Rows, long Total)> UnseenAsync(string virtualAccountId, DateTimeOffset since, int limit, CancellationToken cancellationToken)
    {
        var parameters = new { VirtualAccountId = virtualAccountId, Since = since, Limit = limit };
        var rows = await session.QueryAsync<InventoryRow>(
            $"""
            SELECT id, name, product_type, last_contact_at, authorization_status, relayed_to
              FROM ({All}) everything
             WHERE last_contact_at < @Since
             ORDER BY last_contact_at, id
             LIMIT @Limit
            """,
            parameters,
            cancellationToken);
        return (rows, await session.ScalarAsync<long>($"SELECT COUNT(*) FROM ({All}) everything WHERE last_contact_at < @Since", parameters, cancellationToken));
    }

    /// <summary>A page of the instances of a virtual account that use a licence, and how many there are in all.</summary>
    /// <param name="sort"><c>quantity</c> or <c>name</c>.</param>
    public async Task<(IReadOnlyList<InventoryUse> Rows, long Total)> UsesAsync(
        string virtualAccountId, string tag, string sort, bool descending, int limit, int offset, CancellationToken cancellationToken)
    {
        const string Users =
            $"""
              FROM (SELECT instance_id, tag, quantity FROM license_usages UNION ALL SELECT instance_id, tag, quantity FROM relayed_usages) u
              JOIN ({All}) everything ON everything.id = u.instance_id
             WHERE u.tag = @Tag
            """;
        var parameters = new { VirtualAccountId = virtualAccountId, Tag = tag, Limit = limit, Offset = offset };
        var rows = await session.QueryAsync<InventoryUse>(
            $"""
            SELECT u.instance_id, everything.name, u.quantity
            {Users}
             ORDER BY {(sort == "name" ? "lower(everything.name)" : "u.quantity")} {(descending ? "DESC" : "ASC")}, lower(everything.name), u.instance_id
             LIMIT @Limit OFFSET @Offset
            """,
            parameters,
            cancellationToken);
        return (rows, await session.ScalarAsync<long>($"SELECT COUNT(*) {Users}", parameters, cancellationToken));
    }

    /// <summary>The same, page by page.</summary>
    public Task<IReadOnlyList<InventoryUse>> UsesAsync(string virtualAccountId, string tag, (object Quantity, string Id)? after, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<InventoryUse>(
            $"""
            SELECT u.instance_id, everything.name, u.quantity
              FROM (SELECT instance_id, tag, quantity FROM license_usages UNION ALL SELECT instance_id, tag, quantity FROM relayed_usages) u
              JOIN ({All}) everything ON everything.id = u.instance_id
             WHERE u.tag = @Tag AND {(after is null ? "TRUE" : "(u.quantity, u.instance_id) < (@Quantity, @Id)")}
             ORDER BY u.quantity DESC, u.instance_id DESC
             LIMIT @Limit
            """,
            new { VirtualAccountId = virtualAccountId, Tag = tag, after?.Quantity, after?.Id, Limit = limit },
            cancellationToken);

    private static string Matches(string search) =>
        search.Length == 0 ? "TRUE" : "(lower(name) LIKE @Pattern ESCAPE '!' OR lower(product_type) LIKE @Pattern ESCAPE '!' OR lower(serial) LIKE @Pattern ESCAPE '!')";

    private const string All =
        """
        SELECT id, COALESCE(host_name, 'UDI_PID:' || COALESCE(udi_pid, '') || ';UDI_SN:' || COALESCE(udi_serial_number, '') || ';') AS name,
               COALESCE(udi_serial_number, '') AS serial, product_type, last_contact_at, authorization_status, NULL AS relayed_to, registered_at
          FROM product_instances
         WHERE state = 'registered' AND virtual_account_id = @VirtualAccountId
        UNION ALL
        SELECT id, COALESCE(host_name, 'UDI_PID:' || COALESCE(udi_pid, '') || ';UDI_SN:' || COALESCE(udi_serial_number, '') || ';'),
               COALESCE(udi_serial_number, ''), product_type, last_contact_at, authorization_status, upstream, registered_at
          FROM relayed_instances
         WHERE state = 'registered' AND virtual_account_id = @VirtualAccountId
        """;
}

/// <param name="Search">Part of a name, a product type or a serial number; empty for all.</param>
/// <param name="Sort">One of <see cref="Names"/>.</param>
internal sealed record InventoryOrder(string Search, string Sort, bool Descending)
{
    public const string ByRegistration = "registration";

    public static IReadOnlyList<string> Names { get; } = [ByRegistration, "name", "type", "contact", "status"];

    public bool IsByInstant => Sort is ByRegistration or "contact";
}

/// <summary>Where an instance stands in a list.</summary>
internal sealed class InventoryKey
{
    public required string Id { get; init; }

    /// <summary>What the list is ordered by, as the database has it.</summary>
    public required string SortKey { get; init; }
}

/// <param name="Sort"><c>name</c>, <c>type</c>, <c>contact</c> or <c>status</c>.</param>
internal sealed record InventorySearch(string Text, string Sort, bool Descending, int Limit, int Offset);

internal sealed class InventoryRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string ProductType { get; init; }

    public required DateTimeOffset LastContactAt { get; init; }

    public string? AuthorizationStatus { get; init; }

    /// <summary>The upstream that registered it; null for one that is registered here.</summary>
    public string? RelayedTo { get; init; }
}

internal sealed class InventoryUse
{
    public required string InstanceId { get; init; }

    public required string Name { get; init; }

    public required long Quantity { get; init; }
}
