using System.Data.Common;
using System.Security.Cryptography;
using TransportGateway.Access;
using TransportGateway.Authority;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Puts everything back as a backup has it, in one transaction. Whatever this gateway held besides is gone; afterwards it has to start anew.</summary>
internal sealed partial class RestoreBackup(
    Database database, BackupFolder folder, AuthorityOptions authority, ClusterSnapshot cluster, TimeProvider clock, ILogger<RestoreBackup> logger)
{
    public abstract record Outcome
    {
        public sealed record Restored(BackupManifest Manifest) : Outcome;

        /// <summary>Nothing was changed; the sentence says what to do.</summary>
        public sealed record Refused(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, Stream source, Secret recoveryKey, CancellationToken cancellationToken)
    {
        try
        {
            await using var backup = await OpenedBackup.OpenAsync(source, recoveryKey, folder, authority, clock, cancellationToken);
            var ownKey = await File.ReadAllBytesAsync(folder.MasterKeyFile, cancellationToken);
            var hasOtherKey = !CryptographicOperations.FixedTimeEquals(backup.MasterKey, ownKey);
            if (hasOtherKey && cluster.Plan is not null)
            {
                return new Outcome.Refused("The backup was made with another master key than this cluster has. Tear the cluster down, restore on the node that is to be the primary one, and deploy again. Nothing was changed.");
            }

            await RestoreAsync(by, backup, hasOtherKey, cancellationToken);
            Log.Restored(logger);
            return new Outcome.Restored(backup.Manifest);
        }
        catch (BackupUnreadableException exception)
        {
            return new Outcome.Refused($"{exception.Message} Nothing was changed.");
        }
        catch (TableCopyException exception)
        {
            return new Outcome.Refused(exception.Message);
        }
        catch (Exception exception) when (exception is DbException or IOException or UnauthorizedAccessException && !cancellationToken.IsCancellationRequested)
        {
            return new Outcome.Refused($"The restore was broken off: {exception.Message}");
        }
    }

    private async Task RestoreAsync(Caller by, OpenedBackup backup, bool hasOtherKey, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var from = await backup.Database.ReadSnapshotAsync(cancellationToken);
        // From here on nobody else writes.
        await using var here = await database.BeginAloneAsync(cancellationToken);
        var tables = await CopiedTable.ReadAllAsync(here, cancellationToken);
        await here.HoldAsync(tables.Select(table => table.Name), cancellationToken);
        await here.EmptyAsync(tables, cancellationToken);
        await TableCopy.CopyAsync(from, here, tables, cancellationToken);
        await new BackupStore(here).DeleteRunningAsync(cancellationToken);
        if (hasOtherKey)
        {
            File.Delete(folder.RestoredKeyFile);
            await using (var file = BackupFile.NewFile(folder.RestoredKeyFile))
            {
                await file.WriteAsync(backup.MasterKey, cancellationToken);
                file.Flush(flushToDisk: true);
            }

            await new StoredSettings(here).SetAsync(BackupFolder.RestoredKeySetting, await BackupFile.HashAsync(folder.RestoredKeyFile, cancellationToken), by.Name, now, cancellationToken);
        }

        await new EventLog(here).AppendAsync(
            new LoggedEvent(EventKinds.BackupRestored, Severity.Warning, by.Name, $"The backup of {backup.Manifest.MadeAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC ({backup.Manifest.HostName}) was restored: {backup.Rows} rows."), now, cancellationToken);
        await here.CommitAsync();
        // What this process remembers of certificates, keys and sessions is not what the database has now.
        database.CloseForGood();
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Warning, "A backup was restored; the gateway starts anew")]
        public static partial void Restored(ILogger logger);
    }
}
