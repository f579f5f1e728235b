using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Licensing;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Simulators;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Harness;

/// <summary>A gateway that relays, and a simulated licensing server with a root of its own that it relays to.</summary>
internal sealed class RelayPair : IAsyncDisposable
{
    /// <summary>The simulated upstream takes any token.</summary>
    public const string ForeignToken = "MjAzNTZhMjctNGQzZi00NGE1LWI1OGUtZm9yZWlnbg";

    private readonly List<IDisposable> _owned = [];

    private RelayPair(TestGateway gateway, FakeGateway upstream)
    {
        Gateway = gateway;
        Upstream = upstream;
    }

    public TestGateway Gateway { get; }

    public FakeGateway Upstream { get; }

    public RelayRoutes Routes => Service<RelayRoutes>();

    public T Service<T>()
        where T : notnull => Gateway.Gateway.Services.GetRequiredService<T>();

    public static async Task<RelayPair> StartAsync<TEngine>(TimeProvider? clock = null, bool relay = true, params (string Key, string Value)[] settings)
        where TEngine : TestEngine, new()
    {
        var pair = new RelayPair(await TestGateway.StartAsync<TEngine>(clock, settings), await FakeGateway.StartAsync(clock));
        if (relay)
        {
            Assert.IsType<ChangeRelay.Outcome.Changed>(await pair.ChangeAsync(request => request));
        }

        return pair;
    }

    /// <summary>Sets the relay to the upstream, with what a test wants otherwise.</summary>
    public Task<ChangeRelay.Outcome> ChangeAsync(Func<ChangeRelay.Request, ChangeRelay.Request> change) => Service<ChangeRelay>().ExecuteAsync(
        change(new ChangeRelay.Request(
            Gateway.Administrator,
            Enabled: true,
            Upstream.Address(DeviceTransport.CallHome).AbsoluteUri,
            Upstream.Address(DeviceTransport.SmartTransport).AbsoluteUri,
            Gateway.Account.Name,
            Proxy: null,
            ProxyUser: null,
            ProxyPassword: null,
            Upstream.Authority.Root.ExportCertificatePem(),
            TimeoutSeconds: null,
            AlertMinutes: null)),
        CancellationToken.None);

    /// <summary>A stock product: it dials the gateway, and believes what the upstream's root vouches for.</summary>
    public SimulatedProduct StockProduct(ProductDefinition definition, DeviceTransport transport = DeviceTransport.SmartTransport)
    {
        var product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = definition,
            Gateway = Gateway.Client(transport),
            Key = TestKeys.Pool.Next(),
            Clock = Service<TimeProvider>(),
            LicensingAnchors = new TrustAnchors(Upstream.Authority.Root),
        });
        _owned.Add(product);
        return product;
    }

    public async Task<SimulatedProduct> RegisteredAsync(ProductDefinition definition, DeviceTransport transport = DeviceTransport.SmartTransport)
    {
        var product = StockProduct(definition, transport);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(ForeignToken));
        return product;
    }

    public Task<IReadOnlyList<InstanceRow>> RelayedAsync() =>
        Gateway.ReadAsync(session => new RelayedInstances(session).ListAsync(null, null, 1000, 0, CancellationToken.None));

    public Task<IReadOnlyList<RelayedUsage>> UsageAsync(InstanceRow instance) =>
        Gateway.ReadAsync(session => new RelayedUsages(session).OfInstanceAsync(instance.Id, CancellationToken.None));

    public Task<IReadOnlyList<ListLicenses.License>> LicensesAsync() =>
        new ListLicenses(Gateway.Database).ExecuteAsync(Gateway.Account.Id, Gateway.VirtualAccount.Id, CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        _owned.ForEach(owned => owned.Dispose());
        await Gateway.DisposeAsync();
        await Upstream.DisposeAsync();
    }
}
