using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Requests that came with an idempotency key, and what they were answered.</summary>
internal sealed class IdempotentRequests(DbSession session)
{
    /// <summary>False when there is one with this key already.</summary>
    public async Task<bool> BeginAsync(string keyHash, string requestHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "INSERT INTO idempotent_requests (key_hash, request_hash, created_at) VALUES (@KeyHash, @RequestHash, @Now) ON CONFLICT (key_hash) DO NOTHING",
            new { KeyHash = keyHash, RequestHash = requestHash, Now = now },
            cancellationToken) == 1;

    public Task<IdempotentRequestRow?> FindAsync(string keyHash, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<IdempotentRequestRow>(
            "SELECT request_hash, status, content_type, sealed_body FROM idempotent_requests WHERE key_hash = @KeyHash", new { KeyHash = keyHash }, cancellationToken);

    public Task<int> EndAsync(string keyHash, int status, string? contentType, byte[] sealedBody, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE idempotent_requests SET status = @Status, content_type = @ContentType, sealed_body = @SealedBody WHERE key_hash = @KeyHash",
            new { KeyHash = keyHash, Status = status, ContentType = contentType, SealedBody = sealedBody },
            cancellationToken);

    /// <summary>Lets the key be used again, after a failure that changed nothing.</summary>
    public Task<int> ForgetAsync(string keyHash, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM idempotent_requests WHERE key_hash = @KeyHash", new { KeyHash = keyHash }, cancellationToken);

    /// <summary>Forgets the answers of before, so many at a time.</summary>
    public Task<int> PurgeAsync(DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM idempotent_requests WHERE key_hash IN (SELECT key_hash FROM idempotent_requests WHERE created_at < @Before LIMIT @Most)",
            new { Before = before, Most = most },
            cancellationToken);
}

internal sealed class IdempotentRequestRow
{
    public required string RequestHash { get; init; }

    /// <summary>Null while the first one is under way.</summary>
    public long? Status { get; init; }

    public string? ContentType { get; init; }

    public byte[]? SealedBody { get; init; }
}
