using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Local accounts: what a product shows as its Smart Account.</summary>
internal sealed class LocalAccounts(DbSession session)
{
    private const string Columns =
        "id, name, status, status_reason, smart_account, cloud_virtual_account, notification_email, synchronization_needed, export_control_allowed, relay_allowed, tenant_id, created_by, created_at";

    public Task AddAsync(LocalAccountRow account, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO accounts (id, name, name_key, status, smart_account, cloud_virtual_account, notification_email, tenant_id, created_by, created_at)
            VALUES (@Id, @Name, @NameKey, @Status, @SmartAccount, @CloudVirtualAccount, @NotificationEmail, @TenantId, @CreatedBy, @CreatedAt)
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
                account.TenantId,
                account.CreatedBy,
                account.CreatedAt,
            },
            cancellationToken);

    /// <summary>Changes the status as the step does; false when the account's status does not allow it.</summary>
    public async Task<bool> TakeStepAsync(string id, AccountStep step, string reason, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            $"UPDATE accounts SET status = @To, status_reason = @Reason WHERE id = @Id AND {session.Dialect.AnyOf("status", "@From")}",
            new { Id = id, To = AccountTransitions.To(step), Reason = reason, From = AccountTransitions.From(step).ToArray() },
            cancellationToken) == 1;

    /// <summary>Puts a new request in the place of one that was rejected; false when it is not rejected any more.</summary>
    public async Task<bool> RequestAgainAsync(LocalAccountRow account, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            $"""
            UPDATE accounts
               SET name = @Name, status = @To, status_reason = '', smart_account = @SmartAccount, cloud_virtual_account = @CloudVirtualAccount,
                   notification_email = @NotificationEmail, created_by = @CreatedBy, created_at = @CreatedAt
             WHERE id = @Id AND {session.Dialect.AnyOf("status", "@From")}
            """,
            new
            {
                account.Id,
                account.Name,
                To = AccountTransitions.To(AccountStep.RequestAgain),
                account.SmartAccount,
                account.CloudVirtualAccount,
                account.NotificationEmail,
                account.CreatedBy,
                account.CreatedAt,
                From = AccountTransitions.From(AccountStep.RequestAgain).ToArray(),
            },
            cancellationToken) == 1;

    /// <summary>Until the end of the transaction nobody else divides the account's licences among its virtual accounts.</summary>
    public Task<int> HoldAsync(string id, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE accounts SET synchronization_needed = synchronization_needed WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>False when it is gone already.</summary>
    public async Task<bool> DeleteAsync(string id, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM accounts WHERE id = @Id", new { Id = id }, cancellationToken) == 1;

    public Task<LocalAccountRow?> FindByNameAsync(string name, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LocalAccountRow>(
            $"SELECT {Columns} FROM accounts WHERE name_key = @NameKey", new { NameKey = Names.Key(name) }, cancellationToken);

    public Task<LocalAccountRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LocalAccountRow>($"SELECT {Columns} FROM accounts WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>The account that stands for a virtual account at Cisco.</summary>
    public Task<LocalAccountRow?> FindByCloudAsync(string smartAccount, string virtualAccount, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<LocalAccountRow>(
            $"""
            SELECT {Columns} FROM accounts
             WHERE lower(smart_account) = lower(@SmartAccount) AND lower(cloud_virtual_account) = lower(@VirtualAccount) AND status <> 'rejected'
            """,
            new { SmartAccount = smartAccount, VirtualAccount = virtualAccount },
            cancellationToken);

    /// <summary>Marks every account that has a Smart Account: what its products need has changed since it synchronised last.</summary>
    public Task<int> MarkSynchronizationNeededAsync(CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE accounts SET synchronization_needed = TRUE WHERE smart_account IS NOT NULL AND status IN ('active', 'inactive', 'error')", null, cancellationToken);

    public Task<int> ClearSynchronizationNeededAsync(string id, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE accounts SET synchronization_needed = FALSE WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>What Cisco says at a synchronisation.</summary>
    public Task<int> SetExportControlAllowedAsync(string id, bool allowed, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE accounts SET export_control_allowed = @Allowed WHERE id = @Id", new { Id = id, Allowed = allowed }, cancellationToken);

    /// <summary>False when it is gone.</summary>
    public async Task<bool> SetRelayAllowedAsync(string id, bool allowed, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("UPDATE accounts SET relay_allowed = @Allowed WHERE id = @Id", new { Id = id, Allowed = allowed }, cancellationToken) == 1;

    /// <summary>All of them, requests that are pending or rejected included.</summary>
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

    /// <summary>Whether Cisco lets the account have export-controlled functionality; null until a synchronisation told.</summary>
    public bool? ExportControlAllowed { get; init; }

    /// <summary>Whether messages of relayed products that are filed under it go to the upstream.</summary>
    public bool RelayAllowed { get; init; } = true;

    /// <summary>Names the account in the URL of Smart Licensing Using Policy. It stays what it was when the account was made.</summary>
    public string TenantId { get => field ?? Names.TenantId(Name); init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
