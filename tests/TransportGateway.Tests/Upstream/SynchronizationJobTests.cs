using Microsoft.Extensions.Time.Testing;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>What happens by itself: schedules, what was cut short, what is overdue.</summary>
public abstract class SynchronizationJobTests<TEngine>
    where TEngine : TestEngine, new()
{
    private static readonly DateTimeOffset Monday = new(2026, 11, 23, 12, 0, 0, TimeSpan.Zero);

    private static readonly Schedule DailyAtThree = Schedule.Of("daily", null, 3)!;

    [Fact]
    public async Task A_schedule_synchronises_at_its_hour_and_the_accounts_own_one_counts_before_the_default()
    {
        var clock = new FakeTimeProvider(Monday);
        await using var pair = await CentralPair.StartAsync<TEngine>(clock);
        var (daily, never) = (await pair.RegisteredAccountAsync("TEST"), await pair.RegisteredAccountAsync("NEVER"));
        await pair.ConfigureAsync(settings => settings with { Schedule = DailyAtThree });
        await using (var session = await pair.Gateway.Database.BeginAsync())
        {
            await new Synchronizations(session).SetScheduleAsync(never.Id, Schedule.Of("never", null, 0)!.ToString(), CancellationToken.None);
            await session.CommitAsync();
        }

        clock.Advance(TimeSpan.FromHours(14));
        Assert.Empty(await pair.RunsAsync(daily));
        clock.Advance(TimeSpan.FromHours(1));
        await Wait.UntilAsync(async () =>
        {
            clock.Advance(TimeSpan.FromSeconds(30));
            return (await pair.RunsAsync(daily)).Count > 0;
        });
        var run = await pair.EndAsync(daily);

        Assert.Equal((RunState.Succeeded, "schedule"), (run.State, run.StartedBy));
        Assert.Empty(await pair.RunsAsync(never));
    }

    [Fact]
    public async Task An_overdue_account_is_told_more_loudly_as_time_goes_by_and_is_lost_after_a_year()
    {
        var clock = new FakeTimeProvider(Monday);
        await using var pair = await CentralPair.StartAsync<TEngine>(clock);
        var account = await pair.RegisteredAccountAsync("TEST");
        await pair.SynchronizeAsync(account);
        var later = new FakeTimeProvider(Monday);
        var job = new SynchronizationJob(
            pair.Gateway.Database, pair.Service<TransportGateway.Persistence.MasterKey>(), pair.Service<StartSynchronization>(), pair.Service<SynchronizationRunner>(), later);

        later.Advance(TimeSpan.FromDays(30) - TimeSpan.FromMinutes(1));
        await job.RunAsync(CancellationToken.None);
        Assert.Empty(await OverdueAsync());

        later.Advance(TimeSpan.FromMinutes(1));
        await job.RunAsync(CancellationToken.None);
        Assert.Equal(AlertSeverity.Minor, Assert.Single(await OverdueAsync()).Severity);

        later.Advance(TimeSpan.FromDays(60));
        await job.RunAsync(CancellationToken.None);
        Assert.Equal(AlertSeverity.Major, Assert.Single(await OverdueAsync()).Severity);
        Assert.Equal(AccountStatus.Active, (await pair.FindAsync(account)).Status);

        later.Advance(TimeSpan.FromDays(275));
        await job.RunAsync(CancellationToken.None);
        var lost = await pair.FindAsync(account);
        Assert.Equal(AccountStatus.Error, lost.Status);
        Assert.Contains("register-again", lost.StatusReason, StringComparison.Ordinal);

        Task<IReadOnlyList<AlertRow>> OverdueAsync() => SynchronizationTests<TEngine>.AlertsAsync(pair, account, SynchronizationAlerts.Overdue);
    }

    [Fact]
    public async Task One_that_failed_is_tried_again_after_an_hour_and_not_before_whoever_began_it()
    {
        var clock = new FakeTimeProvider(Monday);
        await using var pair = await CentralPair.StartAsync<TEngine>(clock);
        var account = await pair.RegisteredAccountAsync("TEST");
        await pair.Gateway.StopJobsAsync();
        await pair.ConfigureAsync(settings => settings with { Schedule = DailyAtThree });
        var run = await pair.StartAsync(account);
        clock.Advance(new TimeSpan(14, 45, 0));
        Assert.True(await pair.Gateway.WriteAsync((session, now) => new SynchronizationRuns(session).FailAsync(run.Id, "a test", resumable: true, now, CancellationToken.None)));

        // Its hour is over since.
        clock.Advance(TimeSpan.FromMinutes(30));
        await pair.Gateway.RunAsync<SynchronizationJob>();
        Assert.Equal((RunState.Failed, "a test"), Assert.Single(await pair.RunsAsync(account)) is var waiting ? (waiting.State, waiting.StartedBy) : default);

        clock.Advance(TimeSpan.FromMinutes(30));
        await pair.Gateway.RunAsync<SynchronizationJob>();
        var ended = await pair.EndAsync(account);
        Assert.Equal((run.Id, RunState.Succeeded, SynchronizationJob.Scheduler), (ended.Id, ended.State, ended.StartedBy));
    }

    [Fact]
    public async Task What_a_clock_that_was_ahead_wrote_down_puts_nothing_off_when_it_is_set_right()
    {
        var clock = new FakeTimeProvider(Monday);
        await using var pair = await CentralPair.StartAsync<TEngine>(clock);
        var account = await pair.RegisteredAccountAsync("TEST");
        await pair.Gateway.StopJobsAsync();
        var ahead = new FakeTimeProvider(Monday.AddYears(1));
        var started = Assert.IsType<StartSynchronization.Outcome.Started>(await new StartSynchronization(pair.Gateway.Database, pair.Service<TransportGateway.Persistence.MasterKey>(), ahead).ExecuteAsync(
            new StartSynchronization.Request("a test", account, RunWay.Online, Full: false), CancellationToken.None)).Run;
        Assert.True(await pair.Gateway.WriteAsync(async (session, _) =>
        {
            await new Synchronizations(session).SucceededAsync(account.Id, full: true, ahead.GetUtcNow(), CancellationToken.None);
            return await new SynchronizationRuns(session).SucceedAsync(started.Id, 0, 0, 0, ahead.GetUtcNow(), CancellationToken.None);
        }));

        await pair.Gateway.RunAsync<SynchronizationJob>();
        Assert.Contains("clock was ahead", Assert.Single(await OverdueAsync()).Message, StringComparison.Ordinal);
        await pair.ConfigureAsync(settings => settings with { Schedule = DailyAtThree });
        await pair.Gateway.RunAsync<SynchronizationJob>();
        await Wait.UntilAsync(async () => (await pair.RunsAsync(account)).Any(run => run is { State: RunState.Succeeded, StartedBy: SynchronizationJob.Scheduler }));

        Assert.Empty(await OverdueAsync());
        await pair.Gateway.RunAsync<SynchronizationJob>();
        Assert.Equal(2, (await pair.RunsAsync(account)).Count);
        Assert.Equal(AccountStatus.Active, (await pair.FindAsync(account)).Status);

        Task<IReadOnlyList<AlertRow>> OverdueAsync() => SynchronizationTests<TEngine>.AlertsAsync(pair, account, SynchronizationAlerts.Overdue);
    }

    [Fact]
    public async Task A_run_that_a_dead_node_left_open_is_carried_on_without_anyone_asking()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var left = await pair.StartAsync(account);
        await new SynchronizationJob(
            pair.Gateway.Database, pair.Service<TransportGateway.Persistence.MasterKey>(), pair.Service<StartSynchronization>(), pair.Service<SynchronizationRunner>(), TimeProvider.System)
            .RunAsync(CancellationToken.None);

        var ended = await pair.EndAsync(account);
        Assert.Equal((left.Id, RunState.Succeeded), (ended.Id, ended.State));
    }
}

public sealed class SynchronizationJobOnSqliteTests : SynchronizationJobTests<SqliteEngine>;

public sealed class SynchronizationJobOnPostgreSqlTests : SynchronizationJobTests<PostgreSqlEngine>;
