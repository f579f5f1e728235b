using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Events;

/// <summary>Who finds which entries of the event log, on both engines.</summary>
public abstract class EventLogTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private static readonly DateTimeOffset Noon = new(2021, 6, 20, 12, 0, 0, TimeSpan.Zero);

    private TestGateway _gateway = null!;
    private VirtualAccountRow _branch = null!;
    private VirtualAccountRow _other = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _branch = await CreateAsync("Branch");
        _other = await CreateAsync("Other");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task What_a_product_does_is_in_the_log_of_its_local_virtual_account_and_a_transfer_in_both()
    {
        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await _gateway.CreateTokenAsync());
        await product.AuthorizeAsync();
        var id = product.State.ProductInstanceIdentifier!;
        Assert.IsType<TransferInstance.Outcome.Transferred>(await _gateway.Gateway.Services.GetRequiredService<TransferInstance>().ExecuteAsync(_gateway.Administrator, id, "Branch", CancellationToken.None));
        await product.DeregisterAsync();

        Assert.Equal(
            [EventKinds.TokenCreated, EventKinds.InstanceRegistered, EventKinds.UsageChanged, EventKinds.InstanceTransferred],
            await KindsAsync(new EventFilter { VirtualAccountId = _gateway.VirtualAccount.Id }));
        Assert.Equal(
            [EventKinds.VirtualAccountCreated, EventKinds.InstanceTransferred, EventKinds.InstanceDeregistered],
            await KindsAsync(new EventFilter { VirtualAccountId = _branch.Id }));
        Assert.Equal([EventKinds.VirtualAccountCreated], await KindsAsync(new EventFilter { VirtualAccountId = _other.Id }));
        Assert.Equal(
            [EventKinds.InstanceRegistered, EventKinds.UsageChanged, EventKinds.InstanceTransferred, EventKinds.InstanceDeregistered],
            await KindsAsync(new EventFilter { InstanceId = id }));
        Assert.All(
            SeedProducts.Cucmpub.Entitlements,
            entitlement => Assert.Equal([EventKinds.UsageChanged], KindsAsync(new EventFilter { License = entitlement.Tag }).Result));
        Assert.Empty(await KindsAsync(new EventFilter { License = EntitlementTags.PiLifecycle }));
    }

    [Fact]
    public async Task A_refused_message_of_a_registered_product_is_in_the_log_of_its_local_virtual_account()
    {
        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await _gateway.CreateTokenAsync(virtualAccount: _branch));
        var again = _gateway.Product(SeedProducts.Cucmpub);
        Assert.IsNotType<ProductResult.Accepted>(await again.RegisterAsync(await _gateway.CreateTokenAsync()));
        Assert.Contains(EventKinds.RegistrationRefused, await KindsAsync(new EventFilter { VirtualAccountId = _branch.Id }));
        Assert.DoesNotContain(EventKinds.RegistrationRefused, await KindsAsync(new EventFilter { VirtualAccountId = _gateway.VirtualAccount.Id }));
    }

    [Fact]
    public async Task A_role_in_one_local_virtual_account_finds_what_happened_there_alone()
    {
        var inBranch = AccountScope.Events(new Caller("ann", [new Grant(_gateway.Account.Id, _branch.Id, new HashSet<Permission> { Permission.ReadEvents })]));
        Assert.Equal([EventKinds.VirtualAccountCreated], await KindsAsync(inBranch));
        Assert.Empty(await KindsAsync(inBranch with { VirtualAccountId = _other.Id }));
        Assert.Empty(await KindsAsync(AccountScope.Events(new Caller("nobody", []))));
        var inAccount = AccountScope.Events(new Caller("bob", _gateway.Account.Id, new HashSet<Permission> { Permission.ReadEvents }));
        Assert.Equal([EventKinds.AccountCreated, EventKinds.VirtualAccountCreated, EventKinds.VirtualAccountCreated], await KindsAsync(inAccount));
        Assert.Contains(EventKinds.CertificateIssued, await KindsAsync(AccountScope.Events(_gateway.Administrator)));
    }

    [Fact]
    public async Task Each_part_of_a_filter_narrows_the_list()
    {
        await _gateway.WriteAsync(async (session, _) =>
        {
            var log = new EventLog(session);
            await log.AppendAsync(new LoggedEvent("x-one", Severity.Info, "Ann", "100% of it"), Noon, CancellationToken.None);
            await log.AppendAsync(new LoggedEvent("x-two", Severity.Warning, "Bob", "a_b"), Noon.AddHours(1), CancellationToken.None);
            await log.AppendAsync(new LoggedEvent("x-three", Severity.Error, "Bobby", "nothing"), Noon.AddHours(2), CancellationToken.None);
            return true;
        });
        var day = new EventFilter { From = Noon, Before = Noon.AddDays(1) };
        Assert.Equal(["x-one", "x-two", "x-three"], await KindsAsync(day));
        Assert.Equal(["x-two"], await KindsAsync(day with { Severity = Severity.Warning }));
        Assert.Equal(["x-two", "x-three"], await KindsAsync(day with { Actor = "BOB" }));
        Assert.Equal(["x-one"], await KindsAsync(day with { Text = "0%" }));
        Assert.Equal(["x-two"], await KindsAsync(day with { Text = "A_B" }));
        Assert.Equal(["x-one", "x-three"], await KindsAsync(day with { Kinds = ["x-one", "x-three"] }));
        Assert.Equal(["x-two"], await KindsAsync(day with { From = Noon.AddHours(1), Before = Noon.AddHours(2) }));
        Assert.Empty(await KindsAsync(day with { Kinds = [] }));

        var (rows, total) = await _gateway.ReadAsync(session => new EventLog(session).SearchAsync(day, newestFirst: true, 1, 1, CancellationToken.None));
        Assert.Equal(("x-two", 3), (Assert.Single(rows).Kind, total));
        var listed = await _gateway.ReadAsync(session => new EventLog(session).ListAsync(day, 2, CancellationToken.None));
        Assert.Equal(["x-three", "x-two"], listed.Select(row => row.Kind));
        var behind = await _gateway.ReadAsync(session => new EventLog(session).ListAsync(day, 2, CancellationToken.None, new ListPlace(listed[1].OccurredAt, listed[1].Id)));
        Assert.Equal(["x-one"], behind.Select(row => row.Kind));
    }

    [Fact]
    public async Task Entries_that_are_purged_take_their_licences_along()
    {
        await _gateway.WriteAsync(async (session, now) =>
        {
            await new EventLog(session).AppendAsync(new LoggedEvent("x-old", Severity.Info, "Ann", "") { Licenses = ["a tag", "another", "a tag"] }, Noon, CancellationToken.None);
            Assert.Equal(2, await session.CountAsync("event_licenses", CancellationToken.None));
            await new EventLog(session).PurgeAsync(Noon.AddDays(1), 1000, CancellationToken.None);
            Assert.Equal(0, await session.CountAsync("event_licenses", CancellationToken.None));
            return true;
        });
    }

    /// <summary>The kinds of what is found, the oldest first.</summary>
    private async Task<IEnumerable<string>> KindsAsync(EventFilter filter) =>
        (await _gateway.ReadAsync(session => new EventLog(session).SearchAsync(filter, newestFirst: false, 1000, 0, CancellationToken.None))).Rows.Select(row => row.Kind);

    private async Task<VirtualAccountRow> CreateAsync(string name) => Assert.IsType<CreateVirtualAccount.Outcome.Created>(
        await _gateway.Gateway.Services.GetRequiredService<CreateVirtualAccount>().ExecuteAsync(new CreateVirtualAccount.Request(_gateway.Administrator, _gateway.Account, name, ""), CancellationToken.None)).VirtualAccount;
}

public sealed class EventLogOnSqlite : EventLogTests<SqliteEngine>;

public sealed class EventLogOnPostgreSql : EventLogTests<PostgreSqlEngine>;
