using System.Net;
using System.Net.Http.Json;
using System.Text.Json;
using Npgsql;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Hosting;

/// <summary>What happens to those who write, read and hang up while everything is moved.</summary>
public abstract class MoveUnderLoadTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Path = "/api/v2/database/migration";

    private TestGateway _gateway = null!;
    private TargetDatabase _target = null!;
    private HttpClient _administrator = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _target = await TargetDatabase.CreateWithTablesAsync();
        _administrator = await _gateway.RestClientAsync(null, Permission.ManageDatabase, Permission.ReadInventory, Permission.ManageAccounts);
    }

    public async Task DisposeAsync()
    {
        _administrator.Dispose();
        await _gateway.DisposeAsync();
        await _target.DisposeAsync();
    }

    [Fact]
    public async Task Writes_wait_and_reads_pass_and_a_client_that_hangs_up_changes_nothing()
    {
        var product = _gateway.Product(SeedProducts.Pi37);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync()));
        await using var holder = await _target.HoldUpAsync("product_instances");
        using var hangUp = new CancellationTokenSource();
        var move = MoveAsync(hangUp.Token);
        await _target.WaitUntilHeldUpAsync();

        Task[] writes = [CreateAccountAsync("Waits"), product.AuthorizeAsync()];
        Assert.Single(await _gateway.InstancesAsync());
        Assert.Equal(HttpStatusCode.OK, (await _administrator.GetAsync("/api/v2/status")).StatusCode);
        Assert.Contains("is being moved already", await ProblemAsync(await MoveAsync(CancellationToken.None)), StringComparison.Ordinal);
        Assert.All(writes, write => Assert.False(write.IsCompleted));

        await hangUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => move);
        Assert.Equal(HttpStatusCode.OK, (await (Task<HttpResponseMessage>)writes[0]).StatusCode);
        Assert.IsType<ProductResult.Accepted>(await (Task<ProductResult>)writes[1]);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT (SELECT count(*) FROM accounts) + (SELECT count(*) FROM events)"));

        // Nothing is left of it: the next one succeeds, once it has ended.
        await TargetDatabase.ReleaseAsync(holder);
        await Wait.UntilAsync(async () => (await MoveAsync(CancellationToken.None)).StatusCode == HttpStatusCode.OK);
        Assert.Equal(1, await _target.ScalarAsync<long>("SELECT count(*) FROM accounts WHERE name = 'Waits'"));
    }

    [Fact]
    public async Task A_write_that_has_waited_until_everything_is_moved_is_not_acknowledged()
    {
        var product = _gateway.Product(SeedProducts.Pi37);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync()));
        await using var holder = await _target.HoldUpAsync("product_instances");
        var move = MoveAsync(CancellationToken.None);
        await _target.WaitUntilHeldUpAsync();
        var account = CreateAccountAsync("Too late");
        var authorization = product.AuthorizeAsync();

        await TargetDatabase.ReleaseAsync(holder);

        Assert.Equal(HttpStatusCode.OK, (await move).StatusCode);
        var refused = await account;
        Assert.Equal((HttpStatusCode.ServiceUnavailable, TimeSpan.FromSeconds(5)), (refused.StatusCode, refused.Headers.RetryAfter!.Delta));
        Assert.Contains("was moved to another one", await ProblemAsync(refused), StringComparison.Ordinal);
        Assert.IsNotType<ProductResult.Accepted>(await authorization);
        Assert.Equal(0, await _target.ScalarAsync<long>("SELECT count(*) FROM accounts WHERE name = 'Too late'"));

        await _gateway.Gateway.WaitForShutdownAsync();
        await _gateway.RestartAsync(("database", "postgresql"), ("postgresql-connection", _target.ConnectionString));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
    }

    [Fact]
    public async Task Every_write_that_was_acknowledged_has_arrived()
    {
        var acknowledged = new System.Collections.Concurrent.ConcurrentBag<string>();
        var writers = Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            for (var at = 0; ; at++)
            {
                try
                {
                    await _gateway.WriteAsync((session, _) => session.ExecuteAsync("INSERT INTO former_instances (id) VALUES (@Id)", new { Id = $"{writer}-{at}" }, CancellationToken.None));
                    acknowledged.Add($"{writer}-{at}");
                }
                catch (DatabaseMovingException)
                {
                    return;
                }
            }
        })).ToArray();
        await Wait.UntilAsync(() => acknowledged.Count > 100);

        Assert.Equal(HttpStatusCode.OK, (await MoveAsync(CancellationToken.None)).StatusCode);

        await Task.WhenAll(writers);
        Assert.Equal(acknowledged.Count, await _target.ScalarAsync<long>("SELECT count(*) FROM former_instances"));
    }

    [Fact]
    public async Task A_hundred_thousand_products_are_moved()
    {
        await _gateway.WriteAsync((session, _) => session.ExecuteAsync(
            """
            INSERT INTO product_instances (id, virtual_account_id, state, udi_key, host_name, software_tag, product_type, export_controlled, registered_at, last_contact_at)
            WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 100000)
            SELECT 'instance-' || n, @Id, 'registered', 'UDI_PID:UCM;UDI_SN:' || n || ';', 'host-' || n, 'regid.2019-05.com.cisco.UCM,12.5_a', 'UCM', FALSE, 1700000000000 + n, 1700000000000 + n FROM numbers
            """,
            new { _gateway.VirtualAccount.Id },
            CancellationToken.None));

        var answer = await MoveAsync(CancellationToken.None);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Equal(100_000, await _target.ScalarAsync<long>("SELECT count(*) FROM product_instances"));
    }

    private Task<HttpResponseMessage> MoveAsync(CancellationToken cancellationToken) =>
        _administrator.PostAsJsonAsync(Path, new { connection = _target.ConnectionString }, cancellationToken);

    private Task<HttpResponseMessage> CreateAccountAsync(string name) => _administrator.PostAsJsonAsync("/api/v2/accounts", new { name });

    private static async Task<string> ProblemAsync(HttpResponseMessage answer) =>
        (await answer.Content.ReadFromJsonAsync<JsonElement>()).GetProperty("detail").GetString()!;
}

public sealed class MoveUnderLoadFromSqlite : MoveUnderLoadTests<SqliteEngine>;

public sealed class MoveUnderLoadFromPostgreSql : MoveUnderLoadTests<PostgreSqlEngine>;

public sealed class OtherProcessesOnPostgreSqlTests
{
    [Fact]
    public async Task Another_process_on_the_old_database_waits_too_and_cannot_write_afterwards()
    {
        await using var gateway = await TestGateway.StartAsync<PostgreSqlEngine>();
        await using var target = await TargetDatabase.CreateWithTablesAsync();
        await using var holder = await target.HoldUpAsync("product_instances");
        var move = gateway.TgctlDoneAsync("database", "migrate", "--to-file", target.File, "--yes");
        await target.WaitUntilHeldUpAsync();
        await using var other = new NpgsqlConnection(gateway.Setting("postgresql-connection"));
        await other.OpenAsync();
        await using var write = new NpgsqlCommand("INSERT INTO former_tokens (secret_hash) VALUES ('a late one')", other);
        var waits = write.ExecuteNonQueryAsync();
        await gateway.WaitUntilBlockedAsync();

        await TargetDatabase.ReleaseAsync(holder);
        await move;

        Assert.Contains("This database was moved to another one at", (await Assert.ThrowsAsync<PostgresException>(() => waits)).MessageText, StringComparison.Ordinal);
        Assert.Contains("was moved", (await Assert.ThrowsAsync<PostgresException>(() => write.ExecuteNonQueryAsync())).MessageText, StringComparison.Ordinal);
        await using var read = new NpgsqlCommand("SELECT count(*) FROM former_tokens", other);
        Assert.Equal(0L, await read.ExecuteScalarAsync());
        Assert.Equal(0, await target.ScalarAsync<long>("SELECT count(*) FROM former_tokens"));
    }
}
