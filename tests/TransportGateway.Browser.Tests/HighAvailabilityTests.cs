using Microsoft.Playwright;
using TransportGateway.Access;
using TransportGateway.Protocol.Cluster;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>The pair of nodes as a person sees it, and the button that has the other one serve.</summary>
[Collection(BrowserTests.Name)]
public sealed class HighAvailabilityTests(Chromium chromium) : IAsyncLifetime
{
    private const string Here = "/administration/high-availability";

    private readonly SimulatedCluster _cluster = new();
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartInAsync<PostgreSqlEngine>(_cluster);
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        _cluster.Dispose();
    }

    [Theory]
    [InlineData("en-GB", false)]
    [InlineData("zh-TW", true)]
    public async Task Both_tabs_are_open_to_everybody_whether_the_pair_is_well_or_not(string locale, bool dark)
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options =>
        {
            options.Locale = "en-GB";
            options.ColorScheme = dark ? ColorScheme.Dark : ColorScheme.Light;
        });
        await tab.SignInAsync("admin", "/");
        if (locale == "zh-TW")
        {
            await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "繁體中文" }).ClickAsync();
        }

        var barriers = new List<string>();
        await LookAsync(Here, "normal");
        await LookAsync(Here + "/events", "events");
        _cluster.Show(document => SimulatedCluster.Node(document, "secondary-node").SetAttributeValue("online", "false"), SimulatedCluster.Plan with { Witness = null, FenceAgent = null });
        await LookAsync(Here, "degraded");
        await LookAsync("/administration", "frame-degraded");
        Assert.Empty(barriers);
        Assert.Empty(tab.Complaints);

        async Task LookAsync(string path, string name)
        {
            await tab.Page.GotoAsync(path);
            barriers.AddRange(await tab.BarriersAsync());
            await tab.PictureAsync($"ha-{locale}-{name}");
        }
    }

    [Fact]
    public async Task The_button_asks_first_and_the_page_follows_by_itself()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", Here);
        var asked = new List<string>();
        var agrees = false;
        tab.Page.Dialog += async (_, dialog) =>
        {
            asked.Add(dialog.Message);
            await (agrees ? dialog.AcceptAsync() : dialog.DismissAsync());
        };
        var button = tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Switch over now" });
        await button.ClickAsync();
        Assert.StartsWith("Switch over now?", Assert.Single(asked), StringComparison.Ordinal);
        Assert.False(File.Exists(_cluster.Files.SwitchoverRequest));

        agrees = true;
        await button.ClickAsync();
        await tab.Page.GetByText("The switchover to secondary-node was asked for.").WaitForAsync();
        Assert.True(File.Exists(_cluster.Files.SwitchoverRequest));
        await tab.Page.GetByText("A switchover was asked for at").WaitForAsync();
        Assert.True(await button.IsDisabledAsync());
        Assert.Equal("not-allowed", await button.EvaluateAsync<string>("button => getComputedStyle(button).cursor"));
        await tab.PictureAsync("ha-asked");

        await File.WriteAllTextAsync(_cluster.Files.Switchover, new SwitchoverProgress("primary-node", SwitchoverProgress.UnderWay, "", TimeProvider.System.GetUtcNow()).ToJson());
        await tab.Page.GetByText("Switching over from primary-node.").WaitForAsync();
        // As systemd's unit and the other node leave it.
        await File.WriteAllTextAsync(_cluster.Files.Switchover, new SwitchoverProgress("primary-node", SwitchoverProgress.Done, "", TimeProvider.System.GetUtcNow()).ToJson());
        File.Delete(_cluster.Files.SwitchoverRequest);
        await tab.Page.Locator("button:enabled", new PageLocatorOptions { HasTextString = "Switch over now" }).WaitForAsync();
        Assert.Empty(tab.Complaints);
    }
}
