using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

public sealed class SimulatedProductRegistersTests : IAsyncLifetime
{
    private FakeGateway gateway = null!;

    public async Task InitializeAsync() => gateway = await FakeGateway.StartAsync();

    public async Task DisposeAsync() => await gateway.DisposeAsync();

    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task A_product_registers_and_reports_its_licences_over_either_transport(DeviceTransport transport)
    {
        foreach (var definition in SeedProducts.All)
        {
            using var client = gateway.Client(transport);
            using var product = new SimulatedProduct(new SimulatedProductOptions
            {
                Product = definition,
                Gateway = client,
                Key = TestKeys.Pool.Next(),
            });

            var registered = await product.RegisterAsync("a-token");
            var authorized = await product.AuthorizeAsync();

            Assert.Equal("Registration completed successfully", registered.Display);
            Assert.IsType<ProductResult.Accepted>(registered);
            Assert.IsType<ProductResult.Accepted>(authorized);
            Assert.True(product.State.IsRegistered);
            Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
            Assert.Equal("Example Account", product.State.SmartAccount);
            Assert.Equal(
                definition.Entitlements.Select(entitlement => (entitlement.Tag, entitlement.Count)),
                product.State.Licenses.Select(license => (license.Tag, license.Count)));
        }

        Assert.All(gateway.Requests, request => Assert.Equal(transport == DeviceTransport.CallHome, request.IsCallHome));
    }

    [Fact]
    public async Task Every_message_has_a_connection_of_its_own_unless_connections_are_kept()
    {
        using var fresh = gateway.Client();
        using var product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Cucmpub,
            Gateway = fresh,
            Key = TestKeys.Pool.Next(),
        });
        await product.RegisterAsync("a-token");
        await product.AuthorizeAsync();
        Assert.Equal(2, gateway.Connections.Count);

        gateway.Connections.Clear();
        using var kept = gateway.Client(options: new GatewayClientOptions { KeepAlive = true });
        using var other = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Pi37,
            Gateway = kept,
            Key = TestKeys.Pool.Next(),
        });
        await other.RegisterAsync("a-token");
        await other.AuthorizeAsync();
        Assert.Single(gateway.Connections);
    }
}
