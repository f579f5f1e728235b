using System.Diagnostics;
using TransportGateway.Accounts;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Crash;

/// <summary>kill -9 at each step of a synchronisation: the next start carries it to its end, both sides agree, nothing is there twice.</summary>
public abstract class KilledSynchronizationTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string SmartAccount = "annanr.example.com";
    private const int Products = 2100;
    private const int RandomKills = 10;

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-crash-").FullName;
    private readonly TEngine _engine = new();
    private readonly Random _random = new(20261123);
    private SoftwareCentral _central = null!;
    private Database _database = null!;
    private LocalAccountRow _account = null!;
    private Process? _process;
    private int _changes;

    public async Task InitializeAsync()
    {
        await _engine.CreateAsync();
        _database = _engine.Open(TimeProvider.System);
        _central = await SoftwareCentral.StartAsync(Path.Combine(_folder, "central"), TimeProvider.System);
        _central.AddSmartAccount(SmartAccount);
        await StartAsync();
        await File.WriteAllTextAsync(Path.Combine(_folder, "secret"), _central.ClientSecret + "\n");
        await File.WriteAllTextAsync(Path.Combine(_folder, "root.pem"), _central.AnchorPem);
        await TgctlAsync(
            "central", "set", "--address", _central.Address.AbsoluteUri, "--token-address", _central.TokenAddress.AbsoluteUri, "--client-id-at-cisco", _central.ClientId,
            "--client-secret-file", Path.Combine(_folder, "secret"), "--exchange-anchors", Path.Combine(_folder, "root.pem"), "--tls-anchors", Path.Combine(_folder, "root.pem"),
            "--schedule", "never");
        await TgctlAsync("account", "request", "TEST", "--smart-account", SmartAccount, "--virtual-account", "TEST", "--email", "licences@example.com");
        await TgctlAsync("account", "approve", "TEST");
        await TgctlAsync("account", "register", "TEST");
        await using var session = await _database.BeginAsync();
        _account = (await new LocalAccounts(session).FindByNameAsync("TEST", CancellationToken.None))!;
        await session.ExecuteAsync(
            """
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < @Products)
            INSERT INTO product_instances
              (id, virtual_account_id, state, udi_key, udi_pid, udi_serial_number, host_name, software_tag, product_type, export_controlled, registered_at, last_contact_at)
            SELECT 'product-' || CAST(i AS TEXT), (SELECT id FROM virtual_accounts WHERE account_id = @AccountId), 'registered', 'PID:UCM SN:' || CAST(i AS TEXT), 'UCM',
                   CAST(i AS TEXT), 'host-' || CAST(i AS TEXT), 'regid.2016-07.com.cisco.UnifiedCM,12.0', 'UCL', TRUE, @Now, @Now
              FROM n
            """,
            new { Products = (long)Products, AccountId = _account.Id, Now = TimeProvider.System.GetUtcNow() },
            CancellationToken.None);
        await session.CommitAsync();
    }

    public async Task DisposeAsync()
    {
        _process?.Kill(entireProcessTree: true);
        _process?.WaitForExit();
        await _central.DisposeAsync();
        await _database.DisposeAsync();
        await _engine.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Killed_before_and_after_each_call_is_worked_on_a_synchronisation_is_carried_to_its_end()
    {
        foreach (var step in new[] { CentralStep.Token, CentralStep.Part, CentralStep.Status, CentralStep.Response })
        {
            foreach (var moment in new[] { CentralFault.RequestHeld, CentralFault.AnswerHeld })
            {
                await ChangeAsync();
                // Of three parts, the second.
                _central.Faults.Add(step, moment, skip: step == CentralStep.Part ? 1 : 0);
                var happened = _central.Faults.Happened.Count;
                var runs = (await RunsAsync()).Count;
                await TgctlAsync("sync", "start", "--account", "TEST", "--full");
                await Wait.UntilAsync(() => _central.Faults.Happened.Count > happened);
                await KillAsync();
                Assert.True((await RunsAsync())[0].IsOpen);

                await StartAsync();
                await AssertCarriedToItsEndAsync();
                Assert.Equal(runs + 1, (await RunsAsync()).Count);
            }
        }
    }

    [Fact]
    public async Task Killed_at_any_moment_a_synchronisation_is_carried_to_its_end()
    {
        for (var kill = 0; kill < RandomKills; kill++)
        {
            await ChangeAsync();
            await TgctlAsync("sync", "start", "--account", "TEST", "--full");
            using (var moment = new CancellationTokenSource(TimeSpan.FromMilliseconds(_random.Next(0, 1500))))
            {
                await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, moment.Token).ContinueWith(_ => { }, TaskScheduler.Default);
            }

            await KillAsync();
            await StartAsync();
            await AssertCarriedToItsEndAsync();
        }
    }

    /// <summary>Something new on both sides: other products, one that is gone, another quantity bought.</summary>
    private async Task ChangeAsync()
    {
        _changes++;
        await using (var session = await _database.BeginAsync())
        {
            await session.ExecuteAsync(
                "UPDATE product_instances SET revision = revision + 1, host_name = 'renamed-' || @Change WHERE id LIKE 'product-1%'", new { Change = $"{_changes}" }, CancellationToken.None);
            await session.ExecuteAsync(
                "UPDATE product_instances SET revision = revision + 1, state = 'removed', ended_at = @Now WHERE id = 'product-2' || @Change",
                new { Change = $"{_changes}", Now = TimeProvider.System.GetUtcNow() },
                CancellationToken.None);
            await session.CommitAsync();
        }

        _central.Grant(SmartAccount, "TEST", new CentralEntitlement { Id = "1", Tag = EntitlementTags.UcmBasic, Name = "Basic", Quantity = 10 * _changes, StartDate = TimeProvider.System.GetUtcNow().AddDays(-1) });
    }

    private async Task AssertCarriedToItsEndAsync()
    {
        await Wait.UntilAsync(async () => !(await RunsAsync())[0].IsOpen);
        var last = (await RunsAsync())[0];
        Assert.Equal((RunState.Succeeded, ""), (last.State, last.Cause));
        Assert.Empty(await CentralPair.DifferencesAsync(_database, _central, _account));
        await using var session = await _database.ReadAsync();
        var home = (await new VirtualAccounts(session).ListAsync(_account.Id, CancellationToken.None))[0];
        Assert.Equal([10L * _changes], (await new LicensePools(session).ListAsync(home.Id, CancellationToken.None)).Select(pool => pool.Purchased));
    }

    private async Task<IReadOnlyList<RunRow>> RunsAsync()
    {
        await using var session = await _database.ReadAsync();
        return await new SynchronizationRuns(session).ListAsync(_account.Id, 1000, CancellationToken.None);
    }

    private async Task StartAsync()
    {
        _process?.Dispose();
        _process = GatewayProcess.Start(
            [.. _engine.GatewaySettings.SelectMany(setting => new[] { $"--{setting.Key}", setting.Value }), "--host-name", "localhost", "--listen-https", "127.0.0.1:0", "--log-level", "error"]);
        await GatewayProcess.WaitUntilReadyAsync(_process, Path.Combine(_engine.GatewaySettings["data-directory"], "control.sock"));
    }

    private async Task KillAsync()
    {
        _process!.Kill();
        await _process.WaitForExitAsync();
    }

    private Task<string> TgctlAsync(params string[] arguments) => Consoles.TgctlDoneAsync(_engine.GatewaySettings["data-directory"], arguments);
}

public sealed class KilledSynchronizationOnSqlite : KilledSynchronizationTests<SqliteEngine>;

public sealed class KilledSynchronizationOnPostgreSql : KilledSynchronizationTests<PostgreSqlEngine>;
