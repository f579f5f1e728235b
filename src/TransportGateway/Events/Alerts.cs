using TransportGateway.Persistence;

namespace TransportGateway.Events;

/// <summary>States that want an administrator's eye; open until what caused them is gone.</summary>
internal sealed class Alerts(DbSession session)
{
    public const string InsufficientLicenses = "Insufficient Licenses";

    /// <summary>Opens the alert, or leaves the one that is open as it is.</summary>
    public Task<int> RaiseAsync(AlertSubject subject, string severity, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO alerts (id, account_id, virtual_account_id, kind, severity, source, raised_at)
            VALUES (@Id, @AccountId, @VirtualAccountId, @Kind, @Severity, @Source, @Now)
            ON CONFLICT (virtual_account_id, kind, source) WHERE cleared_at IS NULL DO NOTHING
            """,
            new { Id = Ids.New(now), subject.AccountId, subject.VirtualAccountId, subject.Kind, Severity = severity, subject.Source, Now = now },
            cancellationToken);

    public Task<int> ClearAsync(AlertSubject subject, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            UPDATE alerts
               SET cleared_at = @Now
             WHERE virtual_account_id = @VirtualAccountId AND kind = @Kind AND source = @Source AND cleared_at IS NULL
            """,
            new { subject.VirtualAccountId, subject.Kind, subject.Source, Now = now },
            cancellationToken);

    public Task<IReadOnlyList<AlertRow>> ListOpenAsync(string? accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<AlertRow>(
            """
            SELECT account_id, virtual_account_id, kind, severity, source, raised_at
              FROM alerts
             WHERE cleared_at IS NULL AND (@AccountId IS NULL OR account_id = @AccountId)
             ORDER BY raised_at DESC, source
            """,
            new { AccountId = accountId },
            cancellationToken);
}

/// <param name="Source">What the alert is about: the entitlement tag of a licence.</param>
internal sealed record AlertSubject(string AccountId, string VirtualAccountId, string Kind, string Source);

internal sealed class AlertRow
{
    public required string AccountId { get; init; }

    public required string VirtualAccountId { get; init; }

    public required string Kind { get; init; }

    /// <summary><c>Major</c> or <c>Minor</c>: the two words that monitoring clients read (ssm-on-prem 2.5).</summary>
    public required string Severity { get; init; }

    public required string Source { get; init; }

    public required DateTimeOffset RaisedAt { get; init; }
}
