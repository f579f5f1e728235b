using TransportGateway.Persistence;

namespace TransportGateway.Authority;

/// <summary>The gateway's own certificates with their sealed keys: root, sub CA, message signing.</summary>
internal sealed class AuthorityCertificates(DbSession session)
{
    public Task AddAsync(AuthorityCertificateRow row, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO authority_certificates (id, role, serial, issuer_id, certificate, sealed_key, not_before, not_after, created_at)
            VALUES (@Id, @Role, @Serial, @IssuerId, @Certificate, @SealedKey, @NotBefore, @NotAfter, @CreatedAt)
            """,
            row,
            cancellationToken);

    /// <summary>The newest last.</summary>
    public Task<IReadOnlyList<AuthorityCertificateRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<AuthorityCertificateRow>(
            """
            SELECT id, role, serial, issuer_id, certificate, sealed_key, not_before, not_after, created_at
              FROM authority_certificates
             ORDER BY created_at, id
            """,
            null,
            cancellationToken);
}

internal sealed class AuthorityCertificateRow
{
    public required string Id { get; init; }

    public required string Role { get; init; }

    /// <summary>Decimal, as products send it back.</summary>
    public required string Serial { get; init; }

    public string? IssuerId { get; init; }

    public required byte[] Certificate { get; init; }

    public required byte[] SealedKey { get; init; }

    public required DateTimeOffset NotBefore { get; init; }

    public required DateTimeOffset NotAfter { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}

internal static class CertificateRole
{
    public const string Root = "root";
    public const string SubCa = "sub-ca";
    public const string Signing = "signing";
}
