using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>The ID certificates of product instances: serial, public key, validity and whether they still count.</summary>
internal sealed class IdCertificates(DbSession session)
{
    /// <summary>One certificate of an instance: @InstanceId, @Serial.</summary>
    public const string Find =
        "SELECT serial, instance_id, state, public_key, not_before, not_after FROM id_certificates WHERE serial = @Serial AND instance_id = @InstanceId";

    /// <summary>The certificate of a new instance, if that is there: @Serial, @InstanceId, @State, @PublicKey, @NotBefore, @NotAfter, @Now.</summary>
    public const string AddOfNew =
        """
        INSERT INTO id_certificates (serial, instance_id, state, public_key, not_before, not_after, issued_at)
        SELECT @Serial, @InstanceId, @State, @PublicKey, @NotBefore, @NotAfter, @Now
         WHERE EXISTS (SELECT 1 FROM product_instances WHERE id = @InstanceId)
        """;

    public Task AddAsync(IdCertificateRow certificate, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO id_certificates (serial, instance_id, state, public_key, not_before, not_after, issued_at)
            VALUES (@Serial, @InstanceId, @State, @PublicKey, @NotBefore, @NotAfter, @Now)
            """,
            new
            {
                certificate.Serial,
                certificate.InstanceId,
                certificate.State,
                certificate.PublicKey,
                certificate.NotBefore,
                certificate.NotAfter,
                Now = now,
            },
            cancellationToken);

    /// <summary>The first use of a renewed certificate ends the one before it (8.7.18); false when the renewed one was ended itself meanwhile.</summary>
    public async Task<bool> UseAsync(IdCertificateRow certificate, CancellationToken cancellationToken)
    {
        if (await session.ExecuteAsync("UPDATE id_certificates SET state = 'current' WHERE serial = @Serial AND state = 'issued'", certificate, cancellationToken) == 0)
        {
            return false;
        }

        await session.ExecuteAsync(
            "UPDATE id_certificates SET state = 'superseded' WHERE instance_id = @InstanceId AND state IN ('issued', 'current') AND serial <> @Serial",
            certificate,
            cancellationToken);
        return true;
    }

    /// <summary>Drops renewals that the product never used, before another one is issued.</summary>
    public Task<int> DropUnusedAsync(string instanceId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE id_certificates SET state = 'superseded' WHERE instance_id = @InstanceId AND state = 'issued'",
            new { InstanceId = instanceId },
            cancellationToken);

    public Task<int> RevokeAllAsync(string instanceId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE id_certificates SET state = 'revoked' WHERE instance_id = @InstanceId", new { InstanceId = instanceId }, cancellationToken);

    /// <summary>Forgets those of ended registrations in a local account that is deleted.</summary>
    public Task<int> DeleteEndedOfAsync(string accountId, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            DELETE FROM id_certificates
             WHERE instance_id IN (SELECT i.id
                                     FROM product_instances i JOIN virtual_accounts v ON v.id = i.virtual_account_id
                                    WHERE v.account_id = @AccountId AND i.state <> 'registered')
            """,
            new { AccountId = accountId },
            cancellationToken);
}

internal static class IdCertificateState
{
    /// <summary>Issued by a renewal, not used yet.</summary>
    public const string Issued = "issued";

    public const string Current = "current";
}

internal sealed class IdCertificateRow
{
    // What products allow, too (wire-protocol 2.6): a clock that is set back after an issue must not end what was issued.
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    /// <summary>Decimal.</summary>
    public required string Serial { get; init; }

    public required string InstanceId { get; init; }

    public required string State { get; init; }

    /// <summary>SubjectPublicKeyInfo.</summary>
    public required byte[] PublicKey { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public bool CountsAt(DateTimeOffset now) =>
        State is IdCertificateState.Issued or IdCertificateState.Current && now >= NotBefore - Grace && now <= NotAfter + Grace;
}
