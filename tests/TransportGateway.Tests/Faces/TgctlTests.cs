using System.Text.Json.Nodes;
using TransportGateway.Cli;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The console against a running gateway, over its control socket and over TLS.</summary>
public sealed class TgctlTests : IAsyncLifetime
{
    private const string Ten = "1234567890";
    private const string Hundred = Ten + Ten + Ten + Ten + Ten + Ten + Ten + Ten + Ten + Ten;
    private const string Long = Hundred + Hundred + Hundred + Hundred + Hundred + Hundred + Hundred + Hundred + Hundred + Hundred + "x";

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
        Assert.Equal(
            [
                "License Billing Purchased In Use Substitution Balance Alerts",
                "Prime Infrastructure 3.x, Assurance Lic. Prepaid 0 2 -2 Insufficient Licenses",
                "Prime Infrastructure 3.x, BASE Lic. Prepaid 0 2 -2 Insufficient Licenses",
                "Prime Infrastructure 3.x, Lifecycle Lic. Prepaid 0 48 -48 Insufficient Licenses",
                "UC Manager Basic License (12.x) Prepaid 0 2 -2 Insufficient Licenses",
                "UC Manager Enhanced License (12.x) Prepaid 0 47 -47 Insufficient Licenses",
                "UC Manager Enhanced Plus License (12.x) Prepaid 0 1 -1 Insufficient Licenses",
                "UC Manager Essential License (12.x) Prepaid 0 4 -4 Insufficient Licenses",
                "UC Manager Telepresence Room License (12.x) Prepaid 0 1 -1 Insufficient Licenses",
                "Showing All 8 Records",
            ],
            licenses.Where(line => line.Length > 0 && line.Any(char.IsLetter)));

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
        Assert.Contains("cucmpub", await RefusedAsync("virtual-account", "delete", "Branch", "--yes"), StringComparison.Ordinal);
        await DoneAsync("instance", "remove", id, "--yes");
        Assert.Contains("Showing All 0 Records", await DoneAsync("license", "list", "--virtual-account", "Branch"), StringComparison.Ordinal);
        await DoneAsync("virtual-account", "delete", "Branch", "--yes");
        Assert.Contains("instance-removed", await DoneAsync("event", "list"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Token_texts_are_shown_only_on_request_and_a_revoked_token_is_gone()
    {
        var text = (await DoneAsync("token", "create", "--quiet", "--description", "for the lab", "--max-uses", "5")).Trim();
        Assert.DoesNotContain(text, await DoneAsync("token", "list"), StringComparison.Ordinal);
        Assert.Contains(text, await DoneAsync("token", "list", "--show-text"), StringComparison.Ordinal);
        var id = JsonNode.Parse(await DoneAsync("token", "list", "-o", "json"))![0]!["id"]!.GetValue<string>();
        await DoneAsync("token", "revoke", id, "--yes");
        Assert.Contains("revoked before", await RefusedAsync("token", "revoke", id, "--yes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task From_another_machine_the_set_up_code_and_then_the_client_open_the_door()
    {
        string[] remote = ["--server", _gateway.Address.ToString(), "--ca", _gateway.Gateway.Directory.TrustAnchor];
        var (code, output, _) = await RunAsync(["setup", "--code", _gateway.Gateway.SetupCode!.Value, "-o", "json", .. remote]);
        Assert.Equal(0, code);
        Assert.NotNull(JsonNode.Parse(output)!["clientSecret"]);
        Assert.Contains("set-up code is not valid", (await RunAsync(["setup", "--code", _gateway.Gateway.SetupCode!.Value, .. remote])).Errors, StringComparison.Ordinal);

        var (refused, _, message) = await RunAsync(["status", .. remote]);
        Assert.Equal(1, refused);
        Assert.Contains("/oauth/token", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("There is no gateway at", "status", "--socket", "/nowhere/control.sock")]
    [InlineData("is not an https URL", "status", "--server", "licences.example.com")]
    [InlineData("There is no local account 'Nobody'", "token", "list", "--account", "Nobody")]
    [InlineData("1 to 9999 days", "token", "create", "--days", "0")]
    [InlineData("The description is longer than 1000 characters.", "token", "create", "--description", Long)]
    [InlineData("already; choose another name", "account", "create", "Example Account")]
    [InlineData("is not one address", "account", "request", "TEST", "--smart-account", "s", "--virtual-account", "v", "--email", "nobody")]
    [InlineData("There is no local account 'Nobody'", "account", "approve", "Nobody")]
    [InlineData("cannot be approved: it is Active, and only one that is Pending can be.", "account", "approve", "Example Account")]
    [InlineData("/nowhere cannot be read", "setup", "--code-file", "/nowhere")]
    [InlineData("Give the set-up code once", "setup", "--code-file", "/nowhere", "--code", "x")]
    [InlineData("There is no permission 'Everything'", "api-client", "create", "x", "--permission", "Everything")]
    [InlineData("There is no registered product instance", "instance", "show", "nonsense")]
    public async Task A_mistake_is_answered_with_what_to_do(string sentence, params string[] arguments) =>
        Assert.Contains(sentence, await RefusedAsync(arguments), StringComparison.Ordinal);

    [Fact]
    public async Task An_account_is_requested_rejected_requested_again_approved_and_deleted()
    {
        string[] form = ["--smart-account", "annanr.example.com", "--virtual-account", "TEST", "--email", "licences@example.com"];
        Assert.Contains("An administrator decides", await DoneAsync(["account", "request", "TEST", .. form]), StringComparison.Ordinal);
        Assert.Contains("Local account 'TEST': Rejected: not this year", await DoneAsync("account", "reject", "TEST", "--reason", "not this year", "--yes"), StringComparison.Ordinal);
        Assert.Contains("Rejected: not this year", await DoneAsync("account", "requests"), StringComparison.Ordinal);
        await DoneAsync(["account", "request", "TEST", .. form]);

        var requests = Words(await DoneAsync("account", "requests"));
        Assert.Contains("Account Requested By Cisco Smart Account Cisco Virtual Account Account Status Requested (UTC)", requests);
        Assert.Contains(requests, line => line.Contains(" annanr.example.com TEST Pending 20", StringComparison.Ordinal));
        Assert.Equal(["Example Account"], JsonNode.Parse(await DoneAsync("account", "list", "-o", "json"))!.AsArray().Select(entry => entry!["name"]!.GetValue<string>()));
        // A request does not stand in the way of leaving out --account.
        await DoneAsync("token", "list");

        Assert.Contains("Local account 'TEST': Awaiting authorisation file", await DoneAsync("account", "approve", "TEST"), StringComparison.Ordinal);
        var accounts = Words(await DoneAsync("account", "list"));
        Assert.Contains(accounts, line => line.StartsWith("Example Account ", StringComparison.Ordinal) && line.EndsWith("none (local only) Active", StringComparison.Ordinal));
        Assert.Contains(accounts, line => line.EndsWith("annanr.example.com TEST Awaiting authorisation file", StringComparison.Ordinal));
        var shown = Words(await DoneAsync("account", "show", "TEST"));
        Assert.Contains("Tenant id TEST-1", shown);
        Assert.Contains("E-mail licences@example.com", shown);
        Assert.Contains("It becomes active when", await RefusedAsync("token", "create", "--account", "TEST"), StringComparison.Ordinal);
        await DoneAsync("account", "delete", "TEST", "--yes");
        Assert.Contains("There is no local account 'TEST'", await RefusedAsync("account", "show", "TEST"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_is_deactivated_and_activated_and_its_deletion_lists_what_is_in_the_way()
    {
        await DoneAsync("virtual-account", "create", "Branch");
        Assert.Contains("Inactive", await DoneAsync("account", "deactivate", "Example Account", "--yes"), StringComparison.Ordinal);
        Assert.Contains("Activate it: tgctl account activate 'Example Account'", await RefusedAsync("token", "create"), StringComparison.Ordinal);
        Assert.Contains("Active", await DoneAsync("account", "activate", "Example Account"), StringComparison.Ordinal);
        Assert.Contains("without a Smart Account", await RefusedAsync("account", "register-again", "Example Account"), StringComparison.Ordinal);

        await _gateway.Product(SeedProducts.Cucmpub).RegisterAsync(await _gateway.CreateTokenAsync());
        var refusal = (await RefusedAsync("account", "delete", "Example Account", "--yes")).Split('\n');
        Assert.Equal("Local account 'Example Account' is still in use; nothing was deleted.", refusal[0].TrimEnd());
        Assert.StartsWith("Product instances are registered in it (1): cucmpub", refusal[1], StringComparison.Ordinal);
        Assert.Contains("tgctl virtual-account delete NAME --account 'Example Account'", refusal[2], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("yes", 0)]
    [InlineData("y", 1)]
    [InlineData("", 1)]
    public async Task What_cannot_be_brought_back_is_done_only_on_a_yes(string answer, int code)
    {
        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync((await DoneAsync("token", "create", "--quiet")).Trim());
        await DoneAsync("virtual-account", "create", "Branch");
        var token = JsonNode.Parse(await DoneAsync("token", "list", "-o", "json"))![0]!["id"]!.GetValue<string>();
        var client = JsonNode.Parse(await DoneAsync("api-client", "create", "automation", "-o", "json"))!["clientId"]!.GetValue<string>();
        foreach (var (command, result) in new (string[], string)[]
        {
            (["token", "revoke", token], "revoked"),
            (["api-client", "revoke", client], "revoked"),
            (["virtual-account", "delete", "Branch"], "deleted"),
            (["instance", "remove", product.State.ProductInstanceIdentifier!], "removed"),
            (["account", "delete", "Example Account"], "deleted"),
        })
        {
            var (ended, output, errors) = await RunAsync([.. command, "-o", "json", "--data-directory", _gateway.Gateway.Directory.Path], answer);
            Assert.Equal(code, ended);
            Assert.Contains("Enter 'yes' to continue: ", errors, StringComparison.Ordinal);
            if (code == 0)
            {
                Assert.Equal(result, JsonNode.Parse(output)!["result"]!.GetValue<string>());
            }
            else
            {
                Assert.Contains("Nothing was changed. Where nobody can answer, give --yes.", errors, StringComparison.Ordinal);
                Assert.Equal("", output);
            }
        }

        Assert.Equal(code, await _gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM accounts", null, CancellationToken.None)));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("standard input")]
    public async Task The_set_up_code_needs_not_be_on_the_command_line(string way)
    {
        var code = _gateway.Gateway.SetupCode!.Value;
        var file = Path.Combine(_gateway.Gateway.Directory.Path, "code");
        await File.WriteAllTextAsync(file, code + "\n");
        string[] given = way == "file" ? ["--code-file", file] : [];
        var (ended, output, errors) = await RunAsync(["setup", "--data-directory", _gateway.Gateway.Directory.Path, "-o", "json", .. given], way == "file" ? "" : code + "\n");
        Assert.True(ended == 0, errors);
        Assert.NotNull(JsonNode.Parse(output)!["clientSecret"]);
        Assert.Equal(way == "standard input", errors.Contains("Set-up code: ", StringComparison.Ordinal));
        Assert.Contains("The set-up code is missing", (await RunAsync(["setup", "--data-directory", _gateway.Gateway.Directory.Path])).Errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_command_line_ends_with_exit_code_2()
    {
        var (code, _, _) = await RunAsync(["token", "creat"]);
        Assert.Equal(2, code);
    }

    private static string[] Words(string table) =>
        [.. table.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)))];

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
        // No gateway is behind the socket that a test names.
        Assert.Equal(arguments.Contains("--socket") ? 3 : 1, code);
        return errors;
    }

    private static async Task<(int Code, string Output, string Errors)> RunAsync(string[] arguments, string input = "")
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        using var typed = new StringReader(input);
        return (await Tgctl.RunAsync(arguments, output, errors, typed), output.ToString(), errors.ToString());
    }
}
