using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>The host name that each product dialled last, and those that addresses dialled whose product is not known.</summary>
internal sealed class DialledNameRows(DbSession session)
{
    private const string Columns = "source, account_id, product, name, tls_name, host_header, dialled_at";

    /// <returns>False, and nothing is kept, for a product whose registration has ended.</returns>
    public async Task<bool> PutAsync(DialledName dialled, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            INSERT INTO dialled_names (source, account_id, product, name, tls_name, host_header, dialled_at)
            SELECT @Source, @AccountId, @Product, @Name, @TlsName, @HostHeader, @DialledAt
             WHERE CAST(@AccountId AS TEXT) IS NULL
                OR EXISTS (SELECT 1 FROM product_instances WHERE id = @Source AND state = 'registered')
                OR EXISTS (SELECT 1 FROM relayed_instances WHERE id = @Source AND state = 'registered')
            ON CONFLICT (source) DO UPDATE
               SET account_id = excluded.account_id, product = excluded.product, name = excluded.name, tls_name = excluded.tls_name,
                   host_header = excluded.host_header, dialled_at = excluded.dialled_at
            """,
            dialled,
            cancellationToken) > 0;

    public Task<int> ForgetAsync(string source, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM dialled_names WHERE source = @Source", new { Source = source }, cancellationToken);

    public Task<int> ForgetAddressesAsync(DateTimeOffset before, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM dialled_names WHERE account_id IS NULL AND dialled_at < @Before", new { Before = before }, cancellationToken);

    public Task<IReadOnlyList<DialledName>> ListAddressesAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<DialledName>($"SELECT {Columns} FROM dialled_names WHERE account_id IS NULL", null, cancellationToken);

    /// <summary>Those that dialled a name which is not among the covered ones, the latest first; of one account, or of all.</summary>
    public Task<IReadOnlyList<DialledName>> ListUncoveredAsync(
        IReadOnlyCollection<string> covered, IReadOnlyCollection<string>? accountIds, int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<DialledName>(
            $"""
            SELECT {Columns}
              FROM dialled_names
             WHERE NOT ({session.Dialect.AnyOf("name", "@Covered")}) AND {Of(accountIds)}
             ORDER BY dialled_at DESC, source
             LIMIT @Limit
            """,
            new { Covered = covered.ToArray(), AccountIds = accountIds?.ToArray() ?? [], Limit = limit },
            cancellationToken);

    /// <summary>Which of these sources dialled a name that is not among the covered ones.</summary>
    public async Task<IReadOnlySet<string>> ListUncoveredSourcesAsync(
        IReadOnlyCollection<string> covered, IReadOnlyCollection<string> sources, CancellationToken cancellationToken) =>
        (await session.QueryAsync<string>(
            $"""
            SELECT source
              FROM dialled_names
             WHERE {session.Dialect.AnyOf("source", "@Sources")} AND NOT ({session.Dialect.AnyOf("name", "@Covered")})
            """,
            new { Sources = sources.ToArray(), Covered = covered.ToArray() },
            cancellationToken)).ToHashSet(StringComparer.Ordinal);

    public Task<long> CountUncoveredAsync(IReadOnlyCollection<string> covered, IReadOnlyCollection<string>? accountIds, CancellationToken cancellationToken) =>
        session.ScalarAsync<long>(
            $"SELECT COUNT(*) FROM dialled_names WHERE NOT ({session.Dialect.AnyOf("name", "@Covered")}) AND {Of(accountIds)}",
            new { Covered = covered.ToArray(), AccountIds = accountIds?.ToArray() ?? [] },
            cancellationToken);

    /// <summary>How many products dial each name that is not among the covered ones.</summary>
    public Task<IReadOnlyList<DialledNameCount>> CountByNameAsync(IReadOnlyCollection<string> covered, CancellationToken cancellationToken) =>
        session.QueryAsync<DialledNameCount>(
            $"""
            SELECT name, COUNT(*) AS products
              FROM dialled_names
             WHERE NOT ({session.Dialect.AnyOf("name", "@Covered")}) AND account_id IS NOT NULL
             GROUP BY name
             ORDER BY COUNT(*) DESC, name
             LIMIT 20
            """,
            new { Covered = covered.ToArray() },
            cancellationToken);

    private string Of(IReadOnlyCollection<string>? accountIds) => accountIds is null ? "TRUE" : session.Dialect.AnyOf("account_id", "@AccountIds");
}

internal sealed class DialledName
{
    /// <summary>The product instance identifier, or an address whose product is not known.</summary>
    public required string Source { get; init; }

    /// <summary>Null for an address.</summary>
    public string? AccountId { get; init; }

    /// <summary>As lists show it.</summary>
    public required string Product { get; init; }

    /// <summary>What the client compared the certificate with: the name in the TLS handshake, else the one in the Host header.</summary>
    public required string Name { get; init; }

    /// <summary>Empty when the handshake named nobody, as with an address.</summary>
    public required string TlsName { get; init; }

    /// <summary>Empty when no request followed the handshake.</summary>
    public required string HostHeader { get; init; }

    public required DateTimeOffset DialledAt { get; init; }
}

internal sealed class DialledNameCount
{
    public required string Name { get; init; }

    public required long Products { get; init; }
}
