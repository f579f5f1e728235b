using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Local accounts: what a product shows as its Smart Account.</summary>
internal sealed class LocalAccounts(DbSession session)
{
    private const string Columns = 
        "id, name, status, status_reason, smart_account, cloud_virtual_account, notification_email, synchronization_needed, created_by, created_at";

    public Task AddAsync(LocalAccountRow account, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO accounts (id, name, name_key, status, smart_account, cloud_virtual_account, notification_email, created_by, created_at)
            VALUES (@Id, @Name, @NameKey, @Status, @SmartAccount, @CloudVirtualAccount, @NotificationEmail, @CreatedBy, @CreatedAt)
            """,
            new
            {
                account.Id,
                account.Name,
                NameKey = Names.Key(account.Name),
                account.Status,
                account.SmartAccount,
                account.CloudVirtualAccount,
                account.NotificationEmail,
                account.CreatedBy,
                account.CreatedAt,
            },
            cancellationToken);

    public Task<LocalAccountRow?> FindByNameAsync(string name, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LocalAccountRow>(
            $"SELECT {Columns} FROM accounts WHERE name_key = @NameKey", new { NameKey = Names.Key(name) }, cancellationToken);

    public Task<LocalAccountRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LocalAccountRow>($"SELECT {Columns} FROM accounts WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>Marks every account that has a Smart Account: what its products need has changed since it synchronised last.</summary>
    public Task<int> MarkSynchronizationNeededAsync(CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE accounts SET synchronization_needed = TRUE WHERE smart_account IS NOT NULL AND status IN ('active', 'inactive', 'error')", null, cancellationToken);

    public Task<int> ClearSynchronizationNeededAsync(string id, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE accounts SET synchronization_needed = FALSE WHERE id = @Id", new { Id = id }, cancellationToken);

    public Task<int> SetStatusAsync(string id, string status, string reason, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE accounts SET status = @Status, status_reason = @Reason WHERE id = @Id", new { Id = id, Status = status, Reason = reason }, cancellationToken);

    /// <summary>What Cisco says at a synchronisation.</summary>
    public Task<int> SetExportControlAllowedAsync(string id, bool allowed, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE accounts SET export_control_allowed = @Allowed WHERE id = @Id", new { Id = id, Allowed = allowed }, cancellationToken);

    public Task<IReadOnlyList<LocalAccountRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<LocalAccountRow>($"SELECT {Columns} FROM accounts ORDER BY name_key", null, cancellationToken);
}

internal sealed class LocalAccountRow
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    /// <summary>One of <see cref="AccountStatus"/>.</summary>
    public string Status { get; init; } = AccountStatus.Active;

    /// <summary>Why the account is rejected or in error; empty otherwise.</summary>
    public string StatusReason { get; init; } = "";

    /// <summary>The Smart Account at Cisco; null for a local account that never synchronises.</summary>
    public string? SmartAccount { get; init; }

    /// <summary>The virtual account of that Smart Account which this local account stands for.</summary>
    public string? CloudVirtualAccount { get; init; }

    public string? NotificationEmail { get; init; }

    /// <summary>What products need (the host certificate above all) changed since the last synchronisation.</summary>
    public bool SynchronizationNeeded { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>What a local account is in; shown as Pending, Awaiting authorisation file, Active, Inactive, Rejected, Error.</summary>
internal static class AccountStatus
{
    public const string Pending = "pending";
    public const string AwaitingAuthorization = "awaiting-authorization";
    public const string Active = "active";
    public const string Inactive = "inactive";
    public const string Rejected = "rejected";
    public const string Error = "error";
}
