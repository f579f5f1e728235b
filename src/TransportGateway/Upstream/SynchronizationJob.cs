using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Goes on with synchronisations that were cut short, starts those that are scheduled, and tells which are overdue.</summary>
internal sealed class SynchronizationJob(
    Database database, MasterKey masterKey, StartSynchronization start, SynchronizationRunner runner, TimeProvider clock) : IJob
{
    /// <summary>Who starts those that nobody asked for.</summary>
    public const string Scheduler = "schedule";

    /// <summary>How soon a failed one is tried again, whoever began it.</summary>
    private static readonly TimeSpan RetryAfter = TimeSpan.FromHours(1);

    public string Name => "synchronisation";

    public TimeSpan Interval => TimeSpan.FromSeconds(30);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var due = new List<LocalAccountRow>();
        var overdue = new List<(LocalAccountRow Account, SynchronizationRow State)>();
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            var runs = new SynchronizationRuns(reading);
            foreach (var run in await runs.ListOpenOnlineAsync(cancellationToken))
            {
                runner.Begin(run);
            }

            var settings = await CentralSettings.LoadAsync(reading, masterKey, cancellationToken);
            var states = (await new Synchronizations(reading).ListAsync(cancellationToken)).ToDictionary(state => state.AccountId, StringComparer.Ordinal);
            foreach (var account in (await new LocalAccounts(reading).ListAsync(cancellationToken)).Where(account => account.Status == AccountStatus.Active))
            {
                if (!states.TryGetValue(account.Id, out var state) || state.RegisteredAt is null)
                {
                    continue;
                }

                if (state.DueAt <= now || SynchronizationDeadlines.IsToCome(state.LastSuccessAt ?? state.RegisteredAt, now))
                {
                    overdue.Add((account, state));
                }

                if (settings.IsOnline && IsDue(settings, state, await runs.FindLastAsync(account.Id, cancellationToken), now))
                {
                    due.Add(account);
                }
            }
        }

        foreach (var (account, state) in overdue)
        {
            await using var session = await database.BeginAsync(cancellationToken);
            await SynchronizationAlerts.UpdateOverdueAsync(session, account, state, now, cancellationToken);
            await session.CommitAsync();
        }

        foreach (var account in due)
        {
            if (await start.ExecuteAsync(new StartSynchronization.Request(Scheduler, account, RunWay.Online, Full: false), cancellationToken)
                is StartSynchronization.Outcome.Started started)
            {
                runner.Begin(started.Run);
            }
        }
    }

    private static bool IsDue(CentralSettings settings, SynchronizationRow state, RunRow? last, DateTimeOffset now)
    {
        if (last is { IsOpen: true })
        {
            return false;
        }

        if (last is { State: RunState.Failed, EndedAt: { } failedAt } && failedAt <= now)
        {
            if (now - failedAt < RetryAfter)
            {
                return false;
            }

            if (last.StartedBy == Scheduler)
            {
                return true;
            }
        }

        // A time to come is of a clock that was ahead and was set right: waiting for it, none would be due for as long.
        var since = last?.EndedAt ?? state.RegisteredAt!.Value;
        var schedule = Schedule.Parse(state.Schedule) ?? settings.Schedule;
        return schedule.NextAfter(since <= now ? since : DateTimeOffset.MinValue) <= now;
    }
}
