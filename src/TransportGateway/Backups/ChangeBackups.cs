using System.Security.Cryptography;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Says when backups are made and how many are kept, and makes the key that opens them.</summary>
internal sealed class ChangeBackups(Database database, MasterKey masterKey, TimeProvider clock)
{
    private const string KeyAlphabet = "23456789ABCDEFGHJKMNPQRSTVWXYZ";
    private const int KeyGroups = 8;

    public async Task<BackupSettings> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await BackupSettings.LoadAsync(session, masterKey, cancellationToken);
    }

    /// <returns>What is wrong with it, in a sentence; null when it was changed.</returns>
    public async Task<string?> SetAsync(Caller by, string period, int? day, int hour, int keep, CancellationToken cancellationToken)
    {
        if (Schedule.Of(period, day, hour) is not { } schedule)
        {
            return Schedule.Help;
        }

        if (keep is < 1 or > BackupSettings.MostKept)
        {
            return $"keep is the number of backups that stay: 1 to {BackupSettings.MostKept}.";
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (schedule.Period != SchedulePeriod.Never && !(await BackupSettings.LoadAsync(session, masterKey, cancellationToken)).HasRecoveryKey)
        {
            return NoKey;
        }

        await BackupSettings.StoreScheduleAsync(session, schedule, keep, by.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.BackupSettingsChanged, Severity.Info, by.Name, $"Backups are made {schedule.Words}, and {keep} of them are kept."), now, cancellationToken);
        await session.CommitAsync();
        return null;
    }

    /// <summary>Makes a new key; backups that were made before open with the earlier one.</summary>
    /// <returns>Shown this once.</returns>
    public async Task<Secret> NewRecoveryKeyAsync(Caller by, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var key = new Secret(string.Join('-', Enumerable.Range(0, KeyGroups).Select(_ => RandomNumberGenerator.GetString(KeyAlphabet, 4))));
        await using var session = await database.BeginAsync(cancellationToken);
        await BackupSettings.StoreKeyAsync(session, masterKey, key, by.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.RecoveryKeyMade, Severity.Warning, by.Name, "A new recovery key was made. Backups of before open with the earlier one."), now, cancellationToken);
        await session.CommitAsync();
        return key;
    }

    public const string NoKey = "Make a recovery key first (Backup, or tgctl backup recovery-key): every backup is encrypted with it, and nobody can open one without it.";
}
