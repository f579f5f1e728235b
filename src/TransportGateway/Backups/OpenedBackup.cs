using System.Data.Common;
using TransportGateway.Authority;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>A backup that was opened into a folder of its own, and proved: every row as it was written, and a master key that opens what is sealed.</summary>
internal sealed class OpenedBackup : IAsyncDisposable
{
    private readonly BackupFolder.Scratch _scratch;

    private OpenedBackup(BackupFolder.Scratch scratch, BackupManifest manifest, byte[] masterKey, SqliteDatabase database)
    {
        _scratch = scratch;
        Manifest = manifest;
        MasterKey = masterKey;
        Database = database;
    }

    public BackupManifest Manifest { get; }

    public byte[] MasterKey { get; }

    /// <summary>With the schema of this version, whichever one made the backup.</summary>
    public SqliteDatabase Database { get; }

    public long Rows => Manifest.Tables.Sum(table => table.Rows);

    /// <exception cref="BackupUnreadableException">Says what is wrong with it.</exception>
    public static async Task<OpenedBackup> OpenAsync(
        Stream source, Secret recoveryKey, BackupFolder folder, AuthorityOptions authority, TimeProvider clock, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(folder.Path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        var scratch = folder.NewScratch();
        try
        {
            // On the disk first: what is sent comes once, and at its own pace.
            var file = Path.Combine(scratch.Path, "backup");
            await using (var saved = BackupFile.NewFile(file))
            {
                await source.CopyToAsync(saved, cancellationToken);
            }

            var (manifest, key) = await BackupFile.ReadAsync(file, recoveryKey, scratch.Path, cancellationToken);
            var path = BackupFile.DatabasePath(scratch.Path);
            if (await BackupFile.HashAsync(path, cancellationToken) != manifest.DatabaseHash)
            {
                throw new BackupUnreadableException("The backup's database is not the one that its manifest names.");
            }

            var opened = new OpenedBackup(scratch, manifest, key, new SqliteDatabase(path, clock, isShortLived: true));
            try
            {
                await opened.ProveAsync(authority, clock, cancellationToken);
                return opened;
            }
            catch
            {
                await opened.Database.DisposeAsync();
                throw;
            }
        }
        catch (Exception exception)
        {
            scratch.Dispose();
            throw exception is DbException or DatabaseUnusableException or TableCopyException or RowNotMovableException ? new BackupUnreadableException($"The backup cannot be used: {exception.Message}") : exception;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Database.DisposeAsync();
        _scratch.Dispose();
    }

    private async Task ProveAsync(AuthorityOptions authority, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using (var session = await Database.ReadAsync(cancellationToken))
        {
            if (await session.ScalarAsync<string>("PRAGMA integrity_check", null, cancellationToken) is not "ok"
                || await session.ScalarAsync<long>("SELECT COUNT(*) FROM pragma_foreign_key_check", null, cancellationToken) > 0)
            {
                throw new BackupUnreadableException("The backup's database is damaged.");
            }

            if ((await session.QueryAsync<string>("SELECT scriptname FROM schemaversions ORDER BY scriptname", null, cancellationToken)).FirstOrDefault(script => !Migrations.IsKnown(script)) is { } newer)
            {
                throw new BackupUnreadableException($"The backup was made by a newer version of the gateway: it has {newer}. Install that version, or a later one.");
            }

            var tables = await CopiedTable.ReadAllAsync(session, cancellationToken);
            var counted = await TableCopy.CountAsync(session, tables, cancellationToken);
            if (counted.Except(Manifest.Tables).FirstOrDefault() is { } other)
            {
                throw new BackupUnreadableException($"The backup's table {other.Table} is not what its manifest says.");
            }
        }

        await Database.MigrateAsync(cancellationToken);
        using var masterKey = new MasterKey(MasterKey);
        using var keys = new CertificateAuthority(Database, masterKey, authority, clock);
        if (!await keys.LoadAsync(cancellationToken))
        {
            throw new BackupUnreadableException("The backup lacks keys of the certificate authority.");
        }
    }
}
