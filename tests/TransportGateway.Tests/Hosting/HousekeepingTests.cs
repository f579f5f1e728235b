using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary>What is kept for a time only goes when that is over, however much of it there is.</summary>
public abstract class HousekeepingTests<TEngine>
    where TEngine : TestEngine, new()
{
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
}

public sealed class HousekeepingOnSqlite : HousekeepingTests<SqliteEngine>;

public sealed class HousekeepingOnPostgreSql : HousekeepingTests<PostgreSqlEngine>;
