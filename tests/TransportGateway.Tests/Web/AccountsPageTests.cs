using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>More accounts than a page has, and a request that is turned down.</summary>
public sealed class AccountsPageTests : IAsyncLifetime
{
    private const string Here = "/administration/accounts";

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

    [Fact]
    public async Task Account_fifty_one_is_on_the_second_page()
    {
        Assert.Contains("Showing All 1 Records", await _browser.PageAsync(Here), StringComparison.Ordinal);
        var create = _gateway.Gateway.Services.GetRequiredService<CreateLocalAccount>();
        for (var number = 1; number <= 51; number++)
        {
            Assert.IsType<CreateLocalAccount.Outcome.Created>(await create.ExecuteAsync(_gateway.Administrator, $"Number {number:00}", CancellationToken.None));
        }

        var first = await _browser.PageAsync(Here);
        Assert.Contains("Showing Page 1 of 2 (52 Records)", first, StringComparison.Ordinal);
        Assert.Contains("page=2", first, StringComparison.Ordinal);
        Assert.DoesNotContain("Number 51", first, StringComparison.Ordinal);
        Assert.Contains("Number 51", await _browser.PageAsync(Here + "?page=2"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_form_is_sent_to_the_tab_that_it_is_on_so_that_a_refusal_shows_the_same_list()
    {
        await _gateway.RequestedAsync("TEST");
        var requests = await _browser.PageAsync(Here + "/requests");
        Assert.Contains($"action=\"{Here}/requests?handler=Step\"", requests, StringComparison.Ordinal);
        Assert.DoesNotContain($"action=\"{Here}?handler", requests, StringComparison.Ordinal);
        using var refused = await _browser.PostAsync(Here + "/requests?handler=Step", ("name", "Example Account"), ("step", "Approve"));
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        var shown = await refused.Content.ReadAsStringAsync();
        Assert.Contains("<h1>Account Requests</h1>", shown, StringComparison.Ordinal);
        Assert.Contains("<td>annanr.example.com</td>", shown, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_rejected_with_a_reason_which_is_kept_when_it_will_not_do()
    {
        using (var asked = await _browser.PostAsync(Here + "?handler=Request", ("name", "TEST"), ("smartAccount", "example.com"), ("cloudVirtualAccount", "TEST"), ("email", "licences@example.com")))
        {
            Assert.Equal(HttpStatusCode.Redirect, asked.StatusCode);
        }

        Assert.Contains("Reject a request", await _browser.PageAsync(Here + "/requests"), StringComparison.Ordinal);
        var tooLong = new string('x', 1001);
        using (var refused = await _browser.PostAsync(Here + "/requests?handler=Reject", ("name", "TEST"), ("reason", tooLong)))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains($"value=\"{tooLong}\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var rejected = await _browser.PostAsync(Here + "/requests?handler=Reject", ("name", "TEST"), ("reason", "not needed")))
        {
            Assert.Equal(HttpStatusCode.Redirect, rejected.StatusCode);
        }

        Assert.Contains("not needed", await _browser.PageAsync(Here + "/requests"), StringComparison.Ordinal);
        Assert.Contains("account-rejected", await _browser.PageAsync(Here + "/events?handler=File"), StringComparison.Ordinal);
    }
}
