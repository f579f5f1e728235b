using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators.Central;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Harness;

/// <summary>A gateway and a simulated Software Central that know of each other.</summary>
internal sealed class CentralPair : IAsyncDisposable
{
    public const string SmartAccount = "annanr.example.com";

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-central-").FullName;

    private readonly KeySet _keys = new();

    private CentralPair(TestGateway gateway) => Gateway = gateway;

    public TestGateway Gateway { get; }

    public SoftwareCentral Central { get; private set; } = null!;

    private IServiceProvider Services => Gateway.Gateway.Services;

    private TimeProvider Clock => Services.GetRequiredService<TimeProvider>();

    public T Service<T>()
        where T : notnull => Services.GetRequiredService<T>();

    public static async Task<CentralPair> StartAsync<TEngine>(TimeProvider? clock = null, params (string Key, string Value)[] settings)
        where TEngine : TestEngine, new()
    {
        var pair = new CentralPair(await TestGateway.StartAsync<TEngine>(clock, settings));
        pair.Central = await SoftwareCentral.StartAsync(pair._folder, clock ?? TimeProvider.System, newKey: pair._keys.Next);
        pair.Central.AddSmartAccount(SmartAccount);
        await pair.ConfigureAsync(settings => settings);
        return pair;
    }

    /// <summary>Tells the gateway where Software Central is.</summary>
    public async Task ConfigureAsync(Func<CentralSettings, CentralSettings> change)
    {
        var settings = new CentralSettings
        {
            Address = Central.Address,
            TokenAddress = Central.TokenAddress,
            ClientId = Central.ClientId,
            ClientSecret = new Secret(Central.ClientSecret),
            ExchangeAnchors = Central.AnchorPem,
            Route = new UpstreamRoute { TlsAnchors = Central.AnchorPem },
            Schedule = new Schedule(SchedulePeriod.Never, 0, 0),
        };
        await using var session = await Gateway.Database.BeginAsync();
        await change(settings).SaveAsync(session, Services.GetRequiredService<MasterKey>(), "a test", Clock.GetUtcNow(), CancellationToken.None);
        await session.CommitAsync();
    }

    /// <summary>Stops Software Central and starts it again on the same state, at another port.</summary>
    public async Task RestartCentralAsync()
    {
        await Central.DisposeAsync();
        Central = await SoftwareCentral.StartAsync(_folder, Clock);
        await ConfigureAsync(settings => settings);
    }

    /// <summary>An account as it is after its request was approved.</summary>
    public async Task<LocalAccountRow> ApprovedAccountAsync(string name, string? cloudVirtualAccount = null)
    {
        var now = Clock.GetUtcNow();
        await using var session = await Gateway.Database.BeginAsync();
        var account = new LocalAccountRow
        {
            Id = Ids.New(now),
            Name = name,
            Status = AccountStatus.AwaitingAuthorization,
            SmartAccount = SmartAccount,
            CloudVirtualAccount = cloudVirtualAccount ?? name,
            NotificationEmail = "licences@example.com",
            CreatedBy = "a test",
            CreatedAt = now,
        };
        await new LocalAccounts(session).AddAsync(account, CancellationToken.None);
        await new VirtualAccounts(session).AddAsync(
            new VirtualAccountRow { Id = Ids.New(now), AccountId = account.Id, Name = VirtualAccounts.DefaultName, Description = "", IsDefault = true, CreatedAt = now }, CancellationToken.None);
        await session.CommitAsync();
        return account;
    }

    public async Task<LocalAccountRow> RegisteredAccountAsync(string name)
    {
        var account = await ApprovedAccountAsync(name);
        Assert.IsType<RegisterAccount.Outcome.Registered>(await Services.GetRequiredService<RegisterAccount>().ExecuteAsync(Gateway.Administrator, account, CancellationToken.None));
        return await FindAsync(account);
    }

    public Task<LocalAccountRow> FindAsync(LocalAccountRow account) =>
        Gateway.ReadAsync(async session => (await new LocalAccounts(session).FindAsync(account.Id, CancellationToken.None))!);

    public Task<VirtualAccountRow> DefaultOfAsync(LocalAccountRow account) =>
        Gateway.ReadAsync(async session => (await new VirtualAccounts(session).ListAsync(account.Id, CancellationToken.None)).Single(found => found.IsDefault));

    public async Task<RunRow> StartAsync(LocalAccountRow account, bool full = false)
    {
        var outcome = await Services.GetRequiredService<StartSynchronization>().ExecuteAsync(
            new StartSynchronization.Request("a test", await FindAsync(account), RunWay.Online, full), CancellationToken.None);
        return outcome is StartSynchronization.Outcome.Started(var run) ? run : throw new InvalidOperationException(outcome.ToString());
    }

    /// <summary>Synchronises and waits for the end, a new beginning included.</summary>
    public async Task<RunRow> SynchronizeAsync(LocalAccountRow account, bool full = false)
    {
        Services.GetRequiredService<SynchronizationRunner>().Begin(await StartAsync(account, full));
        return await EndAsync(account);
    }

    public async Task<RunRow> EndAsync(LocalAccountRow account)
    {
        RunRow? last = null;
        await Wait.UntilAsync(async () => (last = (await RunsAsync(account))[0]) is { IsOpen: false, State: not RunState.Abandoned });
        return last!;
    }

    public Task<IReadOnlyList<RunRow>> RunsAsync(LocalAccountRow account) =>
        Gateway.ReadAsync(session => new SynchronizationRuns(session).ListAsync(account.Id, 100, CancellationToken.None));

    public Task<SynchronizationRow> StateAsync(LocalAccountRow account) =>
        Gateway.ReadAsync(async session => (await new Synchronizations(session).FindAsync(account.Id, CancellationToken.None))!);

    public async Task<IReadOnlyDictionary<string, long>> PurchasedAsync(LocalAccountRow account)
    {
        var virtualAccount = await DefaultOfAsync(account);
        return await Gateway.ReadAsync(async session => (await new LicensePools(session).ListAsync(virtualAccount.Id, CancellationToken.None))
            .Where(pool => pool.Purchased > 0).ToDictionary(pool => pool.Tag, pool => pool.Purchased, StringComparer.Ordinal));
    }

    /// <summary>What differs between the registered product instances on both sides, their usage included; empty when they agree.</summary>
    public Task<IReadOnlyList<string>> DifferencesAsync(LocalAccountRow account) => DifferencesAsync(Gateway.Database, Central, account);

    public static async Task<IReadOnlyList<string>> DifferencesAsync(Database database, SoftwareCentral central, LocalAccountRow account)
    {
        Dictionary<string, string> here;
        await using (var session = await database.ReadAsync())
        {
            var instances = await new ProductInstances(session).ListAsync(account.Id, null, 1_000_000, 0, CancellationToken.None);
            var usage = await new LicensePools(session).UsageOfAsync([.. instances.Select(instance => instance.Id)], CancellationToken.None);
            here = instances.ToDictionary(
                instance => instance.Id,
                instance => string.Join('|', [instance.VirtualAccountId, instance.HostName, instance.UdiPid, instance.UdiSerialNumber, instance.AuthorizationStatus, .. usage[instance.Id].Select(entry => $"{entry.Tag}={entry.Quantity}")]),
                StringComparer.Ordinal);
        }

        var there = central.Instances(account.Name).Where(instance => Text(instance, "state") == "registered").ToDictionary(
            instance => Text(instance, "id"),
            instance => string.Join('|', [Text(instance, "virtualAccount"), Text(instance, "hostName"), Text(instance, "udiPid"), Text(instance, "udiSerialNumber"), Text(instance, "authorizationStatus"), .. instance["usage"]!.AsArray().Select(entry => $"{entry!["tag"]}={entry["quantity"]}")]),
            StringComparer.Ordinal);
        return [.. here.Keys.Union(there.Keys).Where(id => here.GetValueOrDefault(id) != there.GetValueOrDefault(id))
            .Select(id => $"{id}: here {here.GetValueOrDefault(id, "absent")}, there {there.GetValueOrDefault(id, "absent")}")];
    }

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await Central.DisposeAsync();
        _keys.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    private static string Text(JsonObject record, string name) => record[name]?.ToString() ?? "";
}
