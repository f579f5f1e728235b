using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Licensing;

/// <summary>Labels that people put on the licences of an account; a licence may have several. Not to be confused with entitlement tags, which name licences.</summary>
internal sealed class LicenseTags(DbSession session)
{
    private const string Columns = "id, account_id, name, created_by, created_at";

    public Task AddAsync(LicenseTagRow tag, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO license_tags (id, account_id, name, name_key, created_by, created_at) VALUES (@Id, @AccountId, @Name, @NameKey, @CreatedBy, @CreatedAt)",
            new { tag.Id, tag.AccountId, tag.Name, NameKey = Names.Key(tag.Name), tag.CreatedBy, tag.CreatedAt },
            cancellationToken);

    public Task<IReadOnlyList<LicenseTagRow>> ListAsync(string accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<LicenseTagRow>($"SELECT {Columns} FROM license_tags WHERE account_id = @AccountId ORDER BY name_key", new { AccountId = accountId }, cancellationToken);

    /// <param name="nameOrId">One that is called like the identifier of another is found by its own.</param>
    public Task<LicenseTagRow?> FindAsync(string accountId, string nameOrId, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LicenseTagRow>(
            $"SELECT {Columns} FROM license_tags WHERE account_id = @AccountId AND (name_key = @NameKey OR id = @Id) ORDER BY CASE WHEN id = @Id THEN 0 ELSE 1 END LIMIT 1",
            new { AccountId = accountId, NameKey = Names.Key(nameOrId), Id = nameOrId },
            cancellationToken);

    public Task<int> RenameAsync(string id, string name, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE license_tags SET name = @Name, name_key = @NameKey WHERE id = @Id", new { Id = id, Name = name, NameKey = Names.Key(name) }, cancellationToken);

    /// <summary>The licences lose it with that.</summary>
    public Task<int> DeleteAsync(string id, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM license_tags WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>False when the licence had it already.</summary>
    public async Task<bool> AssignAsync(string id, string entitlementTag, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "INSERT INTO license_tag_assignments (license_tag_id, entitlement_tag) VALUES (@Id, @EntitlementTag) ON CONFLICT (license_tag_id, entitlement_tag) DO NOTHING",
            new { Id = id, EntitlementTag = entitlementTag },
            cancellationToken) == 1;

    /// <summary>False when the licence did not have it.</summary>
    public async Task<bool> TakeOffAsync(string id, string entitlementTag, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "DELETE FROM license_tag_assignments WHERE license_tag_id = @Id AND entitlement_tag = @EntitlementTag", new { Id = id, EntitlementTag = entitlementTag }, cancellationToken) == 1;

    /// <summary>Which licence of the account has which label, in the order of the labels' names.</summary>
    public Task<IReadOnlyList<LicenseTagAssignment>> AssignmentsAsync(string accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<LicenseTagAssignment>(
            """
            SELECT t.id AS license_tag_id, t.name, a.entitlement_tag
              FROM license_tag_assignments a JOIN license_tags t ON t.id = a.license_tag_id
             WHERE t.account_id = @AccountId
             ORDER BY t.name_key, a.entitlement_tag
            """,
            new { AccountId = accountId },
            cancellationToken);
}

internal sealed class LicenseTagRow
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required string Name { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal sealed class LicenseTagAssignment
{
    public required string LicenseTagId { get; init; }

    /// <summary>Of the label.</summary>
    public required string Name { get; init; }

    public required string EntitlementTag { get; init; }
}
