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

    /// <summary>The instances behind this one, in the same order.</summary>
    /// <returns>Null when there never was such an instance.</returns>
    public async Task<IReadOnlyList<InstanceRow>?> ListAfterAsync(string virtualAccountId, string after, int limit, CancellationToken cancellationToken)
    {
        if (await new ProductInstances(session).FindAsync(after, cancellationToken) is not null)
        {
            var own = await new ProductInstances(session).ListAsync(null, virtualAccountId, limit, 0, cancellationToken, after);
            return own.Count >= limit ? own : [.. own, .. await new RelayedInstances(session).ListAsync(null, virtualAccountId, limit - own.Count, 0, cancellationToken)];
        }

        return await new RelayedInstances(session).FindAsync(after, cancellationToken) is null
            ? null
            : await new RelayedInstances(session).ListAsync(null, virtualAccountId, limit, 0, cancellationToken, after);
    }

    public async Task<long> CountAsync(string virtualAccountId, CancellationToken cancellationToken) =>
        await new ProductInstances(session).CountAsync(null, virtualAccountId, cancellationToken)
        + await new RelayedInstances(session).CountAsync(null, virtualAccountId, cancellationToken);

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
        var condition = search.Text.Length == 0 ? "TRUE" : "(lower(name) LIKE @Pattern ESCAPE '!' OR lower(product_type) LIKE @Pattern ESCAPE '!' OR lower(serial) LIKE @Pattern ESCAPE '!')";
        var rows = await session.QueryAsync<InventoryRow>(
            $"""
            SELECT id, name, product_type, last_contact_at, authorization_status, relayed_to
              FROM ({All}) everything
             WHERE {condition}
             ORDER BY {order} {(search.Descending ? "DESC" : "ASC")} NULLS LAST, id
             LIMIT @Limit OFFSET @Offset
            """,
            parameters,
            cancellationToken);
        var total = search.Text.Length == 0
            ? await CountAsync(virtualAccountId, cancellationToken)
            : await session.ScalarAsync<long>($"SELECT COUNT(*) FROM ({All}) everything WHERE {condition}", parameters, cancellationToken);
        return (rows, total);
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

    private const string All =
        """
        SELECT id, COALESCE(host_name, 'UDI_PID:' || COALESCE(udi_pid, '') || ';UDI_SN:' || COALESCE(udi_serial_number, '') || ';') AS name,
               COALESCE(udi_serial_number, '') AS serial, product_type, last_contact_at, authorization_status, NULL AS relayed_to
          FROM product_instances
         WHERE state = 'registered' AND virtual_account_id = @VirtualAccountId
        UNION ALL
        SELECT id, COALESCE(host_name, 'UDI_PID:' || COALESCE(udi_pid, '') || ';UDI_SN:' || COALESCE(udi_serial_number, '') || ';'),
               COALESCE(udi_serial_number, ''), product_type, last_contact_at, authorization_status, upstream
          FROM relayed_instances
         WHERE state = 'registered' AND virtual_account_id = @VirtualAccountId
        """;
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
