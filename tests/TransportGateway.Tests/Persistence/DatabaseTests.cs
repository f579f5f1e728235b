using System.Data.Common;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Persistence;

public abstract class DatabaseTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly TEngine _engine = new();
    private Database _database = null!;

    public async Task InitializeAsync()
    {
        await _engine.CreateAsync();
        _database = _engine.Open(TimeProvider.System);
    }

    public async Task DisposeAsync()
    {
        await _database.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task What_is_committed_is_read_back()
    {
        await using (var session = await _database.BeginAsync())
        {
            await AppendAsync(session, "one");
            await session.CommitAsync();
        }

        Assert.Equal(["one"], await KindsAsync());
    }

    [Fact]
    public async Task What_is_not_committed_is_gone()
    {
        await using (var session = await _database.BeginAsync())
        {
            await AppendAsync(session, "one");
        }

        Assert.Empty(await KindsAsync());
    }

    [Fact]
    public async Task A_last_statement_is_committed_with_what_came_before()
    {
        await using (var session = await _database.BeginAsync())
        {
            await AppendAsync(session, "one");
            await session.CommitAsync("UPDATE events SET kind = @Kind", new { Kind = "two" });
        }

        Assert.Equal(["two"], await KindsAsync());
    }

    [Fact]
    public async Task A_last_statement_that_fails_leaves_nothing_of_its_session_and_harms_nobody_after_it()
    {
        await using (var session = await _database.BeginAsync())
        {
            await AppendAsync(session, "one");
            await Assert.ThrowsAnyAsync<DbException>(() => session.CommitAsync("UPDATE events SET kind = @Kind", new { Kind = (string?)null }));
        }

        Assert.Empty(await KindsAsync());
        await using (var next = await _database.BeginAsync())
        {
            await AppendAsync(next, "two");
            await next.CommitAsync();
        }

        Assert.Equal(["two"], await KindsAsync());
    }

    [Fact]
    public async Task A_session_that_fails_takes_nothing_of_its_neighbours_with_it()
    {
        var work = Enumerable.Range(0, 200).Select(async number =>
        {
            await using var session = await _database.BeginAsync();
            await AppendAsync(session, $"event-{number}");
            if (number % 3 != 0)
            {
                await session.CommitAsync();
            }
        });
        await Task.WhenAll(work);

        Assert.Equal(
            Enumerable.Range(0, 200).Where(number => number % 3 != 0).Select(number => $"event-{number}").Order(),
            (await KindsAsync()).Order());
    }

    [Fact]
    public async Task A_statement_that_breaks_a_rule_throws_and_the_session_can_be_rolled_back()
    {
        await using (var session = await _database.BeginAsync())
        {
            await Assert.ThrowsAnyAsync<DbException>(() => AppendAsync(session, "one", severity: "loud"));
        }

        await using (var session = await _database.BeginAsync())
        {
            await AppendAsync(session, "two");
            await session.CommitAsync();
        }

        Assert.Equal(["two"], await KindsAsync());
    }

    [Fact]
    public async Task Migrating_again_changes_nothing()
    {
        await _database.MigrateAsync();
        await _database.MigrateAsync();
        Assert.Empty(await KindsAsync());
    }

    [Fact]
    public async Task Only_one_of_eight_redeems_a_one_time_code()
    {
        var codes = new TransportGateway.Access.SetUpGateway(_database, TimeProvider.System);
        var code = await codes.RenewCodeAsync(CancellationToken.None);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            Task.Run(() => codes.WithClientAsync(code!, "administrator", CancellationToken.None))));

        Assert.Single(outcomes.OfType<TransportGateway.Access.SetUpGateway.Outcome.Client>());
        Assert.Null(await codes.RenewCodeAsync(CancellationToken.None));
    }

    private static Task AppendAsync(DbSession session, string kind, string severity = Severity.Info) =>
        new EventLog(session).AppendAsync(new LoggedEvent(kind, severity, "test", "A test's event."), TimeProvider.System.GetUtcNow(), CancellationToken.None);

    private async Task<IEnumerable<string>> KindsAsync()
    {
        await using var session = await _database.ReadAsync();
        return (await new EventLog(session).ListAsync(EventFilter.All, 1000, CancellationToken.None)).Select(entry => entry.Kind);
    }
}

public sealed class DatabaseOnSqlite : DatabaseTests<SqliteEngine>
{
    [Fact]
    public async Task A_database_that_closes_keeps_nobody_waiting()
    {
        var patience = TimeSpan.FromSeconds(30);
        await using var engine = new SqliteEngine();
        await engine.CreateAsync();
        var database = engine.Open(TimeProvider.System);
        var first = await database.BeginAsync();
        var closing = database.DisposeAsync().AsTask();
        var late = database.BeginAsync();

        // Somebody waits, so it leaves the commit to them; and they never get to it.
        await first.CommitAsync().WaitAsync(patience);
        await closing.WaitAsync(patience);

        await Assert.ThrowsAsync<ObjectDisposedException>(() => late.WaitAsync(patience));
    }
}

public sealed class DatabaseOnPostgreSql : DatabaseTests<PostgreSqlEngine>
{
    [Fact]
    public async Task Of_two_that_wait_for_each_other_the_one_that_has_to_give_way_begins_anew()
    {
        await using var engine = new PostgreSqlEngine();
        await engine.CreateAsync();
        await using var database = engine.Open(TimeProvider.System);
        await using (var session = await database.BeginAsync())
        {
            foreach (var id in new[] { "a", "b" })
            {
                await session.ExecuteAsync("INSERT INTO former_instances (id) VALUES (@Id)", new { Id = id }, CancellationToken.None);
            }

            await session.CommitAsync();
        }

        using var both = new Barrier(2);
        var tries = 0;
        await Task.WhenAll(Task.Run(() => TouchAsync("a", "b")), Task.Run(() => TouchAsync("b", "a")));

        Assert.Equal(3, tries);

        Task<bool> TouchAsync(string one, string other) => database.RetryOvertakenAsync(async () =>
        {
            await using var session = await database.BeginAsync();
            await LockAsync(session, one);
            if (Interlocked.Increment(ref tries) <= 2)
            {
                Assert.True(both.SignalAndWait(TimeSpan.FromSeconds(60)));
            }

            await LockAsync(session, other);
            await session.CommitAsync();
            return true;
        });
    }

    private static Task<int> LockAsync(DbSession session, string id) =>
        session.ExecuteAsync("SELECT id FROM former_instances WHERE id = @Id FOR UPDATE", new { Id = id }, CancellationToken.None);
}
