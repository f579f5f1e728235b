using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>The one-time code that the first run prints, with which the first administrator takes the gateway into use.</summary>
internal sealed class SetupCodes(DbSession session)
{
    public Task AddAsync(string codeHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO setup_codes (code_hash, created_at) VALUES (@CodeHash, @Now)", new { CodeHash = codeHash, Now = now }, cancellationToken);

    /// <summary>Uses the code up; false when it is unknown or was used before.</summary>
    public async Task<bool> RedeemAsync(string codeHash, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE setup_codes SET redeemed_at = @Now WHERE code_hash = @CodeHash AND redeemed_at IS NULL",
            new { CodeHash = codeHash, Now = now },
            cancellationToken) == 1;

    /// <summary>Whether it could be used up now.</summary>
    public Task<bool> IsValidAsync(string codeHash, CancellationToken cancellationToken) =>
        session.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM setup_codes WHERE code_hash = @CodeHash AND redeemed_at IS NULL)", new { CodeHash = codeHash }, cancellationToken);

    public async Task<bool> IsRedeemedAsync(CancellationToken cancellationToken) =>
        await session.ScalarAsync<long>("SELECT COUNT(*) FROM setup_codes WHERE redeemed_at IS NOT NULL", null, cancellationToken) > 0;

    /// <summary>Forgets codes that nobody used, before a new one is made.</summary>
    public Task<int> DiscardUnusedAsync(CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM setup_codes WHERE redeemed_at IS NULL", null, cancellationToken);
}
