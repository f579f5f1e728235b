using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>What people may do in single local accounts or local virtual accounts. They go with the account or the user that is deleted.</summary>
internal sealed class AccountRoles(DbSession session)
{
    private const string Columns = "user_id, account_id, virtual_account_id, role";

    /// <summary>Gives the role, in the place of another one there.</summary>
    public Task GiveAsync(AccountRoleRow role, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO account_roles (user_id, account_id, scope_id, virtual_account_id, role)
            VALUES (@UserId, @AccountId, @ScopeId, @VirtualAccountId, @Role)
            ON CONFLICT (user_id, scope_id) DO UPDATE SET role = excluded.role
            """,
            new { role.UserId, role.AccountId, role.ScopeId, role.VirtualAccountId, role.Role },
            cancellationToken);

    /// <param name="scopeId">The virtual account, or the account when it is for all of it.</param>
    public async Task<bool> TakeAsync(string userId, string scopeId, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "DELETE FROM account_roles WHERE user_id = @UserId AND scope_id = @ScopeId", new { UserId = userId, ScopeId = scopeId }, cancellationToken) == 1;

    /// <summary>Takes every role that the user has, for one whose roles a directory decides.</summary>
    public Task<int> TakeAllAsync(string userId, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM account_roles WHERE user_id = @UserId", new { UserId = userId }, cancellationToken);

    public Task<IReadOnlyList<AccountRoleRow>> OfUserAsync(string userId, CancellationToken cancellationToken) =>
        session.QueryAsync<AccountRoleRow>(
            $"SELECT {Columns} FROM account_roles WHERE user_id = @UserId ORDER BY account_id, virtual_account_id", new { UserId = userId }, cancellationToken);

    /// <summary>Whether the caller holds everything that the user may do, here and there. Nobody can change or take away more rights than they have.</summary>
    public async Task<bool> AreHeldAsync(Caller by, UserRow user, CancellationToken cancellationToken) =>
        by.Holds(user.SystemRole, null, null)
        && (await OfUserAsync(user.Id, cancellationToken)).All(role => by.Holds(role.Role, role.AccountId, role.VirtualAccountId));

    public Task<AccountRoleRow?> FindAsync(string userId, string accountId, string? virtualAccountId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<AccountRoleRow>(
            $"SELECT {Columns} FROM account_roles WHERE user_id = @UserId AND account_id = @AccountId AND scope_id = @ScopeId",
            new { UserId = userId, AccountId = accountId, ScopeId = virtualAccountId ?? accountId },
            cancellationToken);

    public Task<IReadOnlyList<AccountRoleRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<AccountRoleRow>($"SELECT {Columns} FROM account_roles ORDER BY user_id, account_id, virtual_account_id", null, cancellationToken);
}

internal sealed class AccountRoleRow
{
    public required string UserId { get; init; }

    public required string AccountId { get; init; }

    /// <summary>Null for a role in the whole account.</summary>
    public string? VirtualAccountId { get; init; }

    /// <summary>One of <see cref="Roles.OfAccounts"/>.</summary>
    public required string Role { get; init; }

    public string ScopeId => VirtualAccountId ?? AccountId;
}
