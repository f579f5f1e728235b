using TransportGateway.Simulators;
using TransportGateway.Simulators.Commands;

namespace TransportGateway.Tests.Simulators;

public sealed class TgSimTests : IAsyncLifetime
{
    private readonly string folder = Directory.CreateTempSubdirectory("tgsim-test-").FullName;
    private readonly StringWriter output = new();
    private readonly StringWriter error = new();
    private FakeGateway gateway = null!;

    private string Ca => Path.Combine(folder, "root.pem");

    public async Task InitializeAsync()
    {
        gateway = await FakeGateway.StartAsync();
        await File.WriteAllTextAsync(Ca, gateway.Authority.Root.ExportCertificatePem());
    }

    public async Task DisposeAsync()
    {
        await gateway.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task Register_prints_what_the_product_would_display(DeviceTransport transport)
    {
        Assert.Equal(0, await RunAsync(["register", "--product", "cucm-pub-30", "--token", "a-token", .. Gateway(transport)]));

        var lines = output.ToString().ReplaceLineEndings("\n").Split('\n');
        Assert.Contains("Smart Account:                    Example Account", lines);
        Assert.Contains("Virtual Account:                  Default", lines);
        Assert.Contains("Product Instance Name:            cucm-pub-30", lines);
        Assert.Contains("Export-Controlled Functionality:  Allowed", lines);
        Assert.Contains(lines, line => line.StartsWith("Registration Status:              Registered (", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("License Authorization Status:     Out of Compliance (", StringComparison.Ordinal));
        Assert.Contains("Enhanced               44  Out Of Compliance", lines);
        Assert.Contains("CUWL                    0  No Licenses in Use", lines);
        Assert.Equal("", error.ToString());
    }

    [Fact]
    public async Task A_product_goes_through_its_whole_life_by_commands()
    {
        string[] product = ["--product", "pi37", .. Gateway()];
        Assert.Equal(0, await RunAsync(["register", "--token", "a-token", .. product]));
        Assert.Equal(0, await RunAsync(["authorize", "--license", "Prime Infrastructure 3.x, BASE Lic.=5", .. product]));
        Assert.Equal(5, (int)gateway.Requests.Last().Data["entitlements"]![0]!["count"]!);
        Assert.Equal(0, await RunAsync(["renew", "--new-key", .. product]));
        Assert.Equal(0, await RunAsync(["show", "--product", "pi37", "--state", folder]));
        Assert.Equal(0, await RunAsync(["deregister", .. product]));
        Assert.Equal(1, await RunAsync(["authorize", .. product]));
        Assert.Equal("pi37: The product is not registered; register it with a token first.", error.ToString().Trim());
    }

    [Fact]
    public async Task Seed_registers_the_four_products_of_the_story()
    {
        Assert.Equal(0, await RunAsync(["seed", "--token", "a-token", .. Gateway()]));
        Assert.Equal(8, gateway.Requests.Count);
        Assert.Equal(
            [
                ("PI_Assurance", 2), ("PI_Base", 2), ("PI_Lifecycle", 48),
                ("UCM_Basic", 2), ("UCM_Enhanced", 47), ("UCM_EnhancedPlus", 1), ("UCM_Essential", 4), ("UCM_TelepresenceRoom", 1),
            ],
            gateway.Requests.Where(request => request.RequestType == "AUTHORIZATION")
                .SelectMany(request => request.Data["entitlements"]!.AsArray())
                .GroupBy(entitlement => ((string)entitlement!["tag"]!).Split("com.cisco.")[1].Split(',')[0], StringComparer.Ordinal)
                .OrderBy(group => group.Key, StringComparer.Ordinal)
                .Select(group => (group.Key, group.Sum(entitlement => (int)entitlement!["count"]!))));
    }

    [Fact]
    public async Task A_refusal_is_shown_as_the_gateway_said_it_and_scripts_can_tell()
    {
        gateway.Refusal = ("FAILED", """{"token":["The token 'x' is not valid."]}""");
        Assert.Equal(2, await RunAsync(["register", "--product", "cucmpub", "--token", "x", .. Gateway()]));
        Assert.Equal("""cucmpub: FAILED: {"token":["The token 'x' is not valid."]}""", error.ToString().Trim());

        gateway.Refusal = null;
        gateway.EditResponse = response => response["header"]!["vendor"] = "Acme";
        Assert.Equal(3, await RunAsync(["register", "--product", "cucmpub", "--token", "x", .. Gateway()]));

        gateway.LoseAnswers(2);
        Assert.Equal(4, await RunAsync(["register", "--product", "pi37", "--token", "x", .. Gateway()]));
    }

    [Theory]
    [InlineData("--product", "nobody", "nobody is none of annanr-39, cucmpub, pi37, cucm-pub-30; add --kind ucm or --kind pi to make it up.")]
    [InlineData("--product", "../up", "A product's name has up to 64 letters, digits, hyphens, dots and underscores, and begins with a letter or digit.")]
    [InlineData("--license", "Enhanced", "Enhanced is not NAME=COUNT with a count from 0, such as Enhanced=3.")]
    public async Task Wrong_use_is_answered_with_what_would_be_right(string option, string value, string sentence)
    {
        string[] product = option == "--product" ? [] : ["--product", "cucmpub"];
        Assert.Equal(1, await RunAsync(["authorize", option, value, .. product, .. Gateway()]));
        Assert.Equal(sentence, error.ToString().Trim());
    }

    [Fact]
    public async Task A_path_of_the_other_transport_is_pointed_out()
    {
        Assert.Equal(1, await RunAsync(["authorize", "--product", "cucmpub", "--transport", "smart", .. Gateway(DeviceTransport.CallHome)]));
        Assert.StartsWith("The path of https://127.0.0.1:", error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Show_knows_only_what_is_on_disk()
    {
        Assert.Equal(1, await RunAsync(["show", "--product", "cucmpub", "--state", folder]));
        Assert.Equal($"cucmpub has no state in {Path.Combine(folder, "cucmpub")}; register it first, or give --state.", error.ToString().Trim());
    }

    [Fact]
    public async Task Run_lives_through_a_year_in_seconds_and_goes_on_where_it_was()
    {
        string[] life = ["run", "--product", "cucmpub", "--speed", "5000000", "--days", "350", .. Gateway()];
        Assert.Equal(0, await RunAsync([.. life, "--token", "a-token"]));
        Assert.Contains("The time came to report the licences in use: Authorization completed successfully.", output.ToString(), StringComparison.Ordinal);
        Assert.Contains(gateway.Requests, request => request.RequestType == "ID_CERT_RENEW");

        var before = new StateDirectory(Path.Combine(folder, "cucmpub")).Load().SavedAt;
        Assert.Equal(0, await RunAsync(["run", "--product", "cucmpub", "--speed", "5000000", "--days", "1", .. Gateway()]));
        Assert.True(new StateDirectory(Path.Combine(folder, "cucmpub")).Load().SavedAt >= before);
    }

    [Fact]
    public async Task Help_names_every_command()
    {
        Assert.Equal(0, await RunAsync(["--help"]));
        foreach (var command in new[] { "register", "authorize", "renew", "deregister", "show", "seed", "run", "load" })
        {
            Assert.Contains($"\n  {command} ", output.ToString().ReplaceLineEndings("\n"), StringComparison.Ordinal);
        }
    }

    private string[] Gateway(DeviceTransport transport = DeviceTransport.CallHome) =>
        ["--url", gateway.Address(transport).AbsoluteUri, "--ca", Ca, "--state", folder];

    private Task<int> RunAsync(string[] args) => TgSim.RunAsync(args, output, error, TimeProvider.System);
}
