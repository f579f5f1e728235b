using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary><c>tgctl relay</c> against a running gateway, relayed products in every list, and the rights that the routes ask for.</summary>
public sealed class RelayCommandsTests : IAsyncLifetime
{
    private RelayPair _pair = null!;

    private TestGateway Gateway => _pair.Gateway;

    public async Task InitializeAsync() => _pair = await RelayPair.StartAsync<SqliteEngine>(relay: false);

    public async Task DisposeAsync() => await _pair.DisposeAsync();

    [Fact]
    public async Task The_relay_is_set_tested_shown_and_turned_off()
    {
        Assert.Contains("Relay:               off", await Gateway.TgctlDoneAsync("relay", "show"), StringComparison.Ordinal);
        Assert.Contains("The relay is off. Set it with: tgctl relay set", await Gateway.TgctlRefusedAsync("relay", "test"), StringComparison.Ordinal);

        var set = await SetAsync();
        Assert.Contains("Relay:               on", set, StringComparison.Ordinal);
        Assert.Contains($"Smart Transport to:  {_pair.Upstream.Address(DeviceTransport.SmartTransport)}", set, StringComparison.Ordinal);
        Assert.Contains("Call Home to:        none", set, StringComparison.Ordinal);
        // Where there is one account, there is nothing to choose.
        Assert.Contains("Filed under:         Example Account", set, StringComparison.Ordinal);
        Assert.Contains("CN=Test Root", set, StringComparison.Ordinal);
        Assert.Contains(" unknown ", set, StringComparison.Ordinal);

        Assert.Contains(" up ", await Gateway.TgctlDoneAsync("relay", "test"), StringComparison.Ordinal);
        _pair.Upstream.Down = true;
        var away = await Gateway.TgctlDoneAsync("relay", "test");
        Assert.Contains(" away ", away, StringComparison.Ordinal);
        Assert.Contains("broke the connection off", away, StringComparison.Ordinal);

        var off = await Gateway.TgctlDoneAsync("relay", "off");
        Assert.Contains("Relay:               off", off, StringComparison.Ordinal);
        Assert.Contains("Smart Transport to:  https", off, StringComparison.Ordinal);
        Assert.Equal(
            ["The relay was turned off.", $"The relay was set: Call Home to nowhere, Smart Transport to {_pair.Upstream.Address(DeviceTransport.SmartTransport)}."],
            (await Gateway.EventsAsync(EventKinds.RelayChanged)).Select(entry => entry.Message));
    }

    [Fact]
    public async Task Every_list_marks_what_is_relayed()
    {
        await SetAsync();
        Assert.DoesNotContain("Relayed", await Gateway.TgctlDoneAsync("instance", "list"), StringComparison.Ordinal);
        var own = Gateway.Product(SeedProducts.Pi37);
        Assert.IsType<ProductResult.Accepted>(await own.RegisterAsync(await Gateway.CreateTokenAsync()));
        Assert.IsType<ProductResult.Accepted>(await own.AuthorizeAsync());
        var product = await _pair.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        var upstream = _pair.Upstream.Address(DeviceTransport.SmartTransport).AbsoluteUri;
        var list = await Gateway.TgctlDoneAsync("instance", "list");
        Assert.Contains("Relayed To", list, StringComparison.Ordinal);
        Assert.Contains("Showing All 2 Records", list, StringComparison.Ordinal);
        Assert.Contains(upstream, list.Split('\n').Single(line => line.Contains("cucmpub", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.DoesNotContain(upstream, list.Split('\n').Single(line => line.Contains("pi37", StringComparison.Ordinal)), StringComparison.Ordinal);
        var json = JsonNode.Parse(await Gateway.TgctlDoneAsync("instance", "list", "-o", "json"))!.AsArray();
        Assert.Equal([("UDI_PID:PI-SOFTWARE;UDI_SN:pi37;", "false"), ("cucmpub", "true")], json.Select(row => (row!["name"]!.ToString(), row["relayed"]!.ToString())));

        var detail = await Gateway.TgctlDoneAsync("instance", "show", product.State.ProductInstanceIdentifier!);
        Assert.Contains($"Relayed to          {upstream}", detail, StringComparison.Ordinal);
        Assert.Contains("At Cisco            Example Account / Default", detail, StringComparison.Ordinal);
        Assert.Contains("3 licence(s) in use", detail, StringComparison.Ordinal);
        var licences = (await Gateway.TgctlDoneAsync("license", "list")).Split('\n');
        Assert.Equal("3", Assert.Single(licences, line => line.Contains("UC Manager Enhanced License", StringComparison.Ordinal)).Trim().Split(' ')[^1]);
        Assert.Equal("0", Assert.Single(licences, line => line.Contains("Lifecycle", StringComparison.Ordinal)).Trim().Split(' ')[^1]);
        Assert.Contains("1, and 1 relayed", await Gateway.TgctlDoneAsync("status"), StringComparison.Ordinal);

        Assert.Contains("is relayed: its accounts are those of", await Gateway.TgctlRefusedAsync("instance", "transfer", product.State.ProductInstanceIdentifier!, "--to", "Default"), StringComparison.Ordinal);
        await Gateway.TgctlDoneAsync("instance", "remove", product.State.ProductInstanceIdentifier!, "--yes");
        Assert.Contains("Showing All 1 Records", await Gateway.TgctlDoneAsync("instance", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_is_taken_out_of_the_relay_and_back()
    {
        await SetAsync();
        Assert.Contains("are refused from now on", await Gateway.TgctlDoneAsync("relay", "account", "Example Account", "off"), StringComparison.Ordinal);
        Assert.Contains("Not relayed:         Example Account", await Gateway.TgctlDoneAsync("relay", "show"), StringComparison.Ordinal);
        Assert.IsType<ProductResult.Refused>(await _pair.StockProduct(SeedProducts.Cucmpub).RegisterAsync(RelayPair.ForeignToken));
        await Gateway.TgctlDoneAsync("relay", "account", "Example Account", "on");
        await _pair.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.Contains("no local account 'Nobody'", await Gateway.TgctlRefusedAsync("relay", "account", "Nobody", "off"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("the relay has no upstream", "relay", "set")]
    [InlineData("'nonsense' is not a URL", "relay", "set", "--call-home", "nonsense")]
    [InlineData("an https URL with a path", "relay", "set", "--call-home", "http://ssm.example.com/Transportgateway/services/DeviceRequestHandler")]
    [InlineData("an https URL with a path", "relay", "set", "--smart-transport", "https://ssm.example.com")]
    [InlineData("an https URL with a path", "relay", "set", "--smart-transport", "https://user:secret@ssm.example.com/SmartTransport")]
    [InlineData("no local account 'Nobody'", "relay", "set", "--smart-transport", "https://ssm.example.com/SmartTransport", "--account", "Nobody")]
    [InlineData("timeoutSeconds: it is 0; it must be 1 to 300", "relay", "set", "--smart-transport", "https://ssm.example.com/SmartTransport", "--timeout", "0")]
    [InlineData("alertMinutes: it is 5000", "relay", "set", "--smart-transport", "https://ssm.example.com/SmartTransport", "--alert-after", "5000")]
    [InlineData("proxy: an http URL without user and password", "relay", "set", "--smart-transport", "https://ssm.example.com/SmartTransport", "--proxy", "socks5://proxy.example.com:1080")]
    [InlineData("cannot be read", "relay", "set", "--tls-anchors", "/nowhere/roots.pem")]
    public async Task A_mistake_is_answered_with_what_to_do_and_changes_nothing(string sentence, params string[] arguments)
    {
        Assert.Contains(sentence, await Gateway.TgctlRefusedAsync(arguments), StringComparison.Ordinal);
        Assert.Empty(_pair.Routes.Upstreams);
        Assert.Empty(await Gateway.EventsAsync(EventKinds.RelayChanged));
    }

    [Fact]
    public async Task The_password_of_the_proxy_goes_in_and_never_comes_out()
    {
        var file = Path.Combine(Gateway.Gateway.Directory.Path, "password");
        await File.WriteAllTextAsync(file, "open sesame\n");
        await SetAsync("--proxy", "http://proxy.example.com:3128", "--proxy-user", "gateway", "--proxy-password-file", file);

        Assert.Contains("\"hasProxyPassword\": true", await Gateway.TgctlDoneAsync("relay", "show", "-o", "json"), StringComparison.Ordinal);
        Assert.DoesNotContain("open sesame", await Gateway.TgctlDoneAsync("relay", "show", "-o", "json"), StringComparison.Ordinal);
        Assert.DoesNotContain("open sesame", await Gateway.ReadAsync(session => session.ScalarAsync<string>("SELECT value FROM stored_settings WHERE name = 'relay'", null, CancellationToken.None)), StringComparison.Ordinal);
        Assert.DoesNotContain(Gateway.Log.Lines, line => line.Contains("open sesame", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Only_who_may_manage_upstreams_of_the_whole_gateway_sees_and_changes_the_relay()
    {
        using var own = await Gateway.RestClientAsync(Gateway.Account.Id, Permission.ManageUpstream, Permission.ReadInventory);
        using var reader = await Gateway.RestClientAsync(null, Permission.ReadInventory);
        foreach (var client in new[] { own, reader })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/v2/relay")).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PutAsJsonAsync("/api/v2/relay", new { enabled = false })).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PostAsJsonAsync("/api/v2/relay/test", new { })).StatusCode);
        }

        // Its own account is an account administrator's to decide on.
        Assert.Equal(HttpStatusCode.NoContent, (await own.PutAsJsonAsync("/api/v2/accounts/Example Account/relay", new { enabled = false })).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PutAsJsonAsync("/api/v2/accounts/Example Account/relay", new { enabled = true })).StatusCode);
    }

    private async Task<string> SetAsync(params string[] more)
    {
        var root = Path.Combine(Gateway.Gateway.Directory.Path, "upstream.pem");
        await File.WriteAllTextAsync(root, _pair.Upstream.Authority.Root.ExportCertificatePem());
        return await Gateway.TgctlDoneAsync(["relay", "set", "--smart-transport", _pair.Upstream.Address(DeviceTransport.SmartTransport).AbsoluteUri, "--tls-anchors", root, .. more]);
    }
}
