using System.Net;
using System.Net.NetworkInformation;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Tests.Architecture;
using TransportGateway.Tests.Harness;
using TransportGateway.Web;
using YamlDotNet.RepresentationModel;

namespace TransportGateway.Tests.Faces;

/// <summary>What is reachable from outside, route by route and socket by socket.</summary>
public sealed class RoutesTests
{
    [Fact]
    public async Task Every_route_names_its_permission_or_says_why_it_is_open()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        var open = Endpoints(gateway).Where(endpoint => endpoint.Metadata.GetMetadata<RoutePermissions.Open>() is not null)
            .Select(endpoint => endpoint.RoutePattern.RawText).Distinct().Order(StringComparer.Ordinal);
        Assert.Equal(
            [
                "/SmartTransport", "/Transportgateway/services/DeviceRequestHandler", "/api/v2/set-password", "/api/v2/setup", "/assets/{hash}/{name}", "/backend/oauth/token", "/healthz", "/oauth/token", "/openapi.yaml", "/readyz",
            ],
            open);
        RoutePermissions.Verify(Endpoints(gateway));
    }

    [Fact]
    public void A_route_without_a_permission_does_not_start()
    {
        var app = WebApplication.CreateSlimBuilder().Build();
        app.MapGet("/forgotten", () => "hello");
        var exception = Assert.Throws<InvalidOperationException>(
            () => RoutePermissions.Verify(((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints)));
        Assert.Contains("/forgotten", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pages_are_made_when_the_first_browser_comes_and_not_for_products()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        var made = gateway.Gateway.Services.GetRequiredService<PageEndpoints>();
        using var client = gateway.HttpClient();
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/Transportgateway/services/wrong")).StatusCode);
        Assert.Empty(made.Endpoints);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/set-up")).StatusCode);
        Assert.Equal(
            PageEndpoints.FirstSegments.Order(StringComparer.Ordinal),
            made.Endpoints.OfType<RouteEndpoint>().Select(page => page.RoutePattern.RawText!.Split('/')[0]).Distinct().Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Nothing_listens_but_what_the_settings_name()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        Assert.Equal(
            [$"http://unix:{gateway.Gateway.Directory.ControlSocket}", $"https://127.0.0.1:{gateway.Address.Port}"],
            gateway.Gateway.Addresses.Order(StringComparer.Ordinal));
        var listeners = IPGlobalProperties.GetIPGlobalProperties().GetActiveTcpListeners().Where(listener => listener.Port == gateway.Address.Port).Distinct();
        Assert.Equal(IPAddress.Loopback, Assert.Single(listeners).Address);
    }

    [Fact]
    public async Task A_gateway_process_has_exactly_one_tcp_socket_and_one_control_socket()
    {
        var folder = Directory.CreateTempSubdirectory("tg-sockets-").FullName;
        var process = Crash.GatewayProcess.Start("--data-directory", folder, "--listen-https", "127.0.0.1:0");
        try
        {
            await Crash.GatewayProcess.WaitUntilReadyAsync(process, Path.Combine(folder, "control.sock"));
            var inodes = Directory.GetFiles($"/proc/{process.Id}/fd").Select(path => new FileInfo(path).LinkTarget ?? "").Where(target => target.StartsWith("socket:[", StringComparison.Ordinal))
                .Select(target => target[8..^1]).ToHashSet();
            const string Listening = "0A";
            var tcp = new[] { "/proc/net/tcp", "/proc/net/tcp6" }.SelectMany(File.ReadLines).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(parts => parts.Length > 9 && parts[3] == Listening && inodes.Contains(parts[9])).DistinctBy(parts => parts[9]);
            var udp = new[] { "/proc/net/udp", "/proc/net/udp6" }.SelectMany(File.ReadLines).Select(line => line.Split(' ', StringSplitOptions.RemoveEmptyEntries))
                .Where(parts => parts.Length > 9 && inodes.Contains(parts[9]));
            Assert.Single(tcp);
            Assert.Empty(udp);
        }
        finally
        {
            process.Kill();
            await process.WaitForExitAsync();
            process.Dispose();
            Directory.Delete(folder, recursive: true);
        }
    }

    [Fact]
    public async Task The_contract_and_the_server_have_the_same_routes()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        var served = Endpoints(gateway)
            // The browser's pages, and what belongs to them, are no API.
            .Where(endpoint => endpoint.Metadata.GetMetadata<RoutePermissions.Page>() is null)
            .Where(endpoint => endpoint.RoutePattern.RawText is { } path && !path.StartsWith("/assets", StringComparison.Ordinal) && !path.StartsWith("/backend", StringComparison.Ordinal))
            .Select(endpoint => (endpoint.RoutePattern, Methods: endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods))
            // Several methods on one route are those that are told to POST instead.
            .Where(route => route.Methods.Count == 1)
            .SelectMany(route => route.Methods.Select(method => $"{method.ToUpperInvariant()} {route.RoutePattern.RawText}"))
            .Order(StringComparer.Ordinal);

        var contract = new YamlStream();
        using var text = File.OpenText(Path.Combine(Repository.Root, "openapi.yaml"));
        contract.Load(text);
        var paths = (YamlMappingNode)((YamlMappingNode)contract.Documents[0].RootNode)["paths"];
        var described = paths.Children.SelectMany(path => ((YamlMappingNode)path.Value).Children
                .Select(operation => operation.Key.ToString())
                .Where(method => method is "get" or "post" or "delete" or "put" or "patch")
                .Select(method => $"{method.ToUpperInvariant()} {path.Key}"))
            .Order(StringComparer.Ordinal);
        Assert.Equal(described, served);
    }

    [Fact]
    public async Task Every_compatible_route_is_served_under_the_backend_prefix_too()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        var paths = Endpoints(gateway).Select(endpoint => endpoint.RoutePattern.RawText!).ToHashSet();
        Assert.All(
            paths.Where(path => path.StartsWith("/api/v1", StringComparison.Ordinal) || path.StartsWith("/oauth", StringComparison.Ordinal)),
            path => Assert.Contains("/backend" + path, paths));
    }

    private static IEnumerable<RouteEndpoint> Endpoints(TestGateway gateway) =>
        gateway.Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>();
}
