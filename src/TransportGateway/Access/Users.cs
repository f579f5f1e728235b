using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>People who sign in.</summary>
internal sealed class Users(DbSession session)
{
    private const string Columns =
        """
        id, name, email, first_name, last_name, system_role, origin, external_id, language, disabled, password_hash, password_changed_at, password_must_change,
        failed_attempts, locked_until, sealed_totp_key, totp_confirmed, revision, created_by, created_at, last_sign_in_at
        """;

    /// <summary>Two names that differ only in case are the same name.</summary>
    public static string Key(string name) => name.ToUpperInvariant();

    public Task AddAsync(UserRow user, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO users (id, name, name_key, email, first_name, last_name, system_role, origin, external_id, language, disabled,
                               password_hash, password_changed_at, password_must_change, created_by, created_at)
            VALUES (@Id, @Name, @NameKey, @Email, @FirstName, @LastName, @SystemRole, @Origin, @ExternalId, @Language, @Disabled,
                    @PasswordHash, @PasswordChangedAt, @PasswordMustChange, @CreatedBy, @CreatedAt)
            """,
            new
            {
                user.Id,
                user.Name,
                NameKey = Key(user.Name),
                user.Email,
                user.FirstName,
                user.LastName,
                user.SystemRole,
                user.Origin,
                user.ExternalId,
                user.Language,
                user.Disabled,
                user.PasswordHash,
                user.PasswordChangedAt,
                user.PasswordMustChange,
                user.CreatedBy,
                user.CreatedAt,
            },
            cancellationToken);

    public Task<UserRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<UserRow>($"SELECT {Columns} FROM users WHERE id = @Id", new { Id = id }, cancellationToken);

    public Task<UserRow?> FindByNameAsync(string name, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<UserRow>($"SELECT {Columns} FROM users WHERE name_key = @NameKey", new { NameKey = Key(name) }, cancellationToken);

    /// <summary>The user whom a directory or a provider calls so.</summary>
    public Task<UserRow?> FindExternalAsync(string origin, string externalId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<UserRow>(
            $"SELECT {Columns} FROM users WHERE origin = @Origin AND external_id = @ExternalId AND external_id <> ''",
            new { Origin = origin, ExternalId = externalId },
            cancellationToken);

    public Task<IReadOnlyList<UserRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<UserRow>($"SELECT {Columns} FROM users ORDER BY name_key", null, cancellationToken);

    public Task<bool> AnyAsync(CancellationToken cancellationToken) => session.ScalarAsync<bool>("SELECT EXISTS (SELECT 1 FROM users)", null, cancellationToken);

    /// <summary>Writes what an administrator may change; false when somebody else changed it since it was read.</summary>
    public async Task<bool> ChangeAsync(UserRow user, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE users
               SET email = @Email, first_name = @FirstName, last_name = @LastName, system_role = @SystemRole, language = @Language, disabled = @Disabled,
                   failed_attempts = 0, locked_until = NULL, revision = revision + 1
             WHERE id = @Id AND revision = @Revision
            """,
            new { user.Id, user.Revision, user.Email, user.FirstName, user.LastName, user.SystemRole, user.Language, user.Disabled },
            cancellationToken) == 1;

    /// <summary>False when it is gone already.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM users WHERE id = @Id", new { Id = id }, cancellationToken) == 1;

    /// <summary>How many can still sign in as system administrators, this one left out. Those of a directory or provider do not count: it may be away; nor who has no password yet.</summary>
    /// <remarks>Whoever else counts waits for the end of this session: two who remove each other at once do not both find the other one.</remarks>
    public async Task<long> CountOtherAdministratorsAsync(string exceptId, CancellationToken cancellationToken)
    {
        var those = new { Role = Roles.SystemAdministrator, Origin = UserOrigin.Local, Id = exceptId };
        await session.ExecuteAsync("UPDATE users SET system_role = system_role WHERE system_role = @Role AND origin = @Origin", those, cancellationToken);
        return await session.ScalarAsync<long>(
            "SELECT COUNT(*) FROM users WHERE system_role = @Role AND origin = @Origin AND disabled = FALSE AND password_hash <> '' AND id <> @Id", those, cancellationToken);
    }

    /// <summary>Whether the user may still come in by what was checked of this row. Until the session ends nobody changes the password or disables the user.</summary>
    public async Task<bool> IsStillAsync(UserRow seen, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE users SET password_hash = password_hash WHERE id = @Id AND password_hash = @PasswordHash AND disabled = FALSE", new { seen.Id, seen.PasswordHash }, cancellationToken) == 1;

    public Task SetPasswordAsync(string id, string hash, bool mustChange, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            UPDATE users
               SET password_hash = @Hash, password_changed_at = @Now, password_must_change = @MustChange, failed_attempts = 0, locked_until = NULL
             WHERE id = @Id
            """,
            new { Id = id, Hash = hash, Now = now, MustChange = mustChange },
            cancellationToken);

    /// <summary>Counts a wrong password; locks the user at the given number of them in a row.</summary>
    public Task FailedAsync(string id, long lockAt, DateTimeOffset lockUntil, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            UPDATE users
               SET failed_attempts = CASE WHEN failed_attempts + 1 >= @LockAt THEN 0 ELSE failed_attempts + 1 END,
                   locked_until = CASE WHEN failed_attempts + 1 >= @LockAt THEN @LockUntil ELSE locked_until END
             WHERE id = @Id
            """,
            new { Id = id, LockAt = lockAt, LockUntil = lockUntil },
            cancellationToken);

    public Task SignedInAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE users SET failed_attempts = 0, locked_until = NULL, last_sign_in_at = @Now WHERE id = @Id", new { Id = id, Now = now }, cancellationToken);

    /// <summary>Stores the key of a second factor that is not confirmed yet; null takes the factor away.</summary>
    public Task SetTotpKeyAsync(string id, byte[]? sealedKey, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE users SET sealed_totp_key = @Key, totp_confirmed = FALSE, totp_step = 0 WHERE id = @Id", new { Id = id, Key = sealedKey }, cancellationToken);

    /// <summary>Takes the code of a step, once: false when this one or a later one was taken before, or the key is another now.</summary>
    public async Task<bool> TakeTotpStepAsync(UserRow seen, long step, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE users SET totp_step = @Step, totp_confirmed = TRUE WHERE id = @Id AND sealed_totp_key = @SealedTotpKey AND totp_step < @Step",
            new { seen.Id, seen.SealedTotpKey, Step = step },
            cancellationToken) == 1;
}

/// <summary>Who checks a user's password.</summary>
internal static class UserOrigin
{
    public const string Local = "local";
    public const string Ldap = "ldap";
    public const string OpenId = "oidc";
}

internal sealed record UserRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public string Email { get; init; } = "";

    public string FirstName { get; init; } = "";

    public string LastName { get; init; } = "";

    /// <summary>One of <see cref="Roles.OfSystem"/>.</summary>
    public required string SystemRole { get; init; }

    /// <summary>One of <see cref="UserOrigin"/>.</summary>
    public string Origin { get; init; } = UserOrigin.Local;

    /// <summary>What the directory or provider calls the person; empty for a local user.</summary>
    public string ExternalId { get; init; } = "";

    /// <summary>Empty: the one that the browser asks for.</summary>
    public string Language { get; init; } = "";

    public bool Disabled { get; init; }

    public string PasswordHash { get; init; } = "";

    public DateTimeOffset? PasswordChangedAt { get; init; }

    public bool PasswordMustChange { get; init; }

    public long FailedAttempts { get; init; }

    public DateTimeOffset? LockedUntil { get; init; }

    public byte[]? SealedTotpKey { get; init; }

    public bool TotpConfirmed { get; init; }

    public long Revision { get; init; } = 1;

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? LastSignInAt { get; init; }

    public bool IsLockedAt(DateTimeOffset now) => LockedUntil > now;

    public override string ToString() => Name;
}
