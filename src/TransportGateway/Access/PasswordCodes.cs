using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>One-time codes with which a person sets a password; at most one for each.</summary>
internal sealed class PasswordCodes(DbSession session)
{
    public async Task ReplaceAsync(string userId, string codeHash, string by, DateTimeOffset expiresAt, CancellationToken cancellationToken)
    {
        await DiscardAsync(userId, cancellationToken);
        await session.ExecuteAsync(
            "INSERT INTO password_codes (code_hash, user_id, created_by, expires_at) VALUES (@CodeHash, @UserId, @By, @ExpiresAt)",
            new { CodeHash = codeHash, UserId = userId, By = by, ExpiresAt = expiresAt },
            cancellationToken);
    }

    /// <summary>Whether it is this user's and not expired. It stays until it is discarded.</summary>
    public Task<bool> IsValidAsync(string userId, string codeHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM password_codes WHERE code_hash = @CodeHash AND user_id = @UserId AND expires_at > @Now)",
            new { CodeHash = codeHash, UserId = userId, Now = now },
            cancellationToken);

    public async Task<bool> DiscardAsync(string userId, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM password_codes WHERE user_id = @UserId", new { UserId = userId }, cancellationToken) > 0;

    public Task<int> PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM password_codes WHERE expires_at <= @Now", new { Now = now }, cancellationToken);
}
