using Microsoft.Playwright;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>Registration tokens in a real browser.</summary>
[Collection(BrowserTests.Name)]
public sealed class TokenTests(Chromium chromium) : IAsyncLifetime
{
    private const string General = "/licensing/Example%20Account/Default/general";

    private TestGateway _gateway = null!;
    private string _token = "";

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        _token = await _gateway.CreateTokenAsync();
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task An_open_page_that_refreshes_itself_again_and_again_adds_no_events()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", General);
        var before = (await _gateway.EventsAsync()).Count;
        for (var at = 1; at <= 3; at++)
        {
            await _gateway.CreateTokenAsync();
            await tab.Page.GetByText($"Showing All {at + 1} Records").WaitForAsync();
        }

        Assert.Equal(before + 3, (await _gateway.EventsAsync()).Count);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.TokenRead));
    }

    [Fact]
    public async Task A_token_is_shown_copied_and_downloaded_and_each_is_entered_once()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options => options.Permissions = ["clipboard-read", "clipboard-write"]);
        await tab.SignInAsync("admin", General);
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Copy", Exact = true }).First.ClickAsync();
        await tab.Page.GetByText("Copied").WaitForAsync();
        Assert.Equal(_token, await tab.Page.EvaluateAsync<string>("() => navigator.clipboard.readText()"));

        var file = await tab.Page.RunAndWaitForDownloadAsync(() => tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Download" }).ClickAsync());
        Assert.Equal(_token, await File.ReadAllTextAsync(await file.PathAsync()));
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Show" }).ClickAsync();
        Assert.Equal(_token, await tab.Page.Locator("#token-text").TextContentAsync());
        await tab.PictureAsync("token-shown");
        Assert.Equal(3, (await _gateway.EventsAsync(EventKinds.TokenRead)).Count);

        // The page that was the answer to a form goes on refreshing itself.
        await _gateway.CreateTokenAsync();
        await tab.Page.GetByText("Showing All 2 Records").WaitForAsync();
        Assert.Equal(3, (await _gateway.EventsAsync(EventKinds.TokenRead)).Count);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Without_script_a_token_is_shown_and_downloaded_and_nothing_offers_to_copy_it()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options => options.JavaScriptEnabled = false);
        await tab.SignInAsync("admin", General);
        Assert.False(await tab.Page.Locator("[data-copy-from]").IsVisibleAsync());
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Show" }).ClickAsync();
        Assert.Equal(_token, await tab.Page.Locator("#token-text").TextContentAsync());
        var file = await tab.Page.RunAndWaitForDownloadAsync(() => tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Download" }).ClickAsync());
        Assert.Equal(_token, await File.ReadAllTextAsync(await file.PathAsync()));
    }

    [Fact]
    public async Task The_buttons_of_a_list_keep_the_focus_when_it_refreshes_itself()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", General);
        var revoke = tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Revoke" });
        await revoke.FocusAsync();
        var focused = await revoke.GetAttributeAsync("id");
        await _gateway.CreateTokenAsync();
        await tab.Page.GetByText("Showing All 2 Records").WaitForAsync();
        Assert.Equal(focused, await tab.Page.EvaluateAsync<string>("() => document.activeElement.id"));
    }
}
