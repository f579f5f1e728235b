using System.Globalization;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>The list of backups. The files are in a folder of the machine that made them.</summary>
internal sealed class BackupStore(DbSession session)
{
    private const string Columns = "id, node, started_by, started_at, ended_at, state, bytes, row_count, problem, drilled_at, drill_passed, drill_result";

    /// <summary>The newest first.</summary>
    public Task<IReadOnlyList<BackupRow>> ListAsync(CancellationToken cancellationToken) =>
        session.QueryAsync<BackupRow>($"SELECT {Columns} FROM backups ORDER BY started_at DESC, id DESC", null, cancellationToken);

    public Task<BackupRow?> FindAsync(string id, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<BackupRow>($"SELECT {Columns} FROM backups WHERE id = @Id", new { Id = id }, cancellationToken);

    public Task AddAsync(BackupRow backup, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO backups (id, node, started_by, started_at, state) VALUES (@Id, @Node, @StartedBy, @StartedAt, @State)", backup, cancellationToken);

    public Task<int> MadeAsync(string id, long bytes, long rows, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE backups SET state = 'made', ended_at = @Now, bytes = @Bytes, row_count = @Rows WHERE id = @Id",
            new { Id = id, Now = now, Bytes = bytes, Rows = rows },
            cancellationToken);

    public Task<int> FailedAsync(string id, string problem, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE backups SET state = 'failed', ended_at = @Now, problem = @Problem WHERE id = @Id", new { Id = id, Now = now, Problem = problem }, cancellationToken);

    public Task<int> DrilledAsync(string id, bool passed, string result, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE backups SET drilled_at = @Now, drill_passed = @Passed, drill_result = @Result WHERE id = @Id",
            new { Id = id, Now = now, Passed = passed, Result = result },
            cancellationToken);

    /// <summary>What a backup says of its own making, which was under way when it was written.</summary>
    public Task<int> DeleteRunningAsync(CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM backups WHERE state = 'running'", null, cancellationToken);

    public Task<int> DeleteAsync(string id, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM backups WHERE id = @Id", new { Id = id }, cancellationToken);
}

internal sealed class BackupRow
{
    public const string Running = "running";
    public const string Made = "made";
    public const string Failed = "failed";

    public required string Id { get; init; }

    /// <summary>The name of the machine that has the file.</summary>
    public required string Node { get; init; }

    public required string StartedBy { get; init; }

    public required DateTimeOffset StartedAt { get; init; }

    public DateTimeOffset? EndedAt { get; init; }

    public required string State { get; init; }

    public long Bytes { get; init; }

    public long RowCount { get; init; }

    /// <summary>Why it failed; empty when it did not.</summary>
    public string Problem { get; init; } = "";

    public DateTimeOffset? DrilledAt { get; init; }

    public bool? DrillPassed { get; init; }

    public string DrillResult { get; init; } = "";

    /// <summary>Made of what this gateway chose, never of what somebody sent.</summary>
    public string FileName => string.Create(CultureInfo.InvariantCulture, $"gateway-{StartedAt.UtcDateTime:yyyyMMdd-HHmmss}-{Id[^6..]}.tar.gz.gpg");
}
