using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Registration;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Upstream;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Faces;

/// <summary><c>tgctl central</c> and <c>tgctl sync</c> against a running gateway and a simulated Software Central, and the rights behind them.</summary>
public sealed class SynchronizationCommandsTests : IAsyncLifetime
{
    private const string Tag = "regid.2017-01.com.example.A,1.0_12345678-1234-1234-1234-123456789012";

    private CentralPair _pair = null!;

    private TestGateway Gateway => _pair.Gateway;

    private string Folder => Gateway.Gateway.Directory.Path;

    public async Task InitializeAsync()
    {
        _pair = await CentralPair.StartAsync<SqliteEngine>();
        _pair.Central.Grant(CentralPair.SmartAccount, "TEST", SynchronizationTests<SqliteEngine>.Grant(Tag, 5, TimeProvider.System.GetUtcNow().AddDays(-1), null));
    }

    public async Task DisposeAsync() => await _pair.DisposeAsync();

    [Fact]
    public async Task An_account_is_asked_for_approved_registered_and_synchronised_online()
    {
        Assert.Contains("Client secret:       set", await Gateway.TgctlDoneAsync("central", "show"), StringComparison.Ordinal);
        Assert.DoesNotContain(_pair.Central.ClientSecret, await Gateway.TgctlDoneAsync("central", "show", "-o", "json"), StringComparison.Ordinal);
        Assert.Contains("has the virtual accounts: TEST", await Gateway.TgctlDoneAsync("central", "test", CentralPair.SmartAccount), StringComparison.Ordinal);
        Assert.Contains("knows no such Smart Account", await Gateway.TgctlDoneAsync("central", "test", "nobody.example.com"), StringComparison.Ordinal);

        await RequestAndApproveAsync();
        Assert.Contains("Next: tgctl sync start --account 'TEST'", await Gateway.TgctlDoneAsync("account", "register", "TEST"), StringComparison.Ordinal);
        Assert.Contains("Never synchronised", await Gateway.TgctlDoneAsync("sync", "status"), StringComparison.Ordinal);
        Assert.Contains("TEST: Synchronization Successful (0 product instances sent, 1 entitlements received)", await Gateway.TgctlDoneAsync("sync", "start", "--account", "TEST", "--wait"), StringComparison.Ordinal);

        Assert.Contains("Synchronization Successful", await Gateway.TgctlDoneAsync("sync", "status"), StringComparison.Ordinal);
        var run = Assert.Single(JsonNode.Parse(await Gateway.TgctlDoneAsync("sync", "history", "--account", "TEST", "-o", "json"))!.AsArray())!;
        // The first one tells everything, whatever was asked for.
        Assert.Equal(("full", "online", "succeeded", "1"), (run["mode"]!.ToString(), run["way"]!.ToString(), run["state"]!.ToString(), run["entitlementsReceived"]!.ToString()));
        Assert.Contains(" 5 ", Assert.Single((await Gateway.TgctlDoneAsync("license", "list", "--account", "TEST")).Split('\n'), line => line.Contains("Prepaid", StringComparison.Ordinal)), StringComparison.Ordinal);
        Assert.Equal("succeeded", JsonNode.Parse(await Gateway.TgctlDoneAsync("sync", "start", "--account", "TEST", "--full", "--wait", "-o", "json"))!["state"]!.ToString());

        await Gateway.TgctlDoneAsync("sync", "set", "--account", "TEST", "--schedule", "weekly 0 2", "--withhold", "host-name", "serial-number");
        Assert.Contains("weekly", await Gateway.TgctlDoneAsync("sync", "status"), StringComparison.Ordinal);
        Assert.Equal(["host-name", "serial-number"], JsonNode.Parse(await Gateway.TgctlDoneAsync("sync", "status", "-o", "json"))![0]!["withheld"]!.AsArray().Select(word => word!.ToString()));
    }

    [Fact]
    public async Task A_site_with_no_way_out_carries_files()
    {
        await Gateway.TgctlDoneAsync("central", "set", "--address", "");
        Assert.Contains("synchronisation by files only", await Gateway.TgctlDoneAsync("central", "show"), StringComparison.Ordinal);
        await RequestAndApproveAsync();
        var (registration, authorization, request, response) = (File("registration"), File("authorization"), File("request"), File("response"));

        Assert.Contains("tgctl account authorization-file 'TEST'", await Gateway.TgctlDoneAsync("account", "registration-file", "TEST", "--out", registration), StringComparison.Ordinal);
        await System.IO.File.WriteAllBytesAsync(authorization, _pair.Central.ExchangeRegistration(await System.IO.File.ReadAllBytesAsync(registration)));
        Assert.Equal("registered", JsonNode.Parse(await Gateway.TgctlDoneAsync("account", "authorization-file", "TEST", "--in", authorization, "-o", "json"))!["result"]!.ToString());
        await Gateway.TgctlDoneAsync("sync", "save-request", "--account", "TEST", "--out", request);
        Assert.Contains("awaiting the response file", await Gateway.TgctlDoneAsync("sync", "status"), StringComparison.Ordinal);
        await System.IO.File.WriteAllBytesAsync(response, _pair.Central.ExchangeSynchronization(await System.IO.File.ReadAllBytesAsync(request)));
        Assert.Contains("TEST: Synchronization Successful", await Gateway.TgctlDoneAsync("sync", "load-response", "--account", "TEST", "--in", response), StringComparison.Ordinal);

        Assert.Contains("awaits no response file", await Gateway.TgctlRefusedAsync("sync", "load-response", "--account", "TEST", "--in", response), StringComparison.Ordinal);
        Assert.Contains("cannot be read", await Gateway.TgctlRefusedAsync("sync", "load-response", "--account", "TEST", "--in", "/nowhere"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("an https URL without user, password and query is needed", "central", "set", "--address", "http://central.example.com")]
    [InlineData("'nonsense' is not a URL", "central", "set", "--token-address", "nonsense")]
    [InlineData("holds no certificate in PEM", "central", "set", "--exchange-anchors", "/etc/hostname")]
    [InlineData("is not one of: 'daily HOUR'", "central", "set", "--schedule", "hourly")]
    [InlineData("schedule:", "central", "set", "--schedule", "weekly 9 2")]
    [InlineData("no local account 'Nobody'", "sync", "start", "--account", "Nobody")]
    [InlineData("is a local account without a Smart Account: there is nothing to synchronise with", "sync", "start", "--account", "Example Account")]
    [InlineData("no-such-fact", "sync", "set", "--account", "Example Account", "--withhold", "no-such-fact")]
    public async Task A_mistake_is_answered_with_what_to_do(string sentence, params string[] arguments) =>
        Assert.Contains(sentence, await Gateway.TgctlRefusedAsync(arguments), StringComparison.Ordinal);

    [Fact]
    public async Task Only_who_may_manage_upstreams_starts_and_sets_and_only_for_all_accounts_sees_the_settings()
    {
        using var reader = await Gateway.RestClientAsync(null, Permission.ReadInventory);
        using var own = await Gateway.RestClientAsync(Gateway.Account.Id, Permission.Synchronize, Permission.ReadInventory);
        foreach (var client in new[] { reader, own })
        {
            Assert.Equal(HttpStatusCode.Forbidden, (await client.GetAsync("/api/v2/central")).StatusCode);
            Assert.Equal(HttpStatusCode.Forbidden, (await client.PutAsJsonAsync("/api/v2/central", new { address = "" })).StatusCode);
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync("/api/v2/accounts/Example Account/synchronizations", new { mode = "full" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await own.PostAsJsonAsync("/api/v2/accounts/TEST/synchronizations", new { mode = "full" })).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await own.GetAsync("/api/v2/synchronizations")).StatusCode);
    }

    [Fact]
    public async Task An_account_that_is_deleted_takes_its_open_synchronisation_along()
    {
        var account = await _pair.RegisteredAccountAsync("TEST");
        var run = await _pair.StartAsync(account);

        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await _pair.Service<DeleteLocalAccount>().ExecuteAsync(Gateway.Administrator, account, CancellationToken.None));
        _pair.Service<SynchronizationRunner>().Begin(run);
        await _pair.Service<SynchronizationRunner>().StopAsync(CancellationToken.None);

        Assert.Empty(await _pair.RunsAsync(account));
        Assert.DoesNotContain(Gateway.Log.Lines, line => line.StartsWith("Error", StringComparison.Ordinal));
    }

    private async Task RequestAndApproveAsync()
    {
        await Gateway.TgctlDoneAsync("account", "request", "TEST", "--smart-account", CentralPair.SmartAccount, "--virtual-account", "TEST", "--email", "licences@example.com");
        await Gateway.TgctlDoneAsync("account", "approve", "TEST");
    }

    private string File(string name) => Path.Combine(Folder, name);
}
