using System.Net;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>Somebody without an account asks for one.</summary>
public sealed class AccountRequestPageTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("ann", Roles.SystemUser);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_system_user_asks_for_an_account_and_sees_what_becomes_of_it()
    {
        using var browser = await Browser.SignInAsync(_gateway, "ann");
        Assert.Contains("Request an account", await browser.PageAsync("/licensing"), StringComparison.Ordinal);
        using var refused = await browser.PostAsync("/licensing", ("name", "Plant"), ("smartAccount", "example.com"), ("cloudVirtualAccount", "Plant"), ("email", "no address"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var text = await refused.Content.ReadAsStringAsync();
        Assert.Contains("is not one address", text, StringComparison.Ordinal);
        Assert.Contains("value=\"Plant\"", text, StringComparison.Ordinal);
        Assert.Null(await _gateway.FindAccountAsync("Plant"));

        using var asked = await browser.PostAsync("/licensing", ("name", "Plant"), ("smartAccount", "example.com"), ("cloudVirtualAccount", "Plant"), ("email", "ann@example.com"));
        Assert.Equal("/licensing?ask=true", asked.Headers.Location!.ToString());
        var page = await browser.PageAsync("/licensing?ask=true");
        Assert.Contains("<td>Plant</td>", page, StringComparison.Ordinal);
        Assert.Contains("Pending", page, StringComparison.Ordinal);
        Assert.Equal((AccountStatus.Pending, "ann"), await _gateway.FindAccountAsync("Plant") is { } account ? (account.Status, account.CreatedBy) : default);

        using var twice = await browser.PostAsync("/licensing", ("name", "PLANT"), ("smartAccount", "example.com"), ("cloudVirtualAccount", "Other"), ("email", "ann@example.com"));
        Assert.Equal(HttpStatusCode.Conflict, twice.StatusCode);
        await _gateway.UserAsync("bob", Roles.SystemUser);
        using var other = await Browser.SignInAsync(_gateway, "bob");
        Assert.DoesNotContain("Plant", await other.PageAsync("/licensing"), StringComparison.Ordinal);
    }
}
