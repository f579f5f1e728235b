using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Makes backups at their times, and tries at once whether they can be restored.</summary>
internal sealed class BackupJob(Database database, MasterKey masterKey, MakeBackup make, DrillBackup drill, TimeProvider clock) : IJob
{
    public string Name => "backup";

    public TimeSpan Interval => TimeSpan.FromMinutes(1);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // Asked first: one that was cut short is none for the schedule, and when it is ended it looks like one that failed.
        var isDue = await IsDueAsync(cancellationToken);
        await make.EndCutOffAsync(cancellationToken);
        if (isDue && await make.ExecuteAsync(MakeBackup.BySchedule, cancellationToken) is MakeBackup.Outcome.Made(var backup))
        {
            await drill.ExecuteAsync(MakeBackup.BySchedule, backup.Id, cancellationToken);
        }
    }

    private async Task<bool> IsDueAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var settings = await BackupSettings.LoadAsync(session, masterKey, cancellationToken);
        var scheduled = (await new BackupStore(session).ListAsync(cancellationToken))
            .Where(backup => backup.StartedBy == MakeBackup.BySchedule && backup.State != BackupRow.Running && backup.Problem != MakeBackup.BrokenOff)
            .Select(backup => backup.StartedAt);
        // A time to come is of a clock that was ahead and was set right: waiting for it, none would be due for as long.
        var now = clock.GetUtcNow();
        var after = scheduled.Append(settings.Since).Where(time => time <= now).DefaultIfEmpty(DateTimeOffset.MinValue).Max();
        return settings.Schedule.NextAfter(after) is { } next && next <= now;
    }
}
