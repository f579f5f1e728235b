namespace TransportGateway.Benchmarks.Floor;

/// <summary>What the gateway's stores send for the two requests, statement by statement.</summary>
internal static class FloorStatements
{
    public const string FindInstance = Instance + " WHERE i.id = @p0";

    /// <summary>@p0 is the instance, @p1 the serial number.</summary>
    public const string FindSender = Instance + " WHERE i.id = @p0; SELECT serial, instance_id, state, public_key, not_before, not_after FROM id_certificates WHERE serial = @p1 AND instance_id = @p0";

    public const string FindRegistered = Instance + " WHERE i.udi_key = @p0 AND i.state = 'registered'";

    public const string FindAnswer = "SELECT request_hash, received_at, status, signer_serial, response FROM answered_messages WHERE sender = @p0 AND nonce = @p1";

    /// <summary>@p0 is the time, @p1 the instance, @p2 its virtual account, @p3 the serial number of its certificate.</summary>
    public const string MarkAuthorized =
        """
        UPDATE product_instances
           SET last_contact_at = @p0, certificate_serial = @p3, authorized_at = @p0
         WHERE id = @p1 AND state = 'registered' AND virtual_account_id = @p2 AND certificate_serial = @p3
        """;

    /// <summary>@p0 is the instance, @p1 its virtual account, @p2 its account.</summary>
    public static readonly string ListBooks =
        $"""
        SELECT tag, quantity FROM license_usages WHERE instance_id = @p0;
        SELECT tag, purchased, in_use FROM license_pools WHERE virtual_account_id = @p1 ORDER BY tag;
        SELECT higher_tag, lower_tag FROM substitution_rules WHERE account_id = @p2;
        SELECT account_id, id, tag, name, display_name, description, sku, billing, quantity, starts_at, ends_at, subscription_id, status
          FROM entitlements
         WHERE account_id = @p2 AND tag IN ({string.Join(", ", BenchmarkDatabase.Tags.Select(tag => $"'{tag}'"))})
        """;

    public const string AddAnswer =
        """
        INSERT INTO answered_messages
          (sender, nonce, request_hash, request, request_type, transport, source, received_at, status, signer_serial, response,
           virtual_account_id, registered_instance_id)
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12)
        """;

    public const string FindToken =
        """
        SELECT t.id, t.virtual_account_id, t.sealed_text, t.description, t.max_uses, t.uses, t.created_by, t.created_at, t.expires_at,
               t.revoked_at, a.status AS account_status,
               (t.export_controlled = TRUE AND (a.export_control_allowed IS NULL OR a.export_control_allowed = TRUE)) AS export_controlled
          FROM registration_tokens t JOIN virtual_accounts v ON v.id = t.virtual_account_id JOIN accounts a ON a.id = v.account_id
         WHERE t.secret_hash = @p0
        """;

    public const string RedeemToken =
        """
        UPDATE registration_tokens
           SET uses = uses + 1
         WHERE id = @p0 AND revoked_at IS NULL AND expires_at > @p1 AND (max_uses IS NULL OR uses < max_uses)
           AND EXISTS (SELECT 1 FROM virtual_accounts v JOIN accounts a ON a.id = v.account_id
                        WHERE v.id = registration_tokens.virtual_account_id AND a.status = 'active')
        """;

    public const string AddInstance =
        """
        INSERT INTO product_instances
          (id, virtual_account_id, state, udi_key, udi_pid, udi_serial_number, udi_vid, uuid, suvi, host_identifier, mac_address,
           host_name, software_tag, product_type, agent_version, export_controlled, registered_at, last_contact_at, certificate_serial, udis)
        VALUES (@p0, @p1, 'registered', @p2, @p3, @p4, @p5, @p6, @p7, @p8, @p9, @p10, @p11, @p12, @p13, @p14, @p15, @p16, @p17, @p2)
        ON CONFLICT (udi_key) WHERE state = 'registered' DO NOTHING
        """;

    public const string AddCertificate =
        """
        INSERT INTO id_certificates (serial, instance_id, state, public_key, not_before, not_after, issued_at)
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p6)
        """;

    public const string AddEvent =
        """
        INSERT INTO events (id, occurred_at, kind, severity, actor, account_id, virtual_account_id, former_virtual_account_id, instance_id, message)
        VALUES (@p0, @p1, @p2, @p3, @p4, @p5, @p8, NULL, @p6, @p7)
        """;

    private const string Instance =
        """
        SELECT i.id, i.virtual_account_id, i.state, i.udi_key, i.udi_pid, i.udi_serial_number, i.udi_vid, i.uuid, i.suvi, i.host_identifier,
               i.mac_address, i.host_name, i.software_tag, i.product_type, i.agent_version, i.export_controlled, i.registered_at,
               i.last_contact_at, i.ended_at, i.authorization_status, i.authorized_at, i.certificate_serial, v.name AS virtual_account_name, v.account_id,
               a.name AS account_name, a.synchronization_needed
          FROM product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id JOIN accounts a ON a.id = v.account_id
        """;
}
