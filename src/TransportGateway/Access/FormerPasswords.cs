using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Passwords that a person had before, as hashes, so that they are not chosen again at once.</summary>
internal sealed class FormerPasswords(DbSession session)
{
    public Task<IReadOnlyList<string>> NewestAsync(string userId, int count, CancellationToken cancellationToken) =>
        session.QueryAsync<string>(
            "SELECT password_hash FROM former_passwords WHERE user_id = @UserId ORDER BY replaced_at DESC LIMIT @Count", new { UserId = userId, Count = count }, cancellationToken);

    /// <summary>Keeps the hash, and forgets those beyond the newest.</summary>
    public async Task AddAsync(string userId, string hash, int keep, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await session.ExecuteAsync(
            "INSERT INTO former_passwords (user_id, password_hash, replaced_at) VALUES (@UserId, @Hash, @Now) ON CONFLICT (user_id, password_hash) DO NOTHING",
            new { UserId = userId, Hash = hash, Now = now },
            cancellationToken);
        await session.ExecuteAsync(
            """
            DELETE FROM former_passwords
             WHERE user_id = @UserId
               AND password_hash NOT IN (SELECT password_hash FROM former_passwords WHERE user_id = @UserId ORDER BY replaced_at DESC LIMIT @Keep)
            """,
            new { UserId = userId, Keep = keep },
            cancellationToken);
    }
}
