using System.Globalization;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>When backups are made, how many are kept, and the key that opens them.</summary>
/// <param name="RecoveryKey">Empty until one was made: without it there is no backup.</param>
/// <param name="Since">When the schedule was set; what it missed before that is not made up for.</param>
internal sealed record BackupSettings(Schedule Schedule, int Keep, Secret RecoveryKey, DateTimeOffset Since)
{
    public const int MostKept = 1000;
    private const int KeptByDefault = 14;
    private const string ScheduleName = "backup-schedule";
    private const string KeepName = "backup-keep";
    private const string KeyName = "backup-recovery-key";
    private const string SinceName = "backup-schedule-since";
    private const string Purpose = "backup-recovery-key";
    private static readonly Schedule Never = new(SchedulePeriod.Never, 0, 0);

    public bool HasRecoveryKey => RecoveryKey.Value.Length > 0;

    public static async Task<BackupSettings> LoadAsync(DbSession session, MasterKey masterKey, CancellationToken cancellationToken)
    {
        var stored = new StoredSettings(session);
        return new BackupSettings(
            Schedule.Parse(await stored.FindAsync(ScheduleName, cancellationToken)) ?? Never,
            int.TryParse(await stored.FindAsync(KeepName, cancellationToken), CultureInfo.InvariantCulture, out var keep) ? keep : KeptByDefault,
            masterKey.OpenText(Purpose, await stored.FindAsync(KeyName, cancellationToken) ?? ""),
            DateTimeOffset.FromUnixTimeMilliseconds(long.TryParse(await stored.FindAsync(SinceName, cancellationToken), CultureInfo.InvariantCulture, out var since) ? since : 0));
    }

    public static async Task StoreScheduleAsync(DbSession session, Schedule schedule, int keep, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var stored = new StoredSettings(session);
        await stored.SetAsync(ScheduleName, schedule.ToString(), by, now, cancellationToken);
        await stored.SetAsync(KeepName, keep.ToString(CultureInfo.InvariantCulture), by, now, cancellationToken);
        await stored.SetAsync(SinceName, now.ToUnixTimeMilliseconds().ToString(CultureInfo.InvariantCulture), by, now, cancellationToken);
    }

    public static Task StoreKeyAsync(DbSession session, MasterKey masterKey, Secret key, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(KeyName, masterKey.SealText(Purpose, key), by, now, cancellationToken);
}
