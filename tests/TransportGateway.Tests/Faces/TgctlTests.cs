using System.Text.Json.Nodes;
using TransportGateway.Cli;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The console against a running gateway, over its control socket and over TLS.</summary>
public sealed class TgctlTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task The_seed_note_is_told_by_the_console()
    {
        var token = (await DoneAsync("token", "create", "--quiet")).Trim();
        foreach (var definition in SeedProducts.All)
        {
            var product = _gateway.Product(definition, DeviceTransport.CallHome);
            await product.RegisterAsync(token);
            await product.AuthorizeAsync();
        }

        var licenses = (await DoneAsync("license", "list")).Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries))).ToArray();
        Assert.Contains("License Billing Purchased In Use Substitution Balance Alerts", licenses);
        Assert.Contains("Prime Infrastructure 3.x, Lifecycle Lic. Prepaid 0 48 -48 Insufficient Licenses", licenses);
        Assert.Contains("UC Manager Enhanced License (12.x) Prepaid 0 47 -47 Insufficient Licenses", licenses);
        Assert.Contains("Showing All 8 Records", licenses);

        var instances = await DoneAsync("instance", "list");
        Assert.Contains("UDI_PID:PI-SOFTWARE;UDI_SN:annanr-39;", instances, StringComparison.Ordinal);
        Assert.Contains("Showing All 4 Records", instances, StringComparison.Ordinal);
        Assert.Equal(8, JsonNode.Parse(await DoneAsync("license", "list", "-o", "json"))!.AsArray().Count);
    }

    [Fact]
    public async Task An_instance_is_shown_transferred_and_removed()
    {
        var token = (await DoneAsync("token", "create", "--quiet")).Trim();
        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(token);
        await product.AuthorizeAsync();
        var id = product.State.ProductInstanceIdentifier!;

        Assert.Contains("OUT_OF_COMPLIANCE", await DoneAsync("instance", "show", id), StringComparison.Ordinal);
        await DoneAsync("virtual-account", "create", "Branch");
        Assert.Contains("cucmpub is in 'Branch' now", await DoneAsync("instance", "transfer", id, "--to", "Branch"), StringComparison.Ordinal);
        Assert.Contains("cucmpub", await RefusedAsync("virtual-account", "delete", "Branch"), StringComparison.Ordinal);
        await DoneAsync("instance", "remove", id, "--yes");
        Assert.Contains("Showing All 0 Records", await DoneAsync("license", "list", "--virtual-account", "Branch"), StringComparison.Ordinal);
        await DoneAsync("virtual-account", "delete", "Branch");
        Assert.Contains("instance-removed", await DoneAsync("event", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_texts_are_shown_only_on_request_and_a_revoked_token_is_gone()
    {
        var text = (await DoneAsync("token", "create", "--quiet", "--description", "for the lab", "--max-uses", "5")).Trim();
        Assert.DoesNotContain(text, await DoneAsync("token", "list"), StringComparison.Ordinal);
        Assert.Contains(text, await DoneAsync("token", "list", "--show-text"), StringComparison.Ordinal);
        var id = JsonNode.Parse(await DoneAsync("token", "list", "-o", "json"))![0]!["id"]!.GetValue<string>();
        await DoneAsync("token", "revoke", id);
        Assert.Contains("revoked before", await RefusedAsync("token", "revoke", id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_another_machine_the_set_up_code_and_then_the_client_open_the_door()
    {
        string[] remote = ["--server", _gateway.Address.ToString(), "--ca", _gateway.Gateway.Directory.TrustAnchor];
        var (code, output, _) = await RunAsync(["setup", "--code", _gateway.Gateway.SetupCode!.Value, "-o", "json", .. remote]);
        Assert.Equal(0, code);
        Assert.NotNull(JsonNode.Parse(output)!["clientSecret"]);

        var (refused, _, message) = await RunAsync(["status", .. remote]);
        Assert.Equal(1, refused);
        Assert.Contains("/oauth/token", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no gateway at", "status", "--socket", "/nowhere/control.sock")]
    [InlineData("is not an https URL", "status", "--server", "licences.example.com")]
    [InlineData("There is no local account 'Nobody'", "token", "list", "--account", "Nobody")]
    [InlineData("1 to 9999 days", "token", "create", "--days", "0")]
    [InlineData("already; choose another name", "account", "create", "Example Account")]
    [InlineData("There is no permission 'Everything'", "api-client", "create", "x", "--permission", "Everything")]
    [InlineData("There is no registered product instance", "instance", "show", "nonsense")]
    public async Task A_mistake_is_answered_with_what_to_do(string sentence, params string[] arguments) =>
        Assert.Contains(sentence, await RefusedAsync(arguments), StringComparison.Ordinal);

    [Fact]
    public async Task A_wrong_command_line_ends_with_exit_code_2()
    {
        var (code, _, _) = await RunAsync(["token", "creat"]);
        Assert.Equal(2, code);
    }

    private async Task<string> DoneAsync(params string[] arguments)
    {
        var (code, output, errors) = await RunAsync([.. arguments, "--data-directory", _gateway.Gateway.Directory.Path]);
        Assert.True(code == 0, errors);
        return output;
    }

    private async Task<string> RefusedAsync(params string[] arguments)
    {
        var directed = arguments.Contains("--socket") || arguments.Contains("--server");
        var (code, _, errors) = await RunAsync(directed ? arguments : [.. arguments, "--data-directory", _gateway.Gateway.Directory.Path]);
        Assert.Equal(1, code);
        return errors;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        return (await Tgctl.RunAsync(arguments, output, errors), output.ToString(), errors.ToString());
    }
}
