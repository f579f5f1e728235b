using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Deletes a backup. One of another machine only leaves the list; its file is there.</summary>
internal sealed class DeleteBackup(Database database, BackupFolder folder, TimeProvider clock)
{
    /// <returns>False when there is none, or it is being made.</returns>
    public async Task<bool> ExecuteAsync(Caller by, string id, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var store = new BackupStore(session);
        if (await store.FindAsync(id, cancellationToken) is not { State: not BackupRow.Running } backup)
        {
            return false;
        }

        await store.DeleteAsync(id, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.BackupDeleted, Severity.Info, by.Name, $"{backup.FileName} was deleted."), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        if (backup.Node == BackupFolder.Node)
        {
            folder.Delete(backup);
        }

        return true;
    }
}
