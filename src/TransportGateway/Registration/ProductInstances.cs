using TransportGateway.Licensing;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Product instances, the registered ones and those whose registration has ended.</summary>
internal sealed class ProductInstances(DbSession session)
{
    private const string Columns =
        """
        i.id, i.virtual_account_id, i.state, i.udi_key, i.udi_pid, i.udi_serial_number, i.udi_vid, i.uuid, i.suvi, i.host_identifier, i.mac_address,
        i.host_name, i.software_tag, i.product_type, i.agent_version, i.export_controlled, i.registered_at, i.last_contact_at, i.ended_at,
        i.authorization_status, i.authorized_at, i.certificate_serial, v.name AS virtual_account_name, v.account_id, a.name AS account_name, a.synchronization_needed
        """;

    // The names of its accounts belong to what an instance is told and shown as; joining them here spares each message two look-ups.
    private const string From =
        "product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id JOIN accounts a ON a.id = v.account_id";

    /// <summary>The registered product with a UDI: @UdiKey.</summary>
    public const string FindRegistered = $"SELECT {Columns} FROM {From} WHERE i.udi_key = @UdiKey AND i.state = 'registered'";

    /// <summary>A new instance, unless a product with its UDI is registered, or the token went with its virtual account: the columns of <see cref="InstanceRow"/>, @TokenId.</summary>
    public const string Add =
        """
        INSERT INTO product_instances
          (id, virtual_account_id, state, udi_key, udi_pid, udi_serial_number, udi_vid, uuid, suvi, host_identifier, mac_address,
           host_name, software_tag, product_type, agent_version, export_controlled, registered_at, last_contact_at, certificate_serial, udis)
        SELECT
           @Id, @VirtualAccountId, 'registered', @UdiKey, @UdiPid, @UdiSerialNumber, @UdiVid, @Uuid, @Suvi, @HostIdentifier, @MacAddress,
           @HostName, @SoftwareTag, @ProductType, @AgentVersion, @ExportControlled, @RegisteredAt, @LastContactAt, @CertificateSerial, @Udis
         WHERE EXISTS (SELECT 1 FROM registration_tokens WHERE id = @TokenId)
        ON CONFLICT (udi_key) WHERE state = 'registered' DO NOTHING
        """;

    /// <summary>One instance: @Id.</summary>
    public const string Find = $"SELECT {Columns} FROM {From} WHERE i.id = @Id";

    private const string NoteContact = "UPDATE product_instances SET last_contact_at = @Now, certificate_serial = @Used";

    private const string WhereUnchanged =
        "WHERE id = @Id AND state = 'registered' AND virtual_account_id = @VirtualAccountId AND certificate_serial = @CertificateSerial";

    /// <summary>What a registered product says about itself when it registers once more by force; false when it ended or moved meanwhile.</summary>
    public async Task<bool> ReplaceAsync(InstanceRow instance, InstanceRow before, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE product_instances
               SET revision = revision + 1, virtual_account_id = @VirtualAccountId, udi_pid = @UdiPid, udi_serial_number = @UdiSerialNumber, udi_vid = @UdiVid, uuid = @Uuid,
                   suvi = @Suvi, host_identifier = @HostIdentifier, mac_address = @MacAddress, host_name = @HostName, software_tag = @SoftwareTag,
                   product_type = @ProductType, agent_version = @AgentVersion, export_controlled = @ExportControlled, registered_at = @RegisteredAt,
                   last_contact_at = @LastContactAt, certificate_serial = @CertificateSerial, udis = @Udis
             WHERE id = @Id AND state = 'registered' AND virtual_account_id = @ExpectedVirtualAccountId
            """,
            new
            {
                instance.Id,
                instance.VirtualAccountId,
                instance.UdiPid,
                instance.UdiSerialNumber,
                instance.UdiVid,
                instance.Uuid,
                instance.Suvi,
                instance.HostIdentifier,
                instance.MacAddress,
                instance.HostName,
                instance.SoftwareTag,
                instance.ProductType,
                instance.AgentVersion,
                instance.ExportControlled,
                instance.RegisteredAt,
                instance.LastContactAt,
                instance.CertificateSerial,
                instance.Udis,
                ExpectedVirtualAccountId = before.VirtualAccountId,
            },
            cancellationToken) == 1;

    public Task<InstanceRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<InstanceRow>(Find, new { Id = id }, cancellationToken);

    /// <summary>What its ID certificate lists: its own UDI and those of its members.</summary>
    public async Task<IReadOnlyList<string>> UdisOfAsync(string id, CancellationToken cancellationToken) =>
        (await session.ScalarAsync<string>("SELECT udis FROM product_instances WHERE id = @Id", new { Id = id }, cancellationToken) ?? "")
            .Split('\n', StringSplitOptions.RemoveEmptyEntries);

    /// <summary>Those with these identifiers, in no order.</summary>
    public Task<IReadOnlyList<InstanceRow>> FindManyAsync(IReadOnlyList<string> ids, CancellationToken cancellationToken) =>
        session.QueryAsync<InstanceRow>($"SELECT {Columns} FROM {From} WHERE {session.Dialect.AnyOf("i.id", "@Ids")}", new { Ids = ids.ToArray() }, cancellationToken);

    public Task<InstanceRow?> FindRegisteredAsync(string udiKey, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<InstanceRow>(FindRegistered, new { UdiKey = udiKey }, cancellationToken);

    /// <summary>The registered instances of a virtual account, or of a whole account, or of all, in the order of their registration.</summary>
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
              FROM product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id
             WHERE i.state = 'registered'
               AND (@AccountId IS NULL OR v.account_id = @AccountId)
               AND (@VirtualAccountId IS NULL OR i.virtual_account_id = @VirtualAccountId)
            """,
            new { AccountId = accountId, VirtualAccountId = virtualAccountId },
            cancellationToken);

    /// <summary>
    /// Notes the contact under this certificate and locks the row, so that messages of one product take turns; false when it ended, moved or
    /// got another certificate since it was read.
    /// </summary>
    public async Task<bool> ContactedAsync(InstanceRow instance, IdCertificateRow certificate, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            $"{NoteContact} {WhereUnchanged}",
            new { instance.Id, instance.VirtualAccountId, instance.CertificateSerial, Used = certificate.Serial, Now = now },
            cancellationToken) == 1
        && await CountsAsync(certificate, cancellationToken);

    /// <summary>The same when it asks for authorisation, with what that depends on; null instead of false.</summary>
    public async Task<LicenseBooks?> AuthorizesAsync(
        InstanceRow instance, IdCertificateRow certificate, string[] tags, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var (unchanged, books) = await session.QueryTogetherAsync(
            $"{NoteContact}, authorized_at = @Now {WhereUnchanged} RETURNING id; {LicenseBooks.Select(session.Dialect)}",
            new
            {
                instance.Id,
                InstanceId = instance.Id,
                instance.VirtualAccountId,
                instance.AccountId,
                instance.CertificateSerial,
                Used = certificate.Serial,
                Tags = tags,
                Now = now,
            },
            async results => (await results.ReadSingleOrDefaultAsync<string>() is not null, await LicenseBooks.ReadAsync(results)),
            cancellationToken);
        return unchanged && await CountsAsync(certificate, cancellationToken) ? books : null;
    }

    /// <summary>Notes the status of a product whose status or usage changed.</summary>
    public Task<int> SetAuthorizationAsync(string id, string status, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE product_instances SET revision = revision + 1, authorization_status = @Status WHERE id = @Id",
            new { Id = id, Status = status },
            cancellationToken);

    /// <summary>False when it ended or moved since it was read.</summary>
    public async Task<bool> EndAsync(InstanceRow instance, string state, DateTimeOffset now, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE product_instances SET revision = revision + 1, state = @State, ended_at = @Now WHERE id = @Id AND state = 'registered' AND virtual_account_id = @VirtualAccountId",
            new { instance.Id, instance.VirtualAccountId, State = state, Now = now },
            cancellationToken) == 1;

    public async Task<bool> MoveAsync(string id, string fromVirtualAccountId, string toVirtualAccountId, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            "UPDATE product_instances SET revision = revision + 1, virtual_account_id = @To WHERE id = @Id AND virtual_account_id = @From AND state = 'registered'",
            new { Id = id, From = fromVirtualAccountId, To = toVirtualAccountId },
            cancellationToken) == 1;

    /// <summary>Forgets the ended registrations of a local account that is deleted, but for their identifiers.</summary>
    public async Task DeleteEndedOfAsync(string accountId, CancellationToken cancellationToken)
    {
        const string Ended = "FROM product_instances WHERE state <> 'registered' AND virtual_account_id IN (SELECT id FROM virtual_accounts WHERE account_id = @AccountId)";
        await session.ExecuteAsync($"INSERT INTO former_instances (id) SELECT id {Ended}", new { AccountId = accountId }, cancellationToken);
        await session.ExecuteAsync($"DELETE {Ended}", new { AccountId = accountId }, cancellationToken);
    }

    /// <summary>Whether this gateway ever gave out the identifier.</summary>
    public Task<bool> IssuedAsync(string id, CancellationToken cancellationToken) =>
        session.ScalarAsync<bool>(
            "SELECT EXISTS (SELECT 1 FROM product_instances WHERE id = @Id) OR EXISTS (SELECT 1 FROM former_instances WHERE id = @Id)",
            new { Id = id },
            cancellationToken);

    /// <summary>Hands the ended registrations of a virtual account that is deleted to another one.</summary>
    public Task<int> MoveEndedAsync(string fromVirtualAccountId, string toVirtualAccountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE product_instances SET revision = revision + 1, virtual_account_id = @To WHERE virtual_account_id = @From AND state <> 'registered'",
            new { From = fromVirtualAccountId, To = toVirtualAccountId },
            cancellationToken);

    /// <summary>How many instances a request to Software Central will carry.</summary>
    public Task<long> CountForReportAsync(string accountId, bool all, CancellationToken cancellationToken) =>
        session.ScalarAsync<long>(
            $"SELECT COUNT(*) FROM product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id WHERE v.account_id = @AccountId AND {Reported(all)}",
            new { AccountId = accountId },
            cancellationToken);

    /// <summary>The next instances that Software Central has to be told of, in the order of their identifiers. They count as sent.</summary>
    /// <param name="all">Every registered one, else those that changed since Software Central acknowledged them.</param>
    public async Task<IReadOnlyList<InstanceRow>> TakeForReportAsync(string accountId, string after, bool all, int limit, CancellationToken cancellationToken)
    {
        var ids = await session.QueryAsync<string>(
            $"""
            SELECT i.id
              FROM product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id
             WHERE v.account_id = @AccountId AND i.id > @After AND {Reported(all)}
             ORDER BY i.id
             LIMIT @Limit
            """,
            new { AccountId = accountId, After = after, Limit = limit },
            cancellationToken);
        var parameters = new { Ids = ids.ToArray() };
        await session.ExecuteAsync(
            $"UPDATE product_instances SET sent_revision = revision WHERE {session.Dialect.AnyOf("id", "@Ids")} AND sent_revision <> revision", parameters, cancellationToken);
        return await session.QueryAsync<InstanceRow>(
            $"SELECT i.revision, {Columns} FROM {From} WHERE {session.Dialect.AnyOf("i.id", "@Ids")} ORDER BY i.id", parameters, cancellationToken);
    }

    /// <summary>Software Central has acknowledged what it was sent of this account; what changed since then stays to be told.</summary>
    public Task<int> MarkSynchronizedAsync(string accountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            UPDATE product_instances
               SET synced_revision = sent_revision
             WHERE revision <> synced_revision
               AND sent_revision > synced_revision
               AND virtual_account_id IN (SELECT id FROM virtual_accounts WHERE account_id = @AccountId)
            """,
            new { AccountId = accountId },
            cancellationToken);

    // The first form is word for word the condition of the partial index.
    private static string Reported(bool all) =>
        all ? "(i.state = 'registered' OR i.revision <> i.synced_revision)" : "i.revision <> i.synced_revision";

    /// <summary>False when it was renewed and ended meanwhile, before its first use.</summary>
    private async Task<bool> CountsAsync(IdCertificateRow certificate, CancellationToken cancellationToken) =>
        certificate.State != IdCertificateState.Issued || await new IdCertificates(session).UseAsync(certificate, cancellationToken);
}

internal static class InstanceState
{
    public const string Registered = "registered";

    /// <summary>The product said good-bye.</summary>
    public const string Deregistered = "deregistered";

    /// <summary>An administrator removed it.</summary>
    public const string Removed = "removed";
}

internal sealed class InstanceRow
{
    /// <summary>The product instance identifier.</summary>
    public required string Id { get; init; }

    public required string VirtualAccountId { get; init; }

    public string State { get; init; } = InstanceState.Registered;

    public required string UdiKey { get; init; }

    public string? UdiPid { get; init; }

    public string? UdiSerialNumber { get; init; }

    public string? UdiVid { get; init; }

    public string? Uuid { get; init; }

    public string? Suvi { get; init; }

    public string? HostIdentifier { get; init; }

    public string? MacAddress { get; init; }

    /// <summary>Null when the product hides it.</summary>
    public string? HostName { get; init; }

    public required string SoftwareTag { get; init; }

    public required string ProductType { get; init; }

    public string? AgentVersion { get; init; }

    public required bool ExportControlled { get; init; }

    public required DateTimeOffset RegisteredAt { get; init; }

    public required DateTimeOffset LastContactAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public string? AuthorizationStatus { get; init; }

    public DateTimeOffset? AuthorizedAt { get; init; }

    /// <summary>Of the ID certificate that was used last; the next one takes its place with its first use.</summary>
    public string? CertificateSerial { get; init; }

    /// <summary>The UDIs of its ID certificate, one a line; written at registration, read where the next certificate is issued.</summary>
    public string Udis { get; init; } = "";

    /// <summary>Grows with each change that Software Central is told; read only where that matters.</summary>
    public long Revision { get; init; }

    public string VirtualAccountName { get; init; } = "";

    public string AccountId { get; init; } = "";

    public string AccountName { get; init; } = "";

    /// <summary>Of its account: what products need has changed since the last synchronisation.</summary>
    public bool SynchronizationNeeded { get; init; }

    /// <summary>The upstream that registered it; null for a product that is registered here.</summary>
    public string? RelayedTo { get; init; }

    public bool Relayed => RelayedTo is not null;

    /// <summary>The Smart Account that the upstream named to a relayed product.</summary>
    public string? SmartAccount { get; init; }

    /// <summary>The virtual account of that Smart Account.</summary>
    public string? CloudVirtualAccount { get; init; }

    /// <summary>The host name, or the UDI in its place when the product hides it (seed note).</summary>
    public string DisplayName => HostName ?? $"UDI_PID:{UdiPid};UDI_SN:{UdiSerialNumber};";

    /// <summary>What makes two products the same one: PID and serial number, else the UUID (8.7.19). Null when there is neither.</summary>
    public static string? KeyOf(string? pid, string? serialNumber, string? uuid) =>
        !string.IsNullOrWhiteSpace(pid) && !string.IsNullOrWhiteSpace(serialNumber) ? $"PID:{pid} SN:{serialNumber}"
        : !string.IsNullOrWhiteSpace(uuid) ? $"UUID:{uuid}"
        : null;
}
