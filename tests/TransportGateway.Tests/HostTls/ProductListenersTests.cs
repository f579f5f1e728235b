using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>The address that products are told to dial.</summary>
public sealed class ProductListenersTests
{
    [Theory]
    [InlineData("licences.example.com", new[] { 443 }, "https://licences.example.com")]
    [InlineData("licences.example.com", new[] { 8443, 443 }, "https://licences.example.com")]
    [InlineData("licences.example.com", new[] { 8443, 9443 }, "https://licences.example.com:8443")]
    [InlineData("192.0.2.1", new[] { 8443 }, "https://192.0.2.1:8443")]
    [InlineData("2001:db8::1", new[] { 8443 }, "https://[2001:db8::1]:8443")]
    [InlineData("2001:db8::1", new[] { 443 }, "https://[2001:db8::1]")]
    public void It_has_the_port_where_no_listener_has_the_usual_one(string host, int[] ports, string origin) => Assert.Equal(origin, ProductListeners.Origin(host, ports));

    [Fact]
    public async Task The_page_with_the_recipes_names_the_port_that_the_gateway_really_listens_on()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-admin", "127.0.0.1:0"));
        await gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(gateway, "boss");
        var page = await browser.PageAsync("/licensing/Example%20Account/Default/general");
        Assert.Contains($">https://localhost:{gateway.Address.Port}/SmartTransport<", page, StringComparison.Ordinal);
        Assert.Contains($"destination address http https://localhost:{gateway.Address.Port}/Transportgateway/services/DeviceRequestHandler", page, StringComparison.Ordinal);
    }
}
