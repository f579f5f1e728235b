using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Programs that sign in with an id and a secret, each for one local account or for all.</summary>
internal sealed class ApiClients(DbSession session)
{
    private const string Columns = "id, account_id, name, permissions, created_by, created_at, revoked_at";

    /// <returns>False, and there is no client, when its account does not exist.</returns>
    public async Task<bool> AddAsync(ApiClientRow client, string secretHash, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            INSERT INTO api_clients (id, account_id, name, secret_hash, permissions, created_by, created_at)
            SELECT @Id, @AccountId, @Name, @SecretHash, @Permissions, @CreatedBy, @CreatedAt
             WHERE CAST(@AccountId AS TEXT) IS NULL
                OR EXISTS (SELECT 1 FROM accounts WHERE id = @AccountId)
            """,
            new { client.Id, client.AccountId, client.Name, SecretHash = secretHash, client.Permissions, client.CreatedBy, client.CreatedAt },
            cancellationToken) == 1;

    public Task<IReadOnlyList<ApiClientRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<ApiClientRow>($"SELECT {Columns} FROM api_clients ORDER BY created_at", null, cancellationToken);

    /// <summary>The hash of the client's secret, or null when it is unknown or revoked.</summary>
    public Task<string?> FindSecretHashAsync(string id, CancellationToken cancellationToken) =>
        session.ScalarAsync<string>("SELECT secret_hash FROM api_clients WHERE id = @Id AND revoked_at IS NULL", new { Id = id }, cancellationToken);

    /// <summary>Revokes the client and forgets its access tokens.</summary>
    public async Task<bool> RevokeAsync(string id, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync("DELETE FROM access_tokens WHERE client_id = @Id", new { Id = id }, cancellationToken);
        return await session.ExecuteAsync(
            "UPDATE api_clients SET revoked_at = @Now WHERE id = @Id AND revoked_at IS NULL", new { Id = id, Now = now }, cancellationToken) == 1;
    }

    /// <param name="userId">For whom the client asked; null for itself.</param>
    public Task AddTokenAsync(string clientId, string? userId, string tokenHash, DateTimeOffset expiresAt, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO access_tokens (token_hash, client_id, user_id, expires_at) VALUES (@TokenHash, @ClientId, @UserId, @ExpiresAt)",
            new { TokenHash = tokenHash, ClientId = clientId, UserId = userId, ExpiresAt = expiresAt },
            cancellationToken);

    /// <summary>Forgets the access tokens that speak for the user.</summary>
    /// <param name="exceptHash">Of the one that goes on; null for none.</param>
    public Task<int> EndTokensOfUserAsync(string userId, string? exceptHash, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM access_tokens WHERE user_id = @UserId AND token_hash <> @ExceptHash", new { UserId = userId, ExceptHash = exceptHash ?? "" }, cancellationToken);

    /// <param name="origin">One of <see cref="UserOrigin"/>: those that speak for people whom it let in.</param>
    public Task<int> EndTokensOfOriginAsync(string origin, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM access_tokens WHERE user_id IN (SELECT id FROM users WHERE origin = @Origin)", new { Origin = origin }, cancellationToken);

    public Task<ApiClientRow?> FindByTokenAsync(string tokenHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<ApiClientRow>(
            """
            SELECT c.id, c.account_id, c.name, c.permissions, c.created_by, c.created_at, c.revoked_at, t.user_id
              FROM access_tokens t JOIN api_clients c ON c.id = t.client_id
             WHERE t.token_hash = @TokenHash AND t.expires_at > @Now AND c.revoked_at IS NULL
            """,
            new { TokenHash = tokenHash, Now = now },
            cancellationToken);

    /// <summary>Forgets tokens that have expired, so many at a time.</summary>
    public Task<int> PurgeTokensAsync(DateTimeOffset now, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM access_tokens WHERE token_hash IN (SELECT token_hash FROM access_tokens WHERE expires_at <= @Now LIMIT @Most)", new { Now = now, Most = most }, cancellationToken);
}

internal sealed class ApiClientRow
{
    public required string Id { get; init; }

    public string? AccountId { get; init; }

    public required string Name { get; init; }

    /// <summary>Names of <see cref="Permission"/>, separated by blanks.</summary>
    public required string Permissions { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? RevokedAt { get; init; }

    /// <summary>Of an access token: the user for whom the client asked; null when it speaks for itself.</summary>
    public string? UserId { get; init; }

    public Caller ToCaller() => new(
        $"API client {Name}",
        AccountId,
        Permissions.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(Enum.Parse<Permission>).ToHashSet())
    {
        Identity = "client " + Id,
    };
}
