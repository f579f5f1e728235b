using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Cli;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>What the console shows and changes beyond accounts and tokens, what it asks before, and how it ends.</summary>
public sealed class ConsoleCoverageTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Access_rules_are_shown_and_what_is_given_is_changed()
    {
        Assert.Contains("Password length:     12", await _gateway.TgctlDoneAsync("access-rules", "show"), StringComparison.Ordinal);
        var changed = JsonNode.Parse(await _gateway.TgctlDoneAsync("access-rules", "set", "--password-characters", "16", "--second-factor-needed", "true", "-o", "json"))!;
        Assert.Equal((16, 5, true), (changed["passwordCharacters"]!.GetValue<int>(), changed["lockAfterFailures"]!.GetValue<int>(), changed["secondFactorNeeded"]!.GetValue<bool>()));
        Assert.Contains("passwordCharacters must be a number from 8 to 128", await _gateway.TgctlRefusedAsync("access-rules", "set", "--password-characters", "1"), StringComparison.Ordinal);
        Assert.Contains("Password length:     16", await _gateway.TgctlDoneAsync("access-rules", "show"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_has_names_and_a_language_and_is_shown()
    {
        await _gateway.TgctlDoneAsync("user", "create", "anna", "--first-name", "Anna", "--email", "anna@example.com", "--language", "zh-Hant");
        await _gateway.TgctlDoneAsync("user", "change", "anna", "--last-name", "Example");
        await _gateway.TgctlDoneAsync("user", "role", "anna", "account-user");
        var shown = await _gateway.TgctlDoneAsync("user", "show", "anna");
        foreach (var text in new[] { "Anna", "Example", "anna@example.com", "zh-Hant", "account-user", "Example Account" })
        {
            Assert.Contains(text, shown, StringComparison.Ordinal);
        }

        await _gateway.TgctlDoneAsync("user", "change", "anna", "--language", "");
        Assert.Equal("", JsonNode.Parse(await _gateway.TgctlDoneAsync("user", "show", "anna", "-o", "json"))!["language"]!.ToString());
    }

    [Fact]
    public async Task The_machine_the_product_urls_and_a_recipe_are_shown()
    {
        Assert.Contains("GiB (", await _gateway.TgctlDoneAsync("machine"), StringComparison.Ordinal);
        Assert.Contains(_gateway.Address + "Transportgateway/services/DeviceRequestHandler", await _gateway.TgctlDoneAsync("product-urls"), StringComparison.Ordinal);
        Assert.Contains($"license smart url smart {_gateway.Address}SmartTransport", await _gateway.TgctlDoneAsync("product-urls", "ios xe"), StringComparison.Ordinal);
        Assert.Contains("There is no recipe for 'abacus'", await _gateway.TgctlRefusedAsync("product-urls", "abacus"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Product_instances_are_searched_moved_and_removed_and_a_licence_is_shown()
    {
        var ids = new List<string>();
        var token = await _gateway.CreateTokenAsync();
        foreach (var definition in new[] { SeedProducts.Cucmpub, SeedProducts.Pi37 })
        {
            var product = _gateway.Product(definition);
            Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
            ids.Add(product.State.ProductInstanceIdentifier!);
        }

        var found = JsonNode.Parse(await _gateway.TgctlDoneAsync("instance", "list", "--search", "CUCM", "--sort=-name", "-o", "json"))!.AsArray();
        Assert.Equal(ids[0], Assert.Single(found)!["id"]!.ToString());
        Assert.Contains("sort is one of", await _gateway.TgctlRefusedAsync("instance", "list", "--sort", "colour"), StringComparison.Ordinal);

        var tag = SeedProducts.Cucmpub.Entitlements[0].Tag;
        var license = await _gateway.TgctlDoneAsync("license", "show", tag);
        Assert.Contains(tag, license, StringComparison.Ordinal);
        Assert.Contains("cucmpub", license, StringComparison.Ordinal);
        Assert.Contains("1 product instance(s)", license, StringComparison.Ordinal);
        Assert.Contains("neither bought nor used", await _gateway.TgctlRefusedAsync("license", "show", "abacus"), StringComparison.Ordinal);

        await _gateway.TgctlDoneAsync("virtual-account", "create", "Branch");
        Assert.Contains("2 Records", await _gateway.TgctlDoneAsync("instance", "transfer", ids[0], ids[1], "--to", "Branch"), StringComparison.Ordinal);
        Assert.Contains("1 of 2 were not removed", await _gateway.TgctlRefusedAsync("instance", "remove", ids[0], "nothing", "--yes"), StringComparison.Ordinal);
        Assert.Equal(ids[1], Assert.Single(await _gateway.InstancesAsync()).Id);
    }

    [Fact]
    public async Task Lists_are_whole_though_they_come_page_by_page()
    {
        const int Tokens = 1003;
        for (var at = 0; at < Tokens; at++)
        {
            await _gateway.CreateTokenAsync();
        }

        Assert.Equal(Tokens, JsonNode.Parse(await _gateway.TgctlDoneAsync("token", "list", "-o", "json"))!.AsArray().Count);
    }

    [Fact]
    public async Task What_cuts_somebody_off_is_done_only_on_a_yes()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        await _gateway.Gateway.Services.GetRequiredService<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None);
        var session = JsonNode.Parse(await _gateway.TgctlDoneAsync("session", "list", "-o", "json"))![0]!["id"]!.ToString();
        await _gateway.TgctlDoneAsync("user", "role", "anna", "account-user");
        await _gateway.TgctlDoneAsync("account", "request", "TEST", "--smart-account", "a.example.com", "--virtual-account", "TEST", "--email", "a@example.com");
        string[][] commands =
        [
            ["session", "end", session], ["user", "role", "anna", "none"], ["user", "disable", "anna"], ["account", "deactivate", "Example Account"],
            ["account", "reject", "TEST", "--reason", "no"], ["certificate", "host-name", "set", "licences.example.com"],
        ];
        var before = (await _gateway.EventsAsync()).Count;
        foreach (var command in commands)
        {
            Assert.Contains("Enter 'yes' to continue: Nothing was changed.", await _gateway.TgctlRefusedAsync(command), StringComparison.Ordinal);
        }

        Assert.Equal(before, (await _gateway.EventsAsync()).Count);
        foreach (var command in commands)
        {
            await _gateway.TgctlDoneAsync([.. command, "--yes"]);
        }
    }

    [Fact]
    public async Task The_exit_code_tells_a_refusal_a_wrong_command_line_and_a_gateway_that_cannot_be_reached_apart()
    {
        var directory = _gateway.Gateway.Directory.Path;
        Assert.Equal(0, await CodeAsync("status", "--data-directory", directory));
        Assert.Equal(1, await CodeAsync("account", "show", "nobody", "--data-directory", directory));
        Assert.Equal(2, await CodeAsync("account", "shwo"));
        Assert.Equal(3, await CodeAsync("status", "--data-directory", Path.Combine(directory, "nothing")));
        Assert.Equal(3, await CodeAsync("status", "--server", $"https://localhost:{Loopback.FreePort()}"));
        // Its certificate is not trusted: whoever answers there is not known to be the gateway.
        Assert.Equal(3, await CodeAsync("status", "--server", _gateway.Address.AbsoluteUri));
        var help = (await Consoles.TgctlAsync(directory, "--help")).Output;
        foreach (var words in new[] { "0 done", "1 refused", "2 the command line is wrong", "3 no gateway can be reached" })
        {
            Assert.Contains(words, help, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_first_person_and_the_host_name_are_made_from_the_console_of_another_machine()
    {
        var directory = _gateway.Gateway.Directory.Path;
        var code = Path.Combine(directory, "code");
        var password = Path.Combine(directory, "password");
        await File.WriteAllTextAsync(code, _gateway.Gateway.SetupCode!.Value);
        await File.WriteAllTextAsync(password, People.Password.Value);
        Assert.Contains("go together", await _gateway.TgctlRefusedAsync("setup", "--code-file", code, "--user", "boss"), StringComparison.Ordinal);
        var done = await _gateway.TgctlDoneAsync("setup", "--code-file", code, "--user", "boss", "--password-file", password, "--host-name", "licences.example.com");
        Assert.Contains("boss is system administrator", done, StringComparison.Ordinal);
        Assert.Contains("licences.example.com", done, StringComparison.Ordinal);
    }

    private static async Task<int> CodeAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var errors = new StringWriter();
        using var input = new StringReader("");
        return await Tgctl.RunAsync(arguments, output, errors, input);
    }
}
