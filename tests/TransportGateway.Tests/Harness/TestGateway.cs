using System.Net;
using System.Net.Security;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Contract;
using TransportGateway.Tests.Simulators;

namespace TransportGateway.Tests.Harness;

/// <summary>The real server on loopback with real TLS, a database of its own, and simulated products to go with it.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly TestEngine _engine;
    private readonly KeySet _keys;
    private readonly TimeProvider _clock;
    private readonly Dictionary<string, string> _settings;
    private readonly List<IDisposable> _owned = [];
    private bool _runs;

    private readonly SimulatedCluster? _cluster;

    private TestGateway(TestEngine engine, TimeProvider clock, Dictionary<string, string> settings, CapturedLog log, KeySet keys, SimulatedCluster? cluster)
    {
        _cluster = cluster;
        _engine = engine;
        _clock = clock;
        _settings = settings;
        _keys = keys;
        Log = log;
    }

    public Gateway Gateway { get; private set; } = null!;

    /// <summary>The value that the gateway was started with last.</summary>
    public string Setting(string key) => _settings[key];

    /// <summary>Every answer of its REST API is held against the contract; a test that got one which does not fit fails at its end.</summary>
    public ContractWatch Contract { get; } = new();

    /// <summary>Every log line that the server wrote, for tests that read it.</summary>
    public CapturedLog Log { get; }

    public Database Database => Gateway.Services.GetRequiredService<Database>();

    public Uri Address => new(Gateway.Addresses.First(address => address.StartsWith("https", StringComparison.Ordinal)).Replace("127.0.0.1", "localhost", StringComparison.Ordinal));

    public TrustAnchors Anchors => TrustAnchors.FromPem(File.ReadAllText(Gateway.Directory.TrustAnchor));

    public LocalAccountRow Account { get; private set; } = null!;

    public VirtualAccountRow VirtualAccount { get; private set; } = null!;

    public Caller Administrator { get; } = Caller.Local("administrator");

    public static async Task<TestGateway> StartAsync<TEngine>(TimeProvider? clock = null, params (string Key, string Value)[] settings)
        where TEngine : TestEngine, new()
    {
        var engine = new TEngine();
        await engine.CreateAsync();
        return await StartAsync(engine, clock, settings, cluster: null);
    }

    /// <summary>A gateway that takes its machine for a node of the cluster.</summary>
    public static async Task<TestGateway> StartInAsync<TEngine>(SimulatedCluster cluster)
        where TEngine : TestEngine, new()
    {
        var engine = new TEngine();
        await engine.CreateAsync();
        return await StartAsync(engine, clock: null, [], cluster);
    }

    private static async Task<TestGateway> StartAsync(TestEngine engine, TimeProvider? clock, (string Key, string Value)[] settings, SimulatedCluster? cluster)
    {
        var log = new CapturedLog();
        var keys = new KeySet();
        var given = new Dictionary<string, string>(engine.GatewaySettings, StringComparer.Ordinal) { ["host-name"] = "localhost", ["listen-https"] = $"127.0.0.1:{Loopback.FreePort()}" };
        foreach (var (key, value) in settings)
        {
            given[key] = value;
        }

        var started = new TestGateway(engine, clock ?? TimeProvider.System, given, log, keys, cluster);
        await started.StartAsync();
        await started.CreateAccountAsync("Example Account");
        return started;
    }

    /// <summary>Stops it, and starts it at the same address and on the same data directory, with these settings besides.</summary>
    public async Task RestartAsync(params (string Key, string Value)[] settings)
    {
        if (_runs)
        {
            await StopAsync();
        }

        foreach (var (key, value) in settings)
        {
            _settings[key] = value;
        }

        await StartAsync();
    }

    private async Task StartAsync()
    {
        var (loaded, errors) = GatewaySettings.Load([.. _settings.Select(entry => $"--{entry.Key}={entry.Value}")], new Dictionary<string, string>());
        Assert.Empty(errors);
        Gateway = await Gateway.StartAsync(loaded!, _clock, logging =>
        {
            logging.ClearProviders().AddProvider(Log);
            logging.Services.AddSingleton<IStartupFilter>(Contract);
            if (_cluster is not null)
            {
                logging.Services.AddSingleton(_cluster.Files);
            }
        }, _keys.Next);
        _runs = true;
    }

    private async Task StopAsync()
    {
        _runs = false;
        await Gateway.StopAsync();
        await Gateway.DisposeAsync();
    }

    /// <summary>From here on nothing is done by itself.</summary>
    public Task StopJobsAsync() => Gateway.Services.GetServices<IHostedService>().OfType<JobRunner>().Single().StopAsync(CancellationToken.None);

    /// <summary>A client that trusts this gateway's root and nothing else.</summary>
    public HttpClient Http(SocketsHttpHandler? handler = null)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(Gateway.Directory.TrustAnchor);
        handler ??= new SocketsHttpHandler();
        handler.UseProxy = false;
        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        // Who asks first whether a large body is wanted waits for the answer: one that is refused while it is sent breaks the connection.
        handler.Expect100ContinueTimeout = TimeSpan.FromMinutes(1);
        return new HttpClient(handler) { BaseAddress = Address };
    }

    public GatewayClient Client(DeviceTransport transport = DeviceTransport.SmartTransport, GatewayClientOptions? options = null)
    {
        var client = new GatewayClient(new Uri(Address, transport == DeviceTransport.CallHome ? GatewayClient.CallHomePath : GatewayClient.SmartTransportPath), transport, Anchors, options);
        _owned.Add(client);
        return client;
    }

    /// <summary>A product that dials the given name; the connection goes to this gateway whatever the name resolves to.</summary>
    public SimulatedProduct ProductDialling(string name, ProductDefinition definition, IPAddress? address = null)
    {
        var client = new GatewayClient(
            new UriBuilder(Address) { Host = name.Contains(':', StringComparison.Ordinal) ? $"[{name}]" : name }.Uri,
            DeviceTransport.SmartTransport,
            Anchors,
            new GatewayClientOptions { ConnectTo = new IPEndPoint(address ?? IPAddress.Loopback, Address.Port) });
        _owned.Add(client);
        return Product(definition, client, clock: null);
    }

    public SimulatedProduct Product(ProductDefinition definition, DeviceTransport transport = DeviceTransport.SmartTransport, TimeProvider? clock = null) =>
        Product(definition, Client(transport), clock);

    private SimulatedProduct Product(ProductDefinition definition, GatewayClient client, TimeProvider? clock)
    {
        var product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = definition,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
            Clock = clock ?? Gateway.Services.GetRequiredService<TimeProvider>(),
        });
        _owned.Add(product);
        return product;
    }

    public async Task<string> CreateTokenAsync(long? maxUses = null, int days = 30, bool exportControlled = true, VirtualAccountRow? virtualAccount = null)
    {
        var outcome = await new CreateToken(Database, Gateway.Services.GetRequiredService<MasterKey>(), Gateway.Services.GetRequiredService<TimeProvider>()).ExecuteAsync(
            new CreateToken.Request(Administrator, virtualAccount ?? VirtualAccount, "a test's token", days, exportControlled, maxUses), CancellationToken.None);
        return Assert.IsType<CreateToken.Outcome.Created>(outcome).Text.Value;
    }

    public async Task<IReadOnlyList<InstanceRow>> InstancesAsync()
    {
        await using var session = await Database.ReadAsync();
        return await new ProductInstances(session).ListAsync(null, null, 10_000, 0, CancellationToken.None);
    }

    public async Task<IReadOnlyList<EventRow>> EventsAsync(string? kind = null)
    {
        await using var session = await Database.ReadAsync();
        return await new EventLog(session).ListAsync(EventFilter.OfKind(kind), 1000, CancellationToken.None);
    }

    public async Task<T> ReadAsync<T>(Func<DbSession, Task<T>> read)
    {
        await using var session = await Database.ReadAsync();
        return await read(session);
    }

    /// <summary>Has a job done once, now.</summary>
    public Task RunAsync<TJob>()
        where TJob : IJob => Gateway.Services.GetServices<IJob>().OfType<TJob>().Single().RunAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        foreach (var owned in Enumerable.Reverse(_owned))
        {
            owned.Dispose();
        }

        if (_runs)
        {
            await StopAsync();
        }

        await _engine.DisposeAsync();
        _keys.Dispose();
        Assert.True(Contract.Violations.Count == 0, string.Join(Environment.NewLine, Contract.Violations));
    }

    private async Task CreateAccountAsync(string name)
    {
        var clock = Gateway.Services.GetRequiredService<TimeProvider>();
        var outcome = await new CreateLocalAccount(Database, clock).ExecuteAsync(Administrator, name, CancellationToken.None);
        Account = Assert.IsType<CreateLocalAccount.Outcome.Created>(outcome).Account;
        VirtualAccount = (await ReadAsync(session => new VirtualAccounts(session).ListAsync(Account.Id, CancellationToken.None)))[0];
    }
}
