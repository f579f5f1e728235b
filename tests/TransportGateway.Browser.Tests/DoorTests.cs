using Microsoft.Extensions.DependencyInjection;
using Microsoft.Playwright;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>The pages before anybody is signed in, and the cards that show a secret this once: open to everybody, too.</summary>
[Collection(BrowserTests.Name)]
public sealed class DoorTests(Chromium chromium) : IAsyncLifetime
{
    private readonly List<string> _barriers = [];
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("en-GB")]
    [InlineData("zh-TW")]
    public async Task The_first_run_sign_in_second_factor_and_refusals_are_open_to_everybody(string locale)
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options => options.Locale = locale);
        await tab.Page.GotoAsync("/");
        await LookAsync(tab, locale, "set-up");
        await tab.Page.FillAsync("#code", "AAAA-BBBB-CCCC-DDDD-EEEE");
        await tab.Page.FillAsync("#name", "admin");
        await tab.Page.FillAsync("#password", People.Password.Value);
        await tab.Page.FillAsync("#again", People.Password.Value);
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.Locator(".problem").WaitForAsync();
        await LookAsync(tab, locale, "set-up-refused");

        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        await tab.Page.GotoAsync("/sign-in");
        await LookAsync(tab, locale, "sign-in");
        await SignInAsync(tab, "wrong");
        await tab.Page.Locator(".problem").WaitForAsync();
        await LookAsync(tab, locale, "sign-in-refused");
        await SignInAsync(tab, People.Password.Value);
        await tab.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
        await tab.Page.GotoAsync("/administration/users/nobody");
        await LookAsync(tab, locale, "refusal");

        await tab.Page.GotoAsync("/profile/second-factor");
        await tab.Page.Locator("main form button").ClickAsync();
        await tab.Page.Locator("#key").WaitForAsync();
        await LookAsync(tab, locale, "second-factor-key");
        var totp = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(await tab.Page.Locator("#key").TextContentAsync()));
        await tab.Page.FillAsync("#code", totp.ComputeTotp(_gateway.Gateway.Services.GetRequiredService<TimeProvider>().GetUtcNow().UtcDateTime));
        await tab.Page.Locator("main form button").ClickAsync();
        await tab.Page.Locator(".note").WaitForAsync();
        await tab.Page.Locator("form[action='/sign-out'] button").ClickAsync();
        await tab.Page.Locator("#password").WaitForAsync();
        await SignInAsync(tab, People.Password.Value);
        await tab.Page.Locator("#code").WaitForAsync();
        await LookAsync(tab, locale, "second-factor");
        Assert.Empty(_barriers);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Cards_with_a_secret_are_open_to_everybody()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        await using var tab = await chromium.OpenAsync(_gateway.Address, options => options.ColorScheme = ColorScheme.Dark);
        await tab.SignInAsync("admin", "/administration/users");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "One-time code" }).First.ClickAsync();
        await tab.Page.Locator("#code").WaitForAsync();
        await LookAsync(tab, "card", "one-time-code");

        await tab.Page.GotoAsync("/administration/api-toolkit");
        await tab.Page.Locator("summary").ClickAsync();
        await tab.Page.FillAsync("details input[name=name]", "toolkit");
        await tab.Page.CheckAsync("input[value=ReadInventory]");
        await tab.Page.Locator("details form button").ClickAsync();
        await tab.Page.Locator("#client-secret").WaitForAsync();
        await LookAsync(tab, "card", "api-client");

        await tab.Page.GotoAsync("/administration/settings/webhooks");
        await tab.Page.Locator("summary").ClickAsync();
        await tab.Page.FillAsync("details input[name=name]", "watchdog");
        await tab.Page.FillAsync("details input[name=address]", "https://127.0.0.1:9/");
        await tab.Page.Locator("details form button").ClickAsync();
        await tab.Page.Locator("#webhook-secret").WaitForAsync();
        await LookAsync(tab, "card", "webhook");
        Assert.Empty(_barriers);
        Assert.Empty(tab.Complaints);
    }

    private async Task LookAsync(Tab tab, string group, string name)
    {
        _barriers.AddRange(await tab.BarriersAsync());
        await tab.PictureAsync($"door-{group}-{name}");
    }

    private static async Task SignInAsync(Tab tab, string password)
    {
        await tab.Page.FillAsync("#name", "admin");
        await tab.Page.FillAsync("#password", password);
        await tab.Page.Keyboard.PressAsync("Enter");
    }
}
