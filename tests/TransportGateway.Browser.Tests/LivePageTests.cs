using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using TransportGateway.Access;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>Pages keep themselves up to date, get over a gateway that goes and comes back, and work without script.</summary>
[Collection(BrowserTests.Name)]
public sealed class LivePageTests(Chromium chromium) : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_list_shows_what_somebody_else_did_by_itself_and_keeps_what_is_being_typed()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/administration/users");
        await tab.Page.GetByText("Create User").First.ClickAsync();
        await tab.Page.Locator("input[name=firstName]").FillAsync("half-typed");
        await _gateway.UserAsync("newcomer", Roles.SystemUser);
        await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "newcomer" }).WaitForAsync();
        Assert.Equal("half-typed", await tab.Page.Locator("input[name=firstName]").InputValueAsync());
        Assert.Contains("Refreshed", await tab.Page.Locator("#refreshed").TextContentAsync(), StringComparison.Ordinal);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task While_the_gateway_is_away_the_page_says_so_and_goes_on_afterwards_with_the_same_person_and_text()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/administration/users");
        await tab.Page.GetByText("Create User").First.ClickAsync();
        await tab.Page.Locator("input[name=firstName]").FillAsync("half-typed");

        var address = _gateway.Address;
        await _gateway.Gateway.StopAsync();
        await tab.Page.Locator("#lost").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Visible });
        await tab.PictureAsync("connection-lost");
        await _gateway.RestartAsync();
        Assert.Equal(address, _gateway.Address);

        await tab.Page.Locator("#lost").WaitForAsync(new LocatorWaitForOptions { State = WaitForSelectorState.Hidden });
        await _gateway.UserAsync("newcomer", Roles.SystemUser);
        await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "newcomer" }).WaitForAsync();
        Assert.Equal("half-typed", await tab.Page.Locator("input[name=firstName]").InputValueAsync());
        Assert.Equal("/administration/users", tab.Path);
    }

    [Theory]
    [InlineData("/administration/users?search=a", false)]
    [InlineData("/administration/users?search=a", true)]
    [InlineData("/profile/password", false)]
    [InlineData("/profile/password", true)]
    public async Task When_the_session_ended_the_page_leads_to_the_sign_in_and_that_leads_back(string path, bool whileAway)
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        var listens = tab.Page.WaitForResponseAsync("**/live");
        await tab.SignInAsync("admin", path);
        await listens;
        if (whileAway)
        {
            // First the gateway goes, or the page is sent to a sign-in that nobody serves.
            await _gateway.Gateway.StopAsync();
            await _gateway.ExecuteAsync("DELETE FROM sessions");
            await _gateway.RestartAsync();
        }
        else
        {
            var end = _gateway.Gateway.Services.GetRequiredService<EndSession>();
            foreach (var session in await _gateway.ReadAsync(session => new Sessions(session).ListAsync(null, TimeProvider.System.GetUtcNow(), CancellationToken.None)))
            {
                Assert.True(await end.ExecuteAsync(_gateway.Administrator, session.Id, ownerId: null, CancellationToken.None));
            }
        }

        await tab.Page.WaitForURLAsync(url => url.EndsWith("/sign-in?next=" + Uri.EscapeDataString(path), StringComparison.Ordinal));
        await tab.Page.GetByLabel("User name").FillAsync("admin");
        await tab.Page.GetByLabel("Password", new PageGetByLabelOptions { Exact = true }).FillAsync(People.Password.Value);
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await tab.Page.WaitForURLAsync(url => url.EndsWith(path, StringComparison.Ordinal));
        Assert.True(whileAway || tab.Complaints.Count == 0, string.Join('\n', tab.Complaints));
    }

    [Fact]
    public async Task The_list_of_webhooks_stays_when_one_was_just_made()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/administration/settings/webhooks");
        await tab.Page.GetByText("Create a webhook").ClickAsync();
        await tab.Page.FillAsync("details input[name=name]", "watchdog");
        await tab.Page.FillAsync("details input[name=address]", "https://127.0.0.1:9/");
        await tab.Page.Locator("details form button").ClickAsync();
        await tab.Page.Locator("#webhook-secret").WaitForAsync();
        await tab.Page.RunAndWaitForResponseAsync(
            () => _gateway.UserAsync("newcomer", Roles.SystemUser), answer => answer.Url.EndsWith("/administration/settings/webhooks", StringComparison.Ordinal));
        await tab.Page.Locator("#webhooks").GetByRole(AriaRole.Heading, new LocatorGetByRoleOptions { Name = "watchdog" }).WaitForAsync();
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Without_script_lists_can_be_searched_and_forms_be_sent()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options => options.JavaScriptEnabled = false);
        await tab.SignInAsync("admin", "/administration/users");
        await tab.Page.GetByText("Create User").First.ClickAsync();
        await tab.Page.Locator("#name").FillAsync("scriptless");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Create User" }).ClickAsync();
        await tab.Page.GetByText("One-time code for scriptless").WaitForAsync();
        await tab.Page.GotoAsync("/administration/users");
        await tab.Page.GetByRole(AriaRole.Searchbox).FillAsync("scriptl");
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.GetByText("Showing All 1 Records").WaitForAsync();
    }

    [Fact]
    public async Task Times_are_in_the_browsers_zone_and_the_language_follows_the_browser_until_the_switch_is_used()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options => options.Locale = "zh-TW");
        await tab.Page.GotoAsync("/sign-in");
        Assert.Equal("zh-Hant", await tab.Page.GetAttributeAsync("html", "lang"));
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "English" }).ClickAsync();
        Assert.Equal("en", await tab.Page.GetAttributeAsync("html", "lang"));
        await tab.SignInAsync("admin", "/profile");
        await tab.Page.GetByText("Times are in the zone Asia/Taipei.").WaitForAsync();
        var user = await _gateway.ReadAsync(session => new Users(session).FindByNameAsync("admin", CancellationToken.None));
        var shown = user!.PasswordChangedAt!.Value.ToOffset(TimeSpan.FromHours(8)).ToString("yyyy-MMM-dd HH:mm:ss", System.Globalization.CultureInfo.InvariantCulture);
        Assert.Contains(shown, await tab.Page.Locator("main").TextContentAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_factor_is_set_up_and_asked_for_from_then_on()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/profile/second-factor");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Set up a second factor" }).ClickAsync();
        var totp = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(await tab.Page.Locator("#key").TextContentAsync()));
        var clock = _gateway.Gateway.Services.GetRequiredService<TimeProvider>();
        await tab.Page.GetByLabel("Code").FillAsync(totp.ComputeTotp(clock.GetUtcNow().UtcDateTime));
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Confirm" }).ClickAsync();
        await tab.Page.GetByText("The second factor is set up.").WaitForAsync();
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign out" }).ClickAsync();

        await tab.Page.GetByLabel("User name").FillAsync("admin");
        await tab.Page.GetByLabel("Password", new PageGetByLabelOptions { Exact = true }).FillAsync(People.Password.Value);
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await tab.Page.GetByLabel("The six digits").FillAsync(totp.ComputeTotp(clock.GetUtcNow().UtcDateTime.AddSeconds(30)));
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await tab.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        Assert.Empty(tab.Complaints);
    }
}
