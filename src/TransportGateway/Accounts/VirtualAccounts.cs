using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Local virtual accounts: the parts of a local account that hold tokens, products and licences.</summary>
internal sealed class VirtualAccounts(DbSession session)
{
    public const string DefaultName = "Default";

    private const string Columns = "id, account_id, name, description, is_default, created_at";

    public Task AddAsync(VirtualAccountRow account, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO virtual_accounts (id, account_id, name, name_key, description, is_default, created_at)
            VALUES (@Id, @AccountId, @Name, @NameKey, @Description, @IsDefault, @CreatedAt)
            """,
            new { account.Id, account.AccountId, account.Name, NameKey = Names.Key(account.Name), account.Description, account.IsDefault, account.CreatedAt },
            cancellationToken);

    /// <summary>The one that every account has.</summary>
    public Task AddDefaultAsync(string accountId, DateTimeOffset now, CancellationToken cancellationToken) =>
        AddAsync(
            new VirtualAccountRow { Id = Ids.New(now), AccountId = accountId, Name = DefaultName, Description = "", IsDefault = true, CreatedAt = now },
            cancellationToken);

    public Task<VirtualAccountRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<VirtualAccountRow>($"SELECT {Columns} FROM virtual_accounts WHERE id = @Id", new { Id = id }, cancellationToken);

    public Task<VirtualAccountRow?> FindByNameAsync(string accountId, string name, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<VirtualAccountRow>(
            $"SELECT {Columns} FROM virtual_accounts WHERE account_id = @AccountId AND name_key = @NameKey",
            new { AccountId = accountId, NameKey = Names.Key(name) },
            cancellationToken);

    /// <summary>The default one first, then by name.</summary>
    public Task<IReadOnlyList<VirtualAccountRow>> ListAsync(string accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<VirtualAccountRow>(
            $"SELECT {Columns} FROM virtual_accounts WHERE account_id = @AccountId ORDER BY is_default DESC, name_key",
            new { AccountId = accountId },
            cancellationToken);

    /// <summary>False when it is the default one, which cannot be deleted.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM virtual_accounts WHERE id = @Id AND is_default = FALSE", new { Id = id }, cancellationToken) == 1;

    /// <summary>Takes the default one with the account that is deleted.</summary>
    public Task<int> DeleteDefaultAsync(string accountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM virtual_accounts WHERE account_id = @AccountId AND is_default = TRUE", new { AccountId = accountId }, cancellationToken);
}

internal sealed class VirtualAccountRow
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required string Name { get; init; }

    public required string Description { get; init; }

    public required bool IsDefault { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
