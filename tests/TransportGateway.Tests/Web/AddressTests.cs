using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>Names of accounts that are written otherwise in an address: what leads back to a page leads to the same one.</summary>
public sealed class AddressTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;
    private Browser _browser = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        _browser = await Browser.SignInAsync(_gateway, "boss");
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _gateway.DisposeAsync();
    }

    [Theory]
    [InlineData("台北")]
    [InlineData("Plant #1?")]
    [InlineData("50% of it")]
    [InlineData("100%41 & more")]
    [InlineData("Zürich+Genève")]
    public async Task The_language_switch_a_list_and_the_sign_in_lead_back_to_the_page(string account)
    {
        Assert.IsType<CreateLocalAccount.Outcome.Created>(
            await _gateway.Gateway.Services.GetRequiredService<CreateLocalAccount>().ExecuteAsync(_gateway.Administrator, account, CancellationToken.None));
        var path = $"/licensing/{Uri.EscapeDataString(account)}/Default/product-instances?search=%E5%8F%B0%23";
        var page = await _browser.PageAsync(path);
        var next = WebUtility.HtmlDecode(page.Split("name=\"next\" value=\"")[1].Split('"')[0]);
        using var switched = await _browser.PostAsync("/language", ("language", "zh-Hant"), ("next", next));
        Assert.Equal(path, switched.Headers.Location!.OriginalString);
        using var shown = await _browser.GetAsync(switched.Headers.Location.OriginalString);
        Assert.Contains("<html lang=\"zh-Hant\">", await shown.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, shown.StatusCode);

        var sorted = WebUtility.HtmlDecode(page.Split("aria-sort=\"ascending\"><a href=\"")[1].Split('"')[0]);
        Assert.StartsWith(path.Split('?')[0] + "?", sorted, StringComparison.Ordinal);
        using var list = await _browser.GetAsync(sorted);
        Assert.Equal(HttpStatusCode.OK, list.StatusCode);

        using var stranger = new Browser(_gateway);
        using var asked = await stranger.GetAsync(path);
        Assert.Equal("/sign-in?next=" + Uri.EscapeDataString(path), asked.Headers.Location!.OriginalString);
    }

    [Theory]
    [InlineData("/licensing/台北/Default/general?search=東", "/licensing/%E5%8F%B0%E5%8C%97/Default/general?search=%E6%9D%B1")]
    [InlineData("/administration/users", "/administration/users")]
    [InlineData("//evil.example.com/", "/")]
    [InlineData("/x/..//evil.example.com/", "/")]
    [InlineData("https://evil.example.com/", "/")]
    [InlineData("/\\evil.example.com", "/")]
    [InlineData("", "/")]
    public async Task Whatever_is_to_come_next_is_an_address_of_the_gateways_own(string next, string location)
    {
        using var switched = await _browser.PostAsync("/language", ("language", "en"), ("next", next));
        Assert.Equal(location, switched.Headers.Location!.OriginalString);
    }
}
