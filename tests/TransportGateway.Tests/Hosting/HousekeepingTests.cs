using System.Data.Common;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary>What is kept for a time only goes when that is over, however much of it there is.</summary>
public abstract class HousekeepingTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task Much_that_is_old_goes_in_portions_and_what_went_stays_away_when_a_later_portion_fails()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await gateway.StopJobsAsync();
        await AddEventsAsync(gateway, 12_000);
        // The last of them is held fast, so that its portion cannot go.
        await gateway.ExecuteAsync("CREATE TABLE holder (event_id TEXT NOT NULL REFERENCES events (id))");
        await gateway.ExecuteAsync("INSERT INTO holder (event_id) SELECT id FROM events WHERE kind = 'old' ORDER BY occurred_at DESC LIMIT 1");

        await Assert.ThrowsAnyAsync<DbException>(gateway.RunAsync<Housekeeping>);
        Assert.InRange(await OldEventsAsync(gateway), 1, 11_000);

        await gateway.ExecuteAsync("DROP TABLE holder");
        await gateway.RunAsync<Housekeeping>();
        Assert.Equal(0, await OldEventsAsync(gateway));
    }

    [Fact]
    public async Task A_table_that_cannot_be_tidied_keeps_nothing_in_those_before_it()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await gateway.StopJobsAsync();
        await AddEventsAsync(gateway, 10);
        await gateway.ExecuteAsync("ALTER TABLE mails RENAME TO away");

        await Assert.ThrowsAnyAsync<DbException>(gateway.RunAsync<Housekeeping>);

        Assert.Equal(0, await OldEventsAsync(gateway));
        await gateway.ExecuteAsync("ALTER TABLE away RENAME TO mails");
    }

    [Fact]
    public async Task Of_alerts_those_that_were_cleared_longer_ago_than_events_are_kept_are_forgotten()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await gateway.StopJobsAsync();
        var now = TimeProvider.System.GetUtcNow();
        await using (var session = await gateway.Database.BeginAsync())
        {
            var alerts = new Alerts(session);
            foreach (var (source, cleared) in new[] { ("open", 0), ("recent", 364), ("old", 366) })
            {
                var subject = AlertSubject.OfGateway(Alerts.BackupFailed, source);
                await alerts.RaiseAsync(subject, AlertSeverity.Major, "", now.AddDays(-400), CancellationToken.None);
                if (cleared > 0)
                {
                    await alerts.ClearAsync(subject, now.AddDays(-cleared), CancellationToken.None);
                }
            }

            await session.CommitAsync();
        }

        await gateway.RunAsync<Housekeeping>();

        Assert.Equal(
            ["open", "recent"],
            await gateway.ReadAsync(session => session.QueryAsync<string>(
                "SELECT source FROM alerts WHERE kind = @Kind ORDER BY source", new { Kind = Alerts.BackupFailed }, CancellationToken.None)));
    }

    private static Task AddEventsAsync(TestGateway gateway, int count) => gateway.ExecuteAsync(
        """
        WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < @Count)
        INSERT INTO events (id, occurred_at, kind, severity, actor, message)
        SELECT 'old-' || CAST(n AS TEXT), n, 'old', 'info', 'a test', '' FROM numbers
        """,
        new { Count = count });

    private static Task<long> OldEventsAsync(TestGateway gateway) =>
        gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM events WHERE kind = 'old'", null, CancellationToken.None));
}

public sealed class HousekeepingOnSqlite : HousekeepingTests<SqliteEngine>;

public sealed class HousekeepingOnPostgreSql : HousekeepingTests<PostgreSqlEngine>;
