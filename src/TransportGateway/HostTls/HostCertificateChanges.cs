using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Host certificates from the wish to the one that is served: requested, awaiting issue, installed.</summary>
internal sealed class HostCertificateChanges(DbSession session)
{
    private const string Columns =
        """
        id, state, common_name, alternative_names, issuer, reason, requested_by, requested_at, sealed_key, signing_request, chain, not_after, installed_at
        """;

    /// <summary>Takes the place of a change that is still under way.</summary>
    public async Task AddAsync(HostCertificateChange change, CancellationToken cancellationToken)
    {
        await SupersedeUnderWayAsync(cancellationToken);
        await session.ExecuteAsync(
            """
            INSERT INTO host_certificate_changes (id, state, common_name, alternative_names, issuer, reason, requested_by, requested_at)
            VALUES (@Id, 'requested', @CommonName, @AlternativeNames, @Issuer, @Reason, @RequestedBy, @RequestedAt)
            """,
            new { change.Id, change.CommonName, change.AlternativeNames, change.Issuer, change.Reason, change.RequestedBy, change.RequestedAt },
            cancellationToken);
    }

    public Task<int> SupersedeUnderWayAsync(CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE host_certificate_changes SET state = 'superseded', sealed_key = NULL WHERE state IN ('requested', 'awaiting-issue')", null, cancellationToken);

    public Task<HostCertificateChange?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<HostCertificateChange>($"SELECT {Columns} FROM host_certificate_changes WHERE id = @Id", new { Id = id }, cancellationToken);

    /// <summary>The newest one that is requested or awaits its issue.</summary>
    public Task<HostCertificateChange?> FindUnderWayAsync(CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<HostCertificateChange>(
            $"SELECT {Columns} FROM host_certificate_changes WHERE state IN ('requested', 'awaiting-issue') ORDER BY id DESC LIMIT 1", null, cancellationToken);

    public Task<HostCertificateChange?> FindInstalledAsync(CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<HostCertificateChange>(
            $"SELECT {Columns} FROM host_certificate_changes WHERE state = 'installed' ORDER BY installed_at DESC, id DESC LIMIT 1", null, cancellationToken);

    public Task<string?> FindInstalledIdAsync(CancellationToken cancellationToken) =>
        session.ScalarAsync<string>(
            "SELECT id FROM host_certificate_changes WHERE state = 'installed' ORDER BY installed_at DESC, id DESC LIMIT 1", null, cancellationToken);

    /// <summary>The signing requests that Software Central is to answer.</summary>
    public Task<IReadOnlyList<PendingHostRequest>> ListForCentralAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<PendingHostRequest>(
            "SELECT id, signing_request FROM host_certificate_changes WHERE state = 'awaiting-issue' AND issuer = 'central' ORDER BY id", null, cancellationToken);

    /// <summary>False when the change was superseded, or another node made its key first.</summary>
    public async Task<bool> KeyMadeAsync(string id, byte[] sealedKey, byte[] signingRequest, CancellationToken cancellationToken) =>
        await session.ExecuteAsync(
            """
            UPDATE host_certificate_changes
               SET state = 'awaiting-issue', sealed_key = @SealedKey, signing_request = @SigningRequest
             WHERE id = @Id AND state = 'requested'
            """,
            new { Id = id, SealedKey = sealedKey, SigningRequest = signingRequest },
            cancellationToken) == 1;

    /// <summary>Makes it the one that is served, and forgets the keys of those before it; false when it does not await its issue any more.</summary>
    public async Task<bool> InstallAsync(string id, string chain, DateTimeOffset notAfter, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var installed = await session.ExecuteAsync(
            """
            UPDATE host_certificate_changes
               SET state = 'installed', chain = @Chain, not_after = @NotAfter, installed_at = @Now
             WHERE id = @Id AND state = 'awaiting-issue'
            """,
            new { Id = id, Chain = chain, NotAfter = notAfter, Now = now },
            cancellationToken) == 1;
        if (installed)
        {
            await session.ExecuteAsync(
                "UPDATE host_certificate_changes SET state = 'superseded', sealed_key = NULL WHERE id <> @Id AND (state = 'installed' OR (id < @Id AND state <> 'superseded'))",
                new { Id = id },
                cancellationToken);
        }

        return installed;
    }
}

internal static class ChangeState
{
    public const string Requested = "requested";
    public const string AwaitingIssue = "awaiting-issue";
    public const string Installed = "installed";
    public const string Superseded = "superseded";
}

internal sealed class HostCertificateChange
{
    public required string Id { get; init; }

    /// <summary>One of <see cref="ChangeState"/>.</summary>
    public string State { get; init; } = ChangeState.Requested;

    public required string CommonName { get; init; }

    public required string AlternativeNames { get; init; }

    /// <summary>One of <see cref="CertificateIssuer"/>.</summary>
    public required string Issuer { get; init; }

    public required string Reason { get; init; }

    public required string RequestedBy { get; init; }

    public required DateTimeOffset RequestedAt { get; init; }

    public byte[]? SealedKey { get; init; }

    public byte[]? SigningRequest { get; init; }

    public string? Chain { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public DateTimeOffset? InstalledAt { get; init; }

    public HostIdentity Names => new(CommonName, NameList.Split(AlternativeNames));

    /// <summary>What its key is sealed for.</summary>
    public static string KeyPurpose(string id) => "host-key:" + id;

    public static HostCertificateChange For(HostIdentity names, string issuer, string reason, string by, DateTimeOffset now) => new()
    {
        Id = Ids.New(now),
        CommonName = names.CommonName,
        AlternativeNames = NameList.Join(names.AlternativeNames),
        Issuer = issuer,
        Reason = reason,
        RequestedBy = by,
        RequestedAt = now,
    };
}

/// <summary>A PKCS#10 request that Software Central is to answer with a host certificate.</summary>
internal sealed class PendingHostRequest
{
    /// <summary>What the answer is installed under.</summary>
    public required string Id { get; init; }

    public required byte[] SigningRequest { get; init; }
}
