using System.Data.Common;
using System.Reflection;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Makes an encrypted backup of everything, while the gateway serves.</summary>
internal sealed partial class MakeBackup(Database database, MasterKey masterKey, BackupFolder folder, TimeProvider clock, ILogger<MakeBackup> logger)
{
    public const string BySchedule = "schedule";

    /// <summary>What is said of one that was cancelled; the schedule makes it anew at once.</summary>
    public const string BrokenOff = "It was broken off before it was done, as by a stop of the gateway.";

    private int _underWay;

    public abstract record Outcome
    {
        public sealed record Made(BackupRow Backup) : Outcome;

        /// <summary>It is in the list, with what went wrong.</summary>
        public sealed record Failed(BackupRow Backup) : Outcome;

        public sealed record NotPossible(string Reason) : Outcome;

        private Outcome() { }
    }

    /// <param name="by">A person, a client, or <see cref="BySchedule"/>.</param>
    public async Task<Outcome> ExecuteAsync(string by, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _underWay, 1) == 1)
        {
            return new Outcome.NotPossible("A backup is being made already. Wait for its end.");
        }

        try
        {
            BackupSettings settings;
            await using (var session = await database.ReadAsync(cancellationToken))
            {
                settings = await BackupSettings.LoadAsync(session, masterKey, cancellationToken);
            }

            return settings.HasRecoveryKey ? await MakeAsync(by, settings, cancellationToken) : new Outcome.NotPossible(ChangeBackups.NoKey);
        }
        finally
        {
            _underWay = 0;
        }
    }

    /// <summary>Ends those that a kill or a failover cut short, unless one is being made here.</summary>
    public async Task EndCutOffAsync(CancellationToken cancellationToken)
    {
        if ((await ListRunningAsync(cancellationToken)).Count == 0 || Interlocked.Exchange(ref _underWay, 1) == 1)
        {
            return;
        }

        try
        {
            await EndRunningAsync(cancellationToken);
        }
        finally
        {
            _underWay = 0;
        }
    }

    private async Task<Outcome> MakeAsync(string by, BackupSettings settings, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var backup = new BackupRow { Id = Ids.New(now), Node = BackupFolder.Node, StartedBy = by, StartedAt = now, State = BackupRow.Running };
        await EndRunningAsync(cancellationToken);
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            await new BackupStore(session).AddAsync(backup, cancellationToken);
            await session.CommitAsync();
        }

        try
        {
            var rows = await WriteAsync(backup, settings.RecoveryKey, cancellationToken);
            await EndAsync(backup, rows, problem: null, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            folder.Delete(backup);
            await EndAsync(backup, 0, BrokenOff, CancellationToken.None);
            throw;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or DbException or TableCopyException or DatabaseUnusableException)
        {
            Log.Failed(logger, exception);
            folder.Delete(backup);
            await EndAsync(backup, 0, $"{exception.Message.TrimEnd('.', '\n')}.", CancellationToken.None);
        }

        await ForgetOldAsync(settings.Keep, cancellationToken);
        await using var reading = await database.ReadAsync(cancellationToken);
        var ended = (await new BackupStore(reading).FindAsync(backup.Id, cancellationToken))!;
        return ended.State == BackupRow.Made ? new Outcome.Made(ended) : new Outcome.Failed(ended);
    }

    private async Task<long> WriteAsync(BackupRow backup, Secret recoveryKey, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        using var scratch = folder.NewScratch();
        var (tables, hostName) = await SnapshotAsync(BackupFile.DatabasePath(scratch.Path), cancellationToken);
        var manifest = new BackupManifest(
            BackupFile.Format,
            Assembly.GetExecutingAssembly().GetName().Version!.ToString(3),
            database.Dialect.Name,
            hostName,
            backup.StartedAt,
            tables,
            await BackupFile.HashAsync(BackupFile.DatabasePath(scratch.Path), cancellationToken));

        // Under its name only when all of it is on the disk.
        var partial = Path.Combine(scratch.Path, "backup");
        await using (var file = BackupFile.NewFile(partial))
        {
            await BackupFile.WriteAsync(file, recoveryKey, manifest, await File.ReadAllBytesAsync(folder.MasterKeyFile, cancellationToken), scratch.Path, cancellationToken);
            file.Flush(flushToDisk: true);
        }

        File.Move(partial, folder.PathOf(backup));
        return tables.Sum(table => table.Rows);
    }

    /// <summary>Everything as it is at one moment, in a SQLite database whichever engine this gateway runs on.</summary>
    private async Task<(IReadOnlyList<CopiedRows> Tables, string HostName)> SnapshotAsync(string path, CancellationToken cancellationToken)
    {
        await using var copy = new SqliteDatabase(path, clock, isShortLived: true);
        await copy.MigrateAsync(cancellationToken);
        await using var here = await database.ReadSnapshotAsync(cancellationToken);
        await using var there = await copy.BeginAsync(cancellationToken);
        var copied = await TableCopy.CopyAsync(here, there, await CopiedTable.ReadAllAsync(there, cancellationToken), cancellationToken);
        await there.CommitAsync();
        return (copied, (await new HostSettings(here).FindNamesAsync(cancellationToken))?.CommonName ?? "");
    }

    private async Task<IReadOnlyList<BackupRow>> ListRunningAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return [.. (await new BackupStore(session).ListAsync(cancellationToken)).Where(backup => backup.State == BackupRow.Running)];
    }

    private async Task EndRunningAsync(CancellationToken cancellationToken)
    {
        foreach (var cutOff in await ListRunningAsync(cancellationToken))
        {
            await EndAsync(cutOff, 0, "The gateway stopped before it was done.", cancellationToken);
        }
    }

    private async Task EndAsync(BackupRow backup, long rows, string? problem, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var alert = AlertSubject.OfGateway(Alerts.BackupFailed);
        await using var session = await database.BeginAsync(cancellationToken);
        if (problem is null)
        {
            await new BackupStore(session).MadeAsync(backup.Id, new FileInfo(folder.PathOf(backup)).Length, rows, now, cancellationToken);
            await new Alerts(session).ClearAsync(alert, now, cancellationToken);
        }
        else
        {
            await new BackupStore(session).FailedAsync(backup.Id, problem, now, cancellationToken);
            await new Alerts(session).RaiseAsync(alert, AlertSeverity.Major, problem, now, cancellationToken);
        }

        await new EventLog(session).AppendAsync(
            problem is null
                ? new LoggedEvent(EventKinds.BackupMade, Severity.Info, backup.StartedBy, $"A backup of {rows} rows was made on {backup.Node}: {backup.FileName}.")
                : new LoggedEvent(EventKinds.BackupFailed, Severity.Error, backup.StartedBy, $"A backup failed: {problem}"),
            now,
            cancellationToken);
        await session.CommitAsync();
    }

    /// <summary>Keeps the newest that were made here, and what is said of the newest that failed.</summary>
    private async Task ForgetOldAsync(int keep, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var store = new BackupStore(session);
        var now = clock.GetUtcNow();
        // Those of a time to come were made before the clock was set right.
        var here = (await store.ListAsync(cancellationToken)).Where(backup => backup.Node == BackupFolder.Node && backup.State != BackupRow.Running)
            .OrderBy(backup => backup.StartedAt > now).ToArray();
        var old = here.Where(backup => backup.State == BackupRow.Made).Skip(keep).Concat(here.Where(backup => backup.State == BackupRow.Failed).Skip(keep)).ToArray();
        foreach (var backup in old)
        {
            await store.DeleteAsync(backup.Id, cancellationToken);
        }

        await session.CommitAsync();
        foreach (var backup in old)
        {
            folder.Delete(backup);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Error, "A backup failed")]
        public static partial void Failed(ILogger logger, Exception exception);
    }
}
