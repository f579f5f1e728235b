using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>The uploaded certificate that browsers get, and the signing requests that wait for one.</summary>
internal sealed class BrowserCertificates(DbSession session)
{
    private const string Columns = "id, state, names, sealed_key, signing_request, chain, not_after, created_by, created_at, installed_at";

    public Task AddRequestAsync(BrowserCertificateRow row, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO browser_certificates (id, state, names, sealed_key, signing_request, created_by, created_at)
            VALUES (@Id, 'requested', @Names, @SealedKey, @SigningRequest, @CreatedBy, @CreatedAt)
            """,
            new { row.Id, row.Names, row.SealedKey, row.SigningRequest, row.CreatedBy, row.CreatedAt },
            cancellationToken);

    public Task<IReadOnlyList<BrowserCertificateRow>> ListRequestsAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<BrowserCertificateRow>($"SELECT {Columns} FROM browser_certificates WHERE state = 'requested' ORDER BY id", null, cancellationToken);

    public Task<BrowserCertificateRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<BrowserCertificateRow>($"SELECT {Columns} FROM browser_certificates WHERE id = @Id", new { Id = id }, cancellationToken);

    public Task<string?> FindInstalledIdAsync(CancellationToken cancellationToken) =>
        session.ScalarAsync<string>("SELECT id FROM browser_certificates WHERE state = 'installed'", null, cancellationToken);

    /// <summary>Takes the place of the certificate that is served, and of the request that it answers.</summary>
    public async Task InstallAsync(BrowserCertificateRow row, string? requestId, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync("DELETE FROM browser_certificates WHERE state = 'installed' OR id = @RequestId", new { RequestId = requestId }, cancellationToken);
        await session.ExecuteAsync(
            """
            INSERT INTO browser_certificates (id, state, names, sealed_key, chain, not_after, created_by, created_at, installed_at)
            VALUES (@Id, 'installed', @Names, @SealedKey, @Chain, @NotAfter, @CreatedBy, @CreatedAt, @InstalledAt)
            """,
            new { row.Id, row.Names, row.SealedKey, row.Chain, row.NotAfter, row.CreatedBy, row.CreatedAt, row.InstalledAt },
            cancellationToken);
    }

    public async Task<bool> DeleteInstalledAsync(CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM browser_certificates WHERE state = 'installed'", null, cancellationToken) == 1;

    public async Task<bool> DeleteRequestAsync(string id, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM browser_certificates WHERE id = @Id AND state = 'requested'", new { Id = id }, cancellationToken) == 1;
}

internal sealed class BrowserCertificateRow
{
    public required string Id { get; init; }

    public string State { get; init; } = "requested";

    /// <summary>Separated by commas.</summary>
    public required string Names { get; init; }

    /// <summary>PKCS#8; never leaves the gateway but in an encrypted backup.</summary>
    public required byte[] SealedKey { get; init; }

    public byte[]? SigningRequest { get; init; }

    /// <summary>PEM, the certificate first, without the root.</summary>
    public string? Chain { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? InstalledAt { get; init; }

    /// <summary>What its key is sealed for.</summary>
    public static string KeyPurpose(string id) => "browser-key:" + id;
}
