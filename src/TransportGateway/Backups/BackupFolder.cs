using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Where this machine keeps backups, and the master key that goes into them.</summary>
/// <param name="MasterKeyFile">The key's own file; restoring a backup may put another one there.</param>
internal sealed record BackupFolder(string Path, string MasterKeyFile)
{
    public static string Node => Environment.MachineName;

    public string PathOf(BackupRow backup) => System.IO.Path.Combine(Path, backup.FileName);

    public bool Has(BackupRow backup) => backup is { State: BackupRow.Made } && backup.Node == Node && File.Exists(PathOf(backup));

    /// <summary>Deletes the backup's file where there is one.</summary>
    public void Delete(BackupRow backup)
    {
        if (File.Exists(PathOf(backup)))
        {
            File.Delete(PathOf(backup));
        }
    }

    /// <summary>A new folder that its owner alone can enter; deleted with everything in it when it is disposed.</summary>
    /// <exception cref="IOException">There is no room, or no right to write.</exception>
    public Scratch NewScratch() => new(System.IO.Path.Combine(Path, "scratch-" + Guid.NewGuid().ToString("N")));

    /// <summary>What was left behind by a process that was killed. Only at the start: later such a folder may be one that is in use.</summary>
    public void Sweep() => ClearAway(() =>
    {
        foreach (var left in Directory.Exists(Path) ? Directory.GetDirectories(Path, "scratch-*") : [])
        {
            Directory.Delete(left, recursive: true);
        }
    });

    /// <summary>Comes after the work, or before all of it: that it fails changes nothing of what was done, and keeps no gateway from starting.</summary>
    private static void ClearAway(Action delete)
    {
        try
        {
            delete();
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // Gone already, or for the next start.
        }
    }

    public sealed class Scratch : IDisposable
    {
        public Scratch(string path)
        {
            Path = Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute).FullName;
        }

        public string Path { get; }

        public void Dispose() => ClearAway(() => Directory.Delete(Path, recursive: true));
    }

    /// <summary>Puts the restored master key where the gateway reads it, when the restore that brought it was committed; the earlier one stays beside it.</summary>
    /// <remarks>Asked at every start: a crash between the commit and this step must not leave a database that no key opens.</remarks>
    public async Task SettleMasterKeyAsync(Database database, CancellationToken cancellationToken)
    {
        if (!File.Exists(RestoredKeyFile))
        {
            return;
        }

        string? expected;
        await using (var session = await database.ReadAsync(cancellationToken))
        {
            expected = await new StoredSettings(session).FindAsync(RestoredKeySetting, cancellationToken);
        }

        if (expected == await BackupFile.HashAsync(RestoredKeyFile, cancellationToken))
        {
            if (File.Exists(MasterKeyFile))
            {
                File.Move(MasterKeyFile, MasterKeyFile + ".before-restore", overwrite: true);
            }

            File.Move(RestoredKeyFile, MasterKeyFile);
        }
        else
        {
            File.Delete(RestoredKeyFile);
        }
    }

    /// <summary>The setting that says, in the transaction of a restore, which key its rows are sealed with: the SHA-256 of the key's file.</summary>
    public const string RestoredKeySetting = "restored-master-key";

    public string RestoredKeyFile => MasterKeyFile + ".restored";
}
