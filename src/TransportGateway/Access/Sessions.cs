using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Signed-in browsers.</summary>
internal sealed class Sessions(DbSession session)
{
    private const string Columns = "id, user_id, complete, source, agent, created_at, last_used_at, expires_at";

    public Task AddAsync(SessionRow row, string secretHash, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO sessions (secret_hash, id, user_id, complete, source, agent, created_at, last_used_at, expires_at)
            VALUES (@SecretHash, @Id, @UserId, @Complete, @Source, @Agent, @CreatedAt, @LastUsedAt, @ExpiresAt)
            """,
            new { SecretHash = secretHash, row.Id, row.UserId, row.Complete, row.Source, row.Agent, row.CreatedAt, row.LastUsedAt, row.ExpiresAt },
            cancellationToken);

    public Task<SessionRow?> FindAsync(string secretHash, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<SessionRow>($"SELECT {Columns} FROM sessions WHERE secret_hash = @SecretHash", new { SecretHash = secretHash }, cancellationToken);

    /// <summary>Those that still open the gateway, the one that was used last first.</summary>
    /// <param name="userId">Null for everybody's.</param>
    public async Task<IReadOnlyList<SessionRow>> ListAsync(string? userId, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.QueryAsync<SessionRow>(
            $"""
            SELECT {Columns}
              FROM sessions
             WHERE complete = TRUE AND expires_at > @Now AND last_used_at > @IdleSince AND (@UserId IS NULL OR user_id = @UserId)
             ORDER BY last_used_at DESC, id
            """,
            new { UserId = userId, Now = now, IdleSince = now.AddMinutes(-(await AccessRules.LoadAsync(session, cancellationToken)).IdleMinutes) },
            cancellationToken);

    public Task TouchAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE sessions SET last_used_at = @Now WHERE id = @Id", new { Id = id, Now = now }, cancellationToken);

    /// <param name="userId">Whose it has to be; null for anybody's.</param>
    public async Task<bool> EndAsync(string id, string? userId, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "DELETE FROM sessions WHERE id = @Id AND (@UserId IS NULL OR user_id = @UserId)", new { Id = id, UserId = userId }, cancellationToken) == 1;

    /// <param name="exceptId">The one that stays, or null to end all.</param>
    public Task<int> EndOfUserAsync(string userId, string? exceptId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM sessions WHERE user_id = @UserId AND (@ExceptId IS NULL OR id <> @ExceptId)", new { UserId = userId, ExceptId = exceptId }, cancellationToken);

    /// <param name="origin">One of <see cref="UserOrigin"/>: those of all whom it let in.</param>
    public Task<int> EndOfOriginAsync(string origin, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM sessions WHERE user_id IN (SELECT id FROM users WHERE origin = @Origin)", new { Origin = origin }, cancellationToken);

    public Task<int> PurgeAsync(DateTimeOffset now, DateTimeOffset idleSince, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM sessions WHERE expires_at <= @Now OR last_used_at <= @IdleSince", new { Now = now, IdleSince = idleSince }, cancellationToken);
}

internal sealed class SessionRow
{
    public required string Id { get; init; }

    public required string UserId { get; init; }

    /// <summary>False while the second factor is still to come.</summary>
    public required bool Complete { get; init; }

    public required string Source { get; init; }

    /// <summary>What the browser calls itself, shortened.</summary>
    public required string Agent { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public required DateTimeOffset LastUsedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }
}
