using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Product instances that another server registered, known from copies of what was relayed to it.</summary>
internal sealed class RelayedInstances(DbSession session)
{
    // The rows look like those registered here, so that every list shows both in the same columns.
    private const string Columns =
        """
        i.id, i.virtual_account_id, i.state, COALESCE(i.udi_key, '') AS udi_key, i.udi_pid, i.udi_serial_number, i.udi_vid, i.uuid, i.suvi,
        i.host_identifier, i.mac_address, i.host_name, i.software_tag, i.product_type, i.agent_version, i.export_controlled, i.registered_at,
        i.last_contact_at, i.ended_at, i.authorization_status, i.authorized_at, v.name AS virtual_account_name, v.account_id, a.name AS account_name,
        i.upstream AS relayed_to, i.smart_account, i.cloud_virtual_account
        """;

    // Records of messages that are under way at once are seconds apart: what is further ahead was written before the clock was set back.
    private const int MostAheadMs = 60_000;

    private const string From =
        "relayed_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id JOIN accounts a ON a.id = v.account_id";

    public Task<InstanceRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<InstanceRow>($"SELECT {Columns} FROM {From} WHERE i.id = @Id", new { Id = id }, cancellationToken);

    /// <summary>Those with these identifiers, in no order.</summary>
    public Task<IReadOnlyList<InstanceRow>> FindManyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        session.QueryAsync<InstanceRow>($"SELECT {Columns} FROM {From} WHERE {session.Dialect.AnyOf("i.id", "@Ids")}", new { Ids = ids.ToArray() }, cancellationToken);

    /// <summary>The one that was heard of last, when an upstream gave a product several identifiers over time.</summary>
    public Task<InstanceRow?> FindRegisteredAsync(string udiKey, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<InstanceRow>(
            $"SELECT {Columns} FROM {From} WHERE i.udi_key = @UdiKey AND i.state = 'registered' ORDER BY i.last_contact_at DESC, i.id LIMIT 1",
            new { UdiKey = udiKey },
            cancellationToken);

    /// <summary>Those that are registered at their upstream, in a virtual account, an account or all of them, in the order in which they came.</summary>
    public Task<IReadOnlyList<InstanceRow>> ListAsync(
        string? accountId, string? virtualAccountId, int limit, int offset, CancellationToken cancellationToken) =>
        session.QueryAsync<InstanceRow>(
            $"""
            SELECT {Columns}
              FROM {From}
             WHERE i.state = 'registered'
               AND (@AccountId IS NULL OR v.account_id = @AccountId)
               AND (@VirtualAccountId IS NULL OR i.virtual_account_id = @VirtualAccountId)
             ORDER BY i.registered_at, i.id
             LIMIT @Limit OFFSET @Offset
            """,
            new { AccountId = accountId, VirtualAccountId = virtualAccountId, Limit = limit, Offset = offset },
            cancellationToken);

    public Task<long> CountAsync(string? accountId, string? virtualAccountId, CancellationToken cancellationToken) =>
        session.ScalarAsync<long>(
            """
            SELECT COUNT(*)
              FROM relayed_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id
             WHERE i.state = 'registered'
               AND (@AccountId IS NULL OR v.account_id = @AccountId)
               AND (@VirtualAccountId IS NULL OR i.virtual_account_id = @VirtualAccountId)
            """,
            new { AccountId = accountId, VirtualAccountId = virtualAccountId },
            cancellationToken);

    /// <summary>False when it is known.</summary>
    public async Task<bool> AddAsync(InstanceRow instance, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            INSERT INTO relayed_instances
              (id, virtual_account_id, state, udi_key, udi_pid, udi_serial_number, udi_vid, uuid, suvi, host_identifier, mac_address, host_name,
               software_tag, product_type, agent_version, export_controlled, upstream, smart_account, cloud_virtual_account, registered_at,
               last_contact_at, authorization_status, authorized_at)
            VALUES
              (@Id, @VirtualAccountId, 'registered', NULLIF(@UdiKey, ''), @UdiPid, @UdiSerialNumber, @UdiVid, @Uuid, @Suvi, @HostIdentifier, @MacAddress, @HostName,
               @SoftwareTag, @ProductType, @AgentVersion, @ExportControlled, @RelayedTo, @SmartAccount, @CloudVirtualAccount, @RegisteredAt,
               @LastContactAt, @AuthorizationStatus, @AuthorizedAt)
            ON CONFLICT (id) DO NOTHING
            """,
            instance,
            cancellationToken) == 1;

    /// <summary>Brings a record up to date; false when a later message was recorded before this one.</summary>
    public async Task<bool> UpdateAsync(InstanceRow instance, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            $"""
            UPDATE relayed_instances
               SET virtual_account_id = @VirtualAccountId, state = 'registered', udi_key = NULLIF(@UdiKey, ''), udi_pid = @UdiPid,
                   udi_serial_number = @UdiSerialNumber, udi_vid = @UdiVid, uuid = @Uuid, suvi = @Suvi, host_identifier = @HostIdentifier,
                   mac_address = @MacAddress, host_name = @HostName, software_tag = @SoftwareTag, product_type = @ProductType,
                   agent_version = @AgentVersion, export_controlled = @ExportControlled, upstream = @RelayedTo, smart_account = @SmartAccount,
                   cloud_virtual_account = @CloudVirtualAccount, registered_at = @RegisteredAt, last_contact_at = @LastContactAt, ended_at = NULL,
                   authorization_status = @AuthorizationStatus, authorized_at = @AuthorizedAt
             WHERE id = @Id AND {NotAfter("@LastContactAt")}
            """,
            instance,
            cancellationToken) == 1;

    /// <summary>False when it had ended before, or said something later.</summary>
    public async Task<bool> EndAsync(string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            $"""
            UPDATE relayed_instances
               SET state = 'deregistered', ended_at = @Now, last_contact_at = @Now
             WHERE id = @Id AND state = 'registered' AND {NotAfter("@Now")}
            """,
            new { Id = id, Now = now },
            cancellationToken) == 1;

    /// <summary>A product that its upstream registered anew under another identifier is one product, not two.</summary>
    public Task<int> EndOthersAsync(string udiKey, string id, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE relayed_instances SET state = 'deregistered', ended_at = @Now WHERE udi_key = @UdiKey AND id <> @Id AND state = 'registered'",
            new { UdiKey = udiKey, Id = id, Now = now },
            cancellationToken);

    public async Task<bool> ForgetAsync(string id, CancellationToken cancellationToken) =>
        await session.ExecuteAsync("DELETE FROM relayed_instances WHERE id = @Id", new { Id = id }, cancellationToken) == 1;

    /// <summary>Hands the records of a virtual account that is deleted to another one.</summary>
    public Task<int> MoveAllAsync(string fromVirtualAccountId, string toVirtualAccountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE relayed_instances SET virtual_account_id = @To WHERE virtual_account_id = @From",
            new { From = fromVirtualAccountId, To = toVirtualAccountId },
            cancellationToken);

    /// <summary>Nothing was recorded after this time, unless by a clock that was ahead.</summary>
    private static string NotAfter(string time) => $"(last_contact_at <= {time} OR last_contact_at > {time} + {MostAheadMs})";
}
