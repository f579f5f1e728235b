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

    /// <summary>Whether it is this user's and not expired. It stays until it is redeemed or discarded.</summary>
    public Task<bool> IsValidAsync(string userId, string codeHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM password_codes WHERE code_hash = @CodeHash AND user_id = @UserId AND expires_at > @Now)",
            new { CodeHash = codeHash, UserId = userId, Now = now },
            cancellationToken);

    /// <summary>Uses it up; false when it is used, replaced or expired by now.</summary>
    public async Task<bool> RedeemAsync(string userId, string codeHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "DELETE FROM password_codes WHERE code_hash = @CodeHash AND user_id = @UserId AND expires_at > @Now", new { CodeHash = codeHash, UserId = userId, Now = now }, cancellationToken) == 1;

    public Task DiscardAsync(string userId, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM password_codes WHERE user_id = @UserId", new { UserId = userId }, cancellationToken);

    public Task<int> PurgeAsync(DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM password_codes WHERE expires_at <= @Now", new { Now = now }, cancellationToken);
}
