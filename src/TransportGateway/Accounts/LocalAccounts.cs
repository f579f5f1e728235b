using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Local accounts: what a product shows as its Smart Account.</summary>
internal sealed class LocalAccounts(DbSession session)
{
    private const string Columns = "id, name, created_by, created_at";

    public Task AddAsync(LocalAccountRow account, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO accounts (id, name, name_key, created_by, created_at) VALUES (@Id, @Name, @NameKey, @CreatedBy, @CreatedAt)",
            new { account.Id, account.Name, NameKey = Names.Key(account.Name), account.CreatedBy, account.CreatedAt },
            cancellationToken);

    public Task<LocalAccountRow?> FindByNameAsync(string name, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LocalAccountRow>(
            $"SELECT {Columns} FROM accounts WHERE name_key = @NameKey", new { NameKey = Names.Key(name) }, cancellationToken);

    public Task<IReadOnlyList<LocalAccountRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<LocalAccountRow>($"SELECT {Columns} FROM accounts ORDER BY name_key", null, cancellationToken);
}

internal sealed class LocalAccountRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
