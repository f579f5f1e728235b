using Microsoft.Extensions.Time.Testing;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>The gateway and the simulated Software Central over real TLS: what goes out, what comes in, and that both agree afterwards.</summary>
public abstract class SynchronizationTests<TEngine>
    where TEngine : TestEngine, new()
{
    private static readonly DateTimeOffset SeedTime = new(2020, 9, 2, 7, 33, 32, TimeSpan.Zero);

    private static string EnhancedTag => SeedProducts.Cucmpub.Entitlements.First(entitlement => entitlement.Tag.Contains("ENH", StringComparison.OrdinalIgnoreCase)).Tag;

    [Fact]
    public async Task Two_accounts_synchronise_and_are_due_thirty_days_later_to_the_second()
    {
        var clock = new FakeTimeProvider(SeedTime);
        await using var pair = await CentralPair.StartAsync<TEngine>(clock);
        var first = await pair.RegisteredAccountAsync("annanr-ssm-on-prem-8-202006");
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(first)).State);
        Assert.Equal(new DateTimeOffset(2020, 10, 2, 7, 33, 32, TimeSpan.Zero), (await pair.StateAsync(first)).DueAt);

        clock.Advance(TimeSpan.FromMinutes(90));
        var second = await pair.RegisteredAccountAsync("TEST");
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(second)).State);

        Assert.Equal(new DateTimeOffset(2020, 10, 2, 9, 3, 32, TimeSpan.Zero), (await pair.StateAsync(second)).DueAt);
        Assert.Equal(new DateTimeOffset(2020, 10, 2, 7, 33, 32, TimeSpan.Zero), (await pair.StateAsync(first)).DueAt);
        Assert.Equal(AccountStatus.Active, (await pair.FindAsync(second)).Status);
    }

    [Fact]
    public async Task Purchased_quantities_arrive_and_the_product_is_in_compliance_at_its_next_authorisation_until_the_term_ends()
    {
        // Products check the gateway's certificate by the machine's clock.
        var start = TimeProvider.System.GetUtcNow();
        var clock = new FakeTimeProvider(start);
        await using var pair = await CentralPair.StartAsync<TEngine>(clock);
        var account = await pair.RegisteredAccountAsync("TEST");
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(account)));
        await product.AuthorizeAsync();
        Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
        Assert.NotEmpty(await AlertsAsync(pair, account, Alerts.InsufficientLicenses));

        foreach (var entitlement in SeedProducts.Cucmpub.Entitlements)
        {
            pair.Central.Grant(CentralPair.SmartAccount, "TEST", Grant(entitlement.Tag, 100, start.AddDays(-1), start.AddDays(10)));
        }

        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account)).State);
        Assert.All(SeedProducts.Cucmpub.Entitlements, entitlement => Assert.Equal(100, pair.PurchasedAsync(account).Result[entitlement.Tag]));
        Assert.Empty(await AlertsAsync(pair, account, Alerts.InsufficientLicenses));
        await product.AuthorizeAsync();
        Assert.Equal(AuthorizationStatus.Authorized, product.State.Authorization);

        clock.Advance(TimeSpan.FromDays(10));
        await Wait.UntilAsync(async () => (await pair.PurchasedAsync(account)).Count == 0);
        await product.AuthorizeAsync();
        Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
        Assert.NotEmpty(await AlertsAsync(pair, account, Alerts.InsufficientLicenses));
    }

    [Fact]
    public async Task Software_Central_holds_what_the_gateway_holds_after_products_come_change_move_and_go()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var token = await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(account));
        var products = SeedProducts.All.Select(definition => pair.Gateway.Product(definition)).ToArray();
        foreach (var product in products)
        {
            await product.RegisterAsync(token);
            await product.AuthorizeAsync();
        }

        await pair.SynchronizeAsync(account);
        Assert.Empty(await pair.DifferencesAsync(account));
        Assert.Equal(4, pair.Central.Instances("TEST").Count);

        await products[0].DeregisterAsync();
        await products[1].AuthorizeAsync([SeedProducts.Cucmpub.Entitlements[0] with { Count = 77 }]);
        await new CreateVirtualAccount(pair.Gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateVirtualAccount.Request(pair.Gateway.Administrator, account, "Branch", ""), CancellationToken.None);
        Assert.IsType<TransferInstance.Outcome.Transferred>(await new TransferInstance(pair.Gateway.Database, TimeProvider.System).ExecuteAsync(
            pair.Gateway.Administrator, products[2].State.ProductInstanceIdentifier!, "Branch", CancellationToken.None));
        var second = await pair.SynchronizeAsync(account);

        Assert.Equal((RunMode.Standard, 3L), (second.Mode, second.InstancesSent));
        Assert.Empty(await pair.DifferencesAsync(account));
        Assert.Equal("deregistered", Assert.Single(pair.Central.Instances("TEST"), instance => instance["state"]!.ToString() != "registered")["state"]!.ToString());
        Assert.Equal(0, (await pair.SynchronizeAsync(account)).InstancesSent);
    }

    [Fact]
    public async Task A_product_that_registers_in_another_account_leaves_the_first_at_Software_Central_too()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var (first, second) = (await pair.RegisteredAccountAsync("TEST"), await pair.RegisteredAccountAsync("OTHER"));
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(first)));
        await pair.SynchronizeAsync(first);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(second)), force: true);

        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(first)).State);
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(second)).State);

        Assert.Empty(await pair.DifferencesAsync(first));
        Assert.Empty(await pair.DifferencesAsync(second));
        Assert.DoesNotContain(pair.Central.Instances("TEST"), instance => instance["state"]!.ToString() == "registered");
        Assert.Single(pair.Central.Instances("OTHER"));
    }

    [Fact]
    public async Task What_an_administrator_removes_at_Cisco_is_removed_here_and_the_product_learns_it()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(account)));
        await pair.SynchronizeAsync(account);
        pair.Central.RemoveInstance("TEST", product.State.ProductInstanceIdentifier!, "sold");

        Assert.Equal(1, (await pair.SynchronizeAsync(account)).RemovalsReceived);
        Assert.DoesNotContain(await pair.Gateway.InstancesAsync(), instance => instance.AccountId == account.Id);
        Assert.IsNotType<ProductResult.Accepted>(await product.AuthorizeAsync());
        Assert.Contains(await pair.Gateway.EventsAsync(EventKinds.InstanceRemoved), entry => entry.Message.Contains("sold", StringComparison.Ordinal));

        Assert.Equal(0, (await pair.SynchronizeAsync(account)).RemovalsReceived);
        Assert.Empty(await pair.DifferencesAsync(account));
    }

    [Fact]
    public async Task What_is_withheld_never_reaches_Software_Central_and_changing_it_tells_everything_anew()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(account)));
        await pair.SynchronizeAsync(account);
        Assert.Equal("cucmpub", pair.Central.Instances("TEST")[0]["hostName"]!.ToString());

        await using (var session = await pair.Gateway.Database.BeginAsync())
        {
            await new Synchronizations(session).SetWithheldAsync(account.Id, string.Join(' ', Withheld.Words), CancellationToken.None);
            await session.CommitAsync();
        }

        Assert.Equal(RunMode.Full, (await pair.SynchronizeAsync(account)).Mode);
        var told = pair.Central.Instances("TEST")[0];
        Assert.All(new[] { "hostName", "macAddress", "udiSerialNumber", "hostIdentifier" }, name => Assert.Null(told[name]));
        Assert.DoesNotContain("cucmpub", told.ToJsonString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Substitution_rules_and_export_control_come_from_Software_Central()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var tags = SeedProducts.Cucmpub.Entitlements.Select(entitlement => entitlement.Tag).ToArray();
        pair.Central.AllowSubstitution(CentralPair.SmartAccount, new CentralSubstitution(tags[0], tags[1]));
        pair.Central.AllowExportControl(CentralPair.SmartAccount, false);
        var virtualAccount = await pair.DefaultOfAsync(account);
        var token = await pair.Gateway.CreateTokenAsync(exportControlled: true, virtualAccount: virtualAccount);
        await pair.SynchronizeAsync(account);

        var rule = Assert.Single(await pair.Gateway.ReadAsync(session => new SubstitutionRules(session).ListAsync(account.Id, CancellationToken.None)));
        Assert.Equal(new SubstitutionRule(tags[0], tags[1]), rule);
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(token);
        Assert.False(product.State.ExportControlAllowed);
        var refused = await pair.Service<CreateToken>().ExecuteAsync(
            new CreateToken.Request(pair.Gateway.Administrator, virtualAccount, "", 30, ExportControlled: true, MaxUses: null), CancellationToken.None);
        Assert.Contains("does not allow export-controlled", Assert.IsType<CreateToken.Outcome.Invalid>(refused).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_database_restored_from_a_backup_catches_up_with_Software_Central()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        await pair.SynchronizeAsync(account);
        await pair.SynchronizeAsync(account);
        await using (var session = await pair.Gateway.Database.BeginAsync())
        {
            await session.ExecuteAsync("UPDATE synchronizations SET sequence = 0", null, CancellationToken.None);
            await session.CommitAsync();
        }

        var run = await pair.SynchronizeAsync(account);
        Assert.Equal((RunState.Succeeded, RunMode.Full, 3L), (run.State, run.Mode, run.Sequence));
    }

    [Fact]
    public async Task Only_one_synchronisation_of_an_account_is_open_at_a_time()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var start = new StartSynchronization(pair.Gateway.Database, pair.Service<MasterKey>(), TimeProvider.System);
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(
            () => start.ExecuteAsync(new StartSynchronization.Request("a test", account, RunWay.Online, Full: false), CancellationToken.None))));

        Assert.Single(outcomes.OfType<StartSynchronization.Outcome.Started>());
        Assert.Equal(7, outcomes.OfType<StartSynchronization.Outcome.AlreadyUnderWay>().Count());
    }

    [Fact]
    public async Task Two_runners_on_one_run_finish_it_once()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", Grant(EnhancedTag, 5, SeedTime, null));
        var run = await pair.StartAsync(account);
        await Task.WhenAll(Enumerable.Range(0, 3).Select(_ => Task.Run(() => pair.Service<SynchronizeAccount>().ExecuteAsync(run.Id, CancellationToken.None))));

        var end = await pair.EndAsync(account);
        Assert.Equal((RunState.Succeeded, ""), (end.State, end.Cause));
        Assert.Equal(5, (await pair.PurchasedAsync(account))[EnhancedTag]);
        Assert.Single(await pair.Gateway.EventsAsync(EventKinds.SynchronizationSucceeded));
    }

    [Fact]
    public async Task A_runner_that_fell_behind_never_sends_a_later_part_under_an_earlier_number()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        await using var session = await pair.Gateway.Database.BeginAsync(CancellationToken.None);
        var runs = new SynchronizationRuns(session);
        var seen = new RunRow { Id = "run", AccountId = account.Id, Sequence = 9, Mode = RunMode.Full, Way = RunWay.Online, StartedBy = "a test", StartedAt = SeedTime, InstancesToSend = 2 };
        Assert.True(await runs.AddAsync(seen, CancellationToken.None));
        Assert.True(await runs.AddPartAsync(seen, "a", "hash", [1], 1, 1, complete: false, CancellationToken.None));
        var behind = (await runs.FindAsync("run", CancellationToken.None))!;
        Assert.Equal([1], await runs.ReadPartUnderWayAsync(behind, CancellationToken.None));
        Assert.True(await runs.AddPartAsync(behind, "b", "hash", [2], 1, 1, complete: false, CancellationToken.None));
        Assert.Null(await runs.ReadPartUnderWayAsync(behind, CancellationToken.None));
        Assert.False(await runs.AddPartAsync(behind, "b", "hash", [3], 1, 1, complete: false, CancellationToken.None));
    }

    internal static CentralEntitlement Grant(string tag, long quantity, DateTimeOffset from, DateTimeOffset? to) => new()
    {
        Id = "E-" + tag.GetHashCode(StringComparison.Ordinal).ToString("X8", System.Globalization.CultureInfo.InvariantCulture),
        Tag = tag,
        Name = "A licence",
        Sku = "SKU-1",
        Quantity = quantity,
        StartDate = from,
        EndDate = to,
    };

    internal static async Task<IReadOnlyList<AlertRow>> AlertsAsync(CentralPair pair, LocalAccountRow account, string kind) =>
        [.. (await pair.Gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(account.Id, CancellationToken.None))).Where(alert => alert.Kind == kind)];
}

public sealed class SynchronizationOnSqliteTests : SynchronizationTests<SqliteEngine>;

public sealed class SynchronizationOnPostgreSqlTests : SynchronizationTests<PostgreSqlEngine>
{
    [Fact]
    public async Task An_answer_whose_transaction_has_to_give_way_is_taken_over_at_the_next_attempt()
    {
        await using var pair = await CentralPair.StartAsync<PostgreSqlEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        await pair.Gateway.StopJobsAsync();
        await Deadlocks.OnceAsync(pair.Gateway, "DELETE ON entitlements");

        Assert.Equal(SynchronizeAccount.Outcome.Succeeded, await pair.Service<SynchronizeAccount>().ExecuteAsync((await pair.StartAsync(account)).Id, CancellationToken.None));
        Assert.Single(await pair.Gateway.EventsAsync(EventKinds.SynchronizationSucceeded));
    }
}
