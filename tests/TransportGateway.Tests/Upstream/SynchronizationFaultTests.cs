using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>Each fault at each step: whatever happens, both sides agree in the end, nothing is doubled or lost, and the cause is told.</summary>
public abstract class SynchronizationFaultTests<TEngine>
    where TEngine : TestEngine, new()
{
    private static readonly CentralTiming Quick = new()
    {
        Try = TimeSpan.FromSeconds(30),
        Call = TimeSpan.FromSeconds(120),
        Retries = 3,
        FirstDelay = TimeSpan.FromMilliseconds(10),
        MostDelay = TimeSpan.FromMilliseconds(50),
        MostWait = TimeSpan.FromMilliseconds(50),
        FirstPoll = TimeSpan.FromMilliseconds(10),
        MostPoll = TimeSpan.FromMilliseconds(50),
    };

    private static readonly CentralStep[] OnlineSteps = [CentralStep.Token, CentralStep.Part, CentralStep.Status, CentralStep.Response];

    /// <summary>A fault that happens once is not even noticed: the call is made again.</summary>
    [Theory]
    [InlineData(CentralFault.Latency)]
    [InlineData(CentralFault.TokenEnded)]
    [InlineData(CentralFault.TooMany)]
    [InlineData(CentralFault.ServerError)]
    [InlineData(CentralFault.RequestCut)]
    [InlineData(CentralFault.AnswerCut)]
    [InlineData(CentralFault.AnswerLost)]
    public async Task A_fault_that_passes_is_overcome_at_every_step(CentralFault fault)
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        foreach (var step in OnlineSteps.Where(step => fault != CentralFault.TokenEnded || step != CentralStep.Token))
        {
            await story.ChangeAsync();
            pair.Central.Faults.Add(step, fault);
            var run = await story.SynchronizeAsync();

            Assert.Contains((step, fault), pair.Central.Faults.Happened);
            Assert.Equal((RunState.Succeeded, "", step), (run.State, run.Cause, step));
            await story.AssertAgreementAsync();
        }
    }

    /// <summary>One that stays ends the run with its cause and an alert; the next run finds everything as it must be.</summary>
    [Theory]
    [InlineData(CentralFault.TooMany, "429")]
    [InlineData(CentralFault.ServerError, "500")]
    [InlineData(CentralFault.RequestCut, "cannot be reached")]
    [InlineData(CentralFault.AnswerCut, "cannot be reached")]
    [InlineData(CentralFault.AnswerLost, "cannot be reached")]
    [InlineData(CentralFault.Rubbish, null)]
    public async Task A_fault_that_stays_fails_the_run_with_its_cause_and_the_next_run_heals_everything(CentralFault fault, string? cause)
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        foreach (var step in OnlineSteps)
        {
            await story.ChangeAsync();
            pair.Central.Faults.Add(step, fault, times: Quick.Retries + 1);
            var failed = await story.SynchronizeAsync();

            Assert.Equal((RunState.Failed, step), (failed.State, step));
            Assert.Contains(cause ?? "", failed.Cause, StringComparison.Ordinal);
            Assert.Equal(failed.Cause, Assert.Single(await SynchronizationTests<TEngine>.AlertsAsync(pair, story.Account, SynchronizationAlerts.Failed)).Message);

            story.ClearFaults();
            Assert.Equal((RunState.Succeeded, "", step), await story.SynchronizeAsync() is var healed ? (healed.State, healed.Cause, step) : default);
            Assert.Empty(await SynchronizationTests<TEngine>.AlertsAsync(pair, story.Account, SynchronizationAlerts.Failed));
            await story.AssertAgreementAsync();
        }
    }

    [Theory]
    [InlineData(CentralFault.WrongSignature, "does not chain")]
    [InlineData(CentralFault.ClockSkew, "clock")]
    [InlineData(CentralFault.Altered, "refused")]
    public async Task An_answer_that_does_not_verify_is_never_taken_over(CentralFault fault, string cause)
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await story.ChangeAsync();
        var before = await pair.PurchasedAsync(story.Account);
        pair.Central.Faults.Add(CentralStep.Response, fault);
        var failed = await story.SynchronizeAsync();

        Assert.Equal(RunState.Failed, failed.State);
        Assert.Contains(cause, failed.Cause, StringComparison.Ordinal);
        Assert.Equal(before, await pair.PurchasedAsync(story.Account));
        Assert.Equal(RunState.Succeeded, (await story.SynchronizeAsync()).State);
        await story.AssertAgreementAsync();
    }

    [Fact]
    public async Task A_run_that_failed_half_way_goes_on_where_it_stopped()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await story.ChangeAsync();
        pair.Central.Faults.Add(CentralStep.Response, CentralFault.ServerError, times: Quick.Retries + 1);
        var failed = await story.SynchronizeAsync();
        story.ClearFaults();
        var resumed = await story.SynchronizeAsync();

        Assert.Equal((failed.Id, RunState.Succeeded), (resumed.Id, resumed.State));
    }

    /// <summary>What a stop, a kill or a failover leaves behind at each step, another node carries to its end.</summary>
    [Theory]
    [InlineData(CentralStep.Token)]
    [InlineData(CentralStep.Part)]
    [InlineData(CentralStep.Status)]
    [InlineData(CentralStep.Response)]
    public async Task A_run_that_is_cut_off_at_any_step_is_carried_on_from_there(CentralStep step)
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await story.ChangeAsync();
        pair.Central.Faults.Add(step, CentralFault.RequestHeld);
        var run = await story.CutOffAsync(() => pair.Central.Faults.Happened.Count > 0);
        Assert.True((await pair.RunsAsync(story.Account))[0].IsOpen);

        Assert.Equal(SynchronizeAccount.Outcome.Succeeded, await story.CarryOnAsync(run));
        await story.AssertAgreementAsync();
        Assert.Single(await pair.RunsAsync(story.Account));
    }

    [Fact]
    public async Task Software_Central_that_lost_its_parts_is_sent_everything_anew()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await story.ChangeAsync();
        pair.Central.Faults.Add(CentralStep.Status, CentralFault.ServerError, times: Quick.Retries + 1);
        Assert.Equal(RunState.Failed, (await story.SynchronizeAsync()).State);
        story.ClearFaults();
        pair.Central.ForgetRuns();

        Assert.Equal(RunState.Succeeded, (await story.SynchronizeAsync()).State);
        await story.AssertAgreementAsync();
    }

    [Fact]
    public async Task An_answer_with_an_entitlement_twice_or_with_more_licences_than_can_be_counted_is_refused()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        var grant = SynchronizationTests<TEngine>.Grant(SeedProducts.Cucmpub.Entitlements[0].Tag, long.MaxValue, TimeProvider.System.GetUtcNow().AddDays(-1), null);
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", grant);
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", grant, beside: true);
        var failed = await story.SynchronizeAsync();
        Assert.Equal((RunState.Failed, true), (failed.State, failed.Cause.Contains("more than once", StringComparison.Ordinal)));

        pair.Central.Withdraw(CentralPair.SmartAccount, "TEST", grant.Id);
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", grant);
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", SynchronizationTests<TEngine>.Grant(grant.Tag, 1, grant.StartDate, null) with { Id = "E-2" });
        failed = await story.SynchronizeAsync();
        Assert.Equal((RunState.Failed, true), (failed.State, failed.Cause.Contains("more licences than can be counted", StringComparison.Ordinal)));
        Assert.Empty(await pair.PurchasedAsync(story.Account));

        pair.Central.Withdraw(CentralPair.SmartAccount, "TEST", "E-2");
        Assert.Equal(RunState.Succeeded, (await story.SynchronizeAsync()).State);
    }

    [Fact]
    public async Task What_the_database_refuses_fails_the_run_with_its_cause()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await pair.Gateway.WriteAsync((session, _) => session.ExecuteAsync("ALTER TABLE entitlements ADD COLUMN refused TEXT CHECK (refused IS NOT NULL)", null, CancellationToken.None));
        await story.ChangeAsync();
        var failed = await story.SynchronizeAsync();
        Assert.Equal(RunState.Failed, failed.State);
        Assert.Contains("The database of this gateway refused", failed.Cause, StringComparison.Ordinal);
        Assert.Single(await SynchronizationTests<TEngine>.AlertsAsync(pair, story.Account, SynchronizationAlerts.Failed));
    }

    [Fact]
    public async Task Software_Central_away_altogether_is_told_as_such()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await pair.Central.DisposeAsync();
        Assert.Contains("cannot be reached", (await story.SynchronizeAsync()).Cause, StringComparison.Ordinal);

        await pair.RestartCentralAsync();
        await story.ChangeAsync();
        // The first goes on with what had been written before the change; the second tells the change.
        Assert.Equal(RunState.Succeeded, (await story.SynchronizeAsync()).State);
        Assert.Equal(RunState.Succeeded, (await story.SynchronizeAsync()).State);
        await story.AssertAgreementAsync();
    }

    [Fact]
    public async Task A_wrong_client_secret_and_a_foreign_TLS_certificate_are_told_apart()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var story = await Story.BeginAsync(pair);
        await pair.ConfigureAsync(settings => settings with { ClientSecret = new Secret("wrong") });
        Assert.Contains("does not accept the client id and secret", (await story.SynchronizeAsync()).Cause, StringComparison.Ordinal);
        await pair.ConfigureAsync(settings => settings with { Route = new UpstreamRoute() });
        var failed = await story.SynchronizeAsync();
        Assert.Contains("TLS certificate of Software Central does not verify", failed.Cause, StringComparison.Ordinal);
        Assert.DoesNotContain(pair.Gateway.Log.Lines, line => line.Contains(pair.Central.ClientSecret, StringComparison.Ordinal) || line.Contains("wrong", StringComparison.Ordinal));
    }

    /// <summary>An account with products, whose state changes on both sides between synchronisations.</summary>
    private sealed class Story
    {
        private readonly CentralPair _pair;
        private readonly SynchronizeAccount _synchronize;
        private SimulatedProduct _product = null!;
        private int _changes;

        private Story(CentralPair pair)
        {
            _pair = pair;
            _synchronize = new SynchronizeAccount(
                pair.Gateway.Database,
                pair.Service<MasterKey>(),
                pair.Service<RequestComposer>(),
                pair.Service<ApplyResponse>(),
                pair.Service<ExchangeFolder>(),
                Quick,
                TimeProvider.System,
                Microsoft.Extensions.Logging.Abstractions.NullLogger<SynchronizeAccount>.Instance);
        }

        public TransportGateway.Accounts.LocalAccountRow Account { get; private set; } = null!;

        public static async Task<Story> BeginAsync(CentralPair pair)
        {
            var story = new Story(pair) { Account = await pair.RegisteredAccountAsync("TEST") };
            // What is carried on here is not to be carried on by the gateway as well.
            await pair.Gateway.StopJobsAsync();
            story._product = pair.Gateway.Product(SeedProducts.Cucmpub);
            await story._product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(story.Account)));
            return story;
        }

        public async Task ChangeAsync()
        {
            _changes++;
            await _product.AuthorizeAsync([SeedProducts.Cucmpub.Entitlements[0] with { Count = _changes }]);
            _pair.Central.Grant(
                CentralPair.SmartAccount, "TEST", SynchronizationTests<TEngine>.Grant(SeedProducts.Cucmpub.Entitlements[0].Tag, 10 * _changes, TimeProvider.System.GetUtcNow().AddDays(-1), null));
        }

        /// <summary>Starts, or goes on with what failed, and carries it to its end in the foreground.</summary>
        public async Task<RunRow> SynchronizeAsync()
        {
            var run = await _pair.StartAsync(Account);
            while (await _synchronize.ExecuteAsync(run.Id, CancellationToken.None) == SynchronizeAccount.Outcome.BeginAnew)
            {
                run = await _pair.StartAsync(Account);
            }

            return (await _pair.RunsAsync(Account)).First(found => found.State != RunState.Abandoned);
        }

        /// <summary>Starts a run and breaks it off at the given moment, without another word.</summary>
        public async Task<RunRow> CutOffAsync(Func<bool> moment)
        {
            var run = await _pair.StartAsync(Account);
            using var cut = new CancellationTokenSource();
            var running = _synchronize.ExecuteAsync(run.Id, cut.Token);
            await Wait.UntilAsync(() => Task.FromResult(moment()));
            await cut.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => running);
            return run;
        }

        public Task<SynchronizeAccount.Outcome> CarryOnAsync(RunRow run) => _synchronize.ExecuteAsync(run.Id, CancellationToken.None);

        public void ClearFaults() => _pair.Central.Faults.Clear();

        public async Task AssertAgreementAsync()
        {
            Assert.Empty(await _pair.DifferencesAsync(Account));
            Assert.Equal(10 * _changes, (await _pair.PurchasedAsync(Account))[SeedProducts.Cucmpub.Entitlements[0].Tag]);
            Assert.Equal((await _pair.StateAsync(Account)).Sequence, _pair.Central.LastSequence("TEST"));
        }
    }
}

public sealed class SynchronizationFaultsOnSqliteTests : SynchronizationFaultTests<SqliteEngine>;

public sealed class SynchronizationFaultsOnPostgreSqlTests : SynchronizationFaultTests<PostgreSqlEngine>;
