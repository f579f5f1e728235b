using System.Net;
using System.Net.Sockets;
using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

public sealed class GatewayConnectionTests
{
    [Fact]
    public async Task A_host_certificate_of_a_foreign_root_is_not_trusted()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = new GatewayClient(
            gateway.Address(DeviceTransport.CallHome), DeviceTransport.CallHome, new TrustAnchors(FakeAuthority.Foreign.Root));
        var result = await RegisterAsync(client);
        Assert.False(result.MayHaveArrived);
        Assert.Contains("is not trusted", result.Display, StringComparison.Ordinal);
        Assert.EndsWith("give the root certificate of this gateway as trust anchor", result.Display, StringComparison.Ordinal);
        Assert.Empty(gateway.Requests);
    }

    [Fact]
    public async Task A_host_certificate_for_another_name_is_not_trusted()
    {
        await using var gateway = await FakeGateway.StartAsync(hostCertificate: FakeAuthority.Trusted.IssueHost("elsewhere.example"));
        using var client = gateway.Client(DeviceTransport.CallHome);
        var result = await RegisterAsync(client);
        Assert.Equal(
            $"Fail to send out Call Home HTTP message: the certificate of {client.Address.Authority} was not issued for the name 127.0.0.1; "
                + "use the host common name of the gateway in the address",
            result.Display);
    }

    [Theory]
    [InlineData(DeviceTransport.CallHome, "Fail to send out Call Home HTTP message: no connection to ")]
    [InlineData(DeviceTransport.SmartTransport, "HTTP Server Error 200: Connection failed: no connection to ")]
    public async Task A_gateway_that_is_not_there_is_reported_in_the_words_of_the_transport(DeviceTransport transport, string start)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        var address = new Uri($"https://{listener.LocalEndpoint}/");
        listener.Stop();
        using var client = new GatewayClient(address, transport, new TrustAnchors(FakeAuthority.Trusted.Root));
        var result = await RegisterAsync(client);
        Assert.StartsWith(start, result.Display, StringComparison.Ordinal);
        Assert.EndsWith("check the address and that the gateway runs", result.Display, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_address_without_a_path_gets_the_one_of_its_transport()
    {
        await using var gateway = await FakeGateway.StartAsync();
        using var client = new GatewayClient(
            new Uri(gateway.Address(DeviceTransport.SmartTransport), "/"), DeviceTransport.CallHome, new TrustAnchors(FakeAuthority.Trusted.Root));
        Assert.Equal("/Transportgateway/services/DeviceRequestHandler", client.Address.AbsolutePath);
    }

    private static async Task<ProductResult.Unreachable> RegisterAsync(GatewayClient client)
    {
        using var product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Cucmpub,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
        });
        return Assert.IsType<ProductResult.Unreachable>(await product.RegisterAsync("a-token"));
    }
}
