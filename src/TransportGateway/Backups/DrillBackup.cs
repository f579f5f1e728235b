using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Restores a backup into a place of its own, as far as that goes without touching anything, and says whether it would serve.</summary>
internal sealed class DrillBackup(Database database, MasterKey masterKey, BackupFolder folder, AuthorityOptions authority, TimeProvider clock)
{
    /// <returns>The backup with what came of it; null when there is no such file on this machine.</returns>
    public async Task<BackupRow?> ExecuteAsync(string by, string id, CancellationToken cancellationToken)
    {
        BackupRow? backup;
        Secret key;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            backup = await new BackupStore(session).FindAsync(id, cancellationToken);
            key = (await BackupSettings.LoadAsync(session, masterKey, cancellationToken)).RecoveryKey;
        }

        if (backup is null || !folder.Has(backup))
        {
            return null;
        }

        var (passed, result) = await TryAsync(backup, key, cancellationToken);
        var now = clock.GetUtcNow();
        var alert = AlertSubject.OfGateway(Alerts.RestoreDrillFailed);
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            await new BackupStore(session).DrilledAsync(id, passed, result, now, cancellationToken);
            await (passed ? new Alerts(session).ClearAsync(alert, now, cancellationToken) : new Alerts(session).RaiseAsync(alert, AlertSeverity.Major, $"{backup.FileName}: {result}", now, cancellationToken));
            await new EventLog(session).AppendAsync(
                new LoggedEvent(passed ? EventKinds.RestoreDrillPassed : EventKinds.RestoreDrillFailed, passed ? Severity.Info : Severity.Error, by, $"Restore drill of {backup.FileName}: {result}"), now, cancellationToken);
            await session.CommitAsync();
        }

        await using var reading = await database.ReadAsync(cancellationToken);
        return await new BackupStore(reading).FindAsync(id, cancellationToken);
    }

    private async Task<(bool Passed, string Result)> TryAsync(BackupRow backup, Secret key, CancellationToken cancellationToken)
    {
        try
        {
            await using var file = File.OpenRead(folder.PathOf(backup));
            await using var opened = await OpenedBackup.OpenAsync(file, key, folder, authority, clock, cancellationToken);
            return (true, $"{opened.Rows} rows of {opened.Manifest.Tables.Count} tables are there as they were, and the master key opens what is sealed.");
        }
        catch (BackupUnreadableException exception)
        {
            return (false, exception.Message);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return (false, $"The drill could not be done: {exception.Message}");
        }
    }
}
