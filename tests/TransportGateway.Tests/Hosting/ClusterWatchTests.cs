using Microsoft.Extensions.Logging.Abstractions;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary>The alert of a degraded cluster, which both nodes open and close in turn.</summary>
public sealed class ClusterWatchTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-watch-").FullName;
    private readonly SimulatedCluster _cluster = new();
    private readonly NodeRole _role = new();
    private readonly SqliteDatabase _database;
    private readonly ClusterWatch _watch;

    public ClusterWatchTests()
    {
        _database = new SqliteDatabase(Path.Combine(_folder, "gateway.db"), TimeProvider.System);
        _watch = new ClusterWatch(new ClusterSnapshot(_cluster.Files, TimeProvider.System, NullLogger<ClusterSnapshot>.Instance), _database, _role, TimeProvider.System);
    }

    public Task InitializeAsync() => _database.MigrateAsync();

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        _role.Dispose();
        _cluster.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task What_stays_as_it_is_is_entered_once()
    {
        _role.BecomeActive();
        await _watch.RunAsync(CancellationToken.None);
        await _watch.RunAsync(CancellationToken.None);

        await using var session = await _database.ReadAsync();
        Assert.Single(await new EventLog(session).ListAsync(EventFilter.OfKind(EventKinds.ClusterNormal), 10, CancellationToken.None));
    }

    [Fact]
    public async Task An_alert_that_the_other_node_opened_meanwhile_is_closed_by_the_one_that_serves_again()
    {
        _role.BecomeActive();
        await _watch.RunAsync(CancellationToken.None);
        _role.BecomeStandby();
        await using (var session = await _database.BeginAsync())
        {
            await new Alerts(session).RaiseAsync(
                AlertSubject.OfGateway(Alerts.ClusterDegraded, "cluster"), AlertSeverity.Major, "The cluster is degraded", TimeProvider.System.GetUtcNow(), CancellationToken.None);
            await session.CommitAsync();
        }

        _role.BecomeActive();
        await _watch.RunAsync(CancellationToken.None);

        await using var after = await _database.ReadAsync();
        Assert.Empty(await new Alerts(after).ListOpenAsync(null, CancellationToken.None));
    }
}
