using TransportGateway.Persistence;

namespace TransportGateway.Events;

/// <summary>States that want an administrator's eye; open until what caused them is gone.</summary>
internal sealed class Alerts(DbSession session)
{
    public const string InsufficientLicenses = "Insufficient Licenses";
    public const string ClusterDegraded = "High Availability Degraded";
    public const string BackupFailed = "Backup Failed";
    public const string RestoreDrillFailed = "Restore Drill Failed";
    public const string UpstreamUnreachable = "Upstream Unreachable";
    public const string SyslogUnreachable = "Syslog Server Unreachable";

    /// <summary>Opens the alert; one that is open stays, with its sentence brought up to date.</summary>
    public Task<int> RaiseAsync(AlertSubject subject, string severity, string message, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            INSERT INTO alerts (id, account_id, virtual_account_id, kind, severity, source, message, raised_at)
            VALUES (@Id, @AccountId, @VirtualAccountId, @Kind, @Severity, @Source, @Message, @Now)
            ON CONFLICT (account_id, virtual_account_id, kind, source) WHERE cleared_at IS NULL
            DO UPDATE SET severity = excluded.severity, message = excluded.message
            """,
            new { Id = Ids.New(now), subject.AccountId, subject.VirtualAccountId, subject.Kind, Severity = severity, subject.Source, Message = message, Now = now },
            cancellationToken);

    public Task<int> ClearAsync(AlertSubject subject, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            """
            UPDATE alerts
               SET cleared_at = @Now
             WHERE account_id = @AccountId AND virtual_account_id = @VirtualAccountId AND kind = @Kind AND source = @Source AND cleared_at IS NULL
            """,
            new { subject.AccountId, subject.VirtualAccountId, subject.Kind, subject.Source, Now = now },
            cancellationToken);

    /// <summary>Clears the alerts of a kind about a whole account, whatever their source.</summary>
    public Task<int> ClearOfAccountAsync(string accountId, string kind, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE alerts SET cleared_at = @Now WHERE account_id = @AccountId AND virtual_account_id = '' AND kind = @Kind AND cleared_at IS NULL",
            new { AccountId = accountId, Kind = kind, Now = now },
            cancellationToken);

    /// <summary>The open alerts of one kind, whatever they are about.</summary>
    public Task<IReadOnlyList<AlertRow>> ListOpenOfKindAsync(string kind, CancellationToken cancellationToken) =>
        session.QueryAsync<AlertRow>(
            """
            SELECT account_id, virtual_account_id, kind, severity, source, message, raised_at
              FROM alerts
             WHERE cleared_at IS NULL AND kind = @Kind
            """,
            new { Kind = kind },
            cancellationToken);

    /// <summary>Clears every alert of an account that is deleted.</summary>
    public Task<int> ClearAllOfAccountAsync(string accountId, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE alerts SET cleared_at = @Now WHERE account_id = @AccountId AND cleared_at IS NULL", new { AccountId = accountId, Now = now }, cancellationToken);

    /// <summary>Forgets what was over before this time, so many at a time.</summary>
    public Task<int> PurgeAsync(DateTimeOffset before, int most, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE cleared_at < @Before LIMIT @Most)", new { Before = before, Most = most }, cancellationToken);

    /// <summary>Alerts that came or went since somebody was told of them last, the oldest first.</summary>
    public Task<IReadOnlyList<UntoldAlert>> ListUntoldAsync(int limit, CancellationToken cancellationToken) =>
        session.QueryAsync<UntoldAlert>(
            """
            SELECT id, account_id, virtual_account_id, kind, severity, source, message, raised_at, cleared_at, (told <> '') AS was_raise_told
              FROM alerts
             WHERE told = '' OR (told = 'raised' AND cleared_at IS NOT NULL)
             ORDER BY raised_at, id
             LIMIT @Limit
            """,
            new { Limit = limit },
            cancellationToken);

    /// <summary>Remembers that this was told. What happened to the alert since it was read is still to be told.</summary>
    public Task<int> ToldAsync(UntoldAlert alert, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE alerts SET told = @Told WHERE id = @Id", new { alert.Id, Told = alert.ClearedAt is null ? "raised" : "cleared" }, cancellationToken);

    /// <summary>The open alerts of an account, or all there are, those of the gateway itself included.</summary>
    public Task<IReadOnlyList<AlertRow>> ListOpenAsync(string? accountId, CancellationToken cancellationToken) =>
        session.QueryAsync<AlertRow>(
            """
            SELECT account_id, virtual_account_id, kind, severity, source, message, raised_at
              FROM alerts
             WHERE cleared_at IS NULL AND (@AccountId IS NULL OR account_id = @AccountId)
             ORDER BY raised_at DESC, source
            """,
            new { AccountId = accountId },
            cancellationToken);
}

/// <summary>What an alert is about. One is open at a time for each subject.</summary>
/// <param name="AccountId">Empty when it is about the gateway itself.</param>
/// <param name="VirtualAccountId">Empty when it is about the whole account.</param>
/// <param name="Source">The thing in question: the entitlement tag of a licence, a host name, a product instance.</param>
internal sealed record AlertSubject(string AccountId, string VirtualAccountId, string Kind, string Source)
{
    public static AlertSubject OfGateway(string kind, string source = "") => new("", "", kind, source);

    public static AlertSubject OfAccount(string accountId, string kind, string source = "") => new(accountId, "", kind, source);
}

internal static class AlertSeverity
{
    public const string Major = "Major";
    public const string Minor = "Minor";
}

internal sealed class UntoldAlert
{
    public required string Id { get; init; }

    public required string AccountId { get; init; }

    public required string VirtualAccountId { get; init; }

    public required string Kind { get; init; }

    public required string Severity { get; init; }

    public required string Source { get; init; }

    public required string Message { get; init; }

    public required DateTimeOffset RaisedAt { get; init; }

    public DateTimeOffset? ClearedAt { get; init; }

    public required bool WasRaiseTold { get; init; }
}

internal sealed class AlertRow
{
    public required string AccountId { get; init; }

    public required string VirtualAccountId { get; init; }

    public required string Kind { get; init; }

    /// <summary><c>Major</c> or <c>Minor</c>: the two words that monitoring clients read (ssm-on-prem 2.5).</summary>
    public required string Severity { get; init; }

    public required string Source { get; init; }

    /// <summary>A sentence for the administrator; may be empty where the kind says it all.</summary>
    public required string Message { get; init; }

    public required DateTimeOffset RaisedAt { get; init; }
}
