using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>Event logs in the browser: filters, files, and one of each place.</summary>
public sealed partial class EventPagesTests : IAsyncLifetime
{
    private const string Account = "/licensing/Example%20Account";

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
    [InlineData("/administration/events")]
    [InlineData("/administration/accounts/events")]
    [InlineData("/administration/high-availability")]
    [InlineData(Account + "/activity")]
    [InlineData(Account + "/Default/events")]
    public async Task Every_event_log_is_there_as_a_file(string path)
    {
        using var file = await _browser.GetAsync(path + "?handler=File");
        Assert.Equal(HttpStatusCode.OK, file.StatusCode);
        Assert.Equal("text/csv", file.Content.Headers.ContentType!.MediaType);
        Assert.StartsWith("Time (UTC),Severity,Event,User,Message", (await file.Content.ReadAsStringAsync()).TrimStart('\ufeff'), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_is_filtered_and_its_file_has_exactly_its_rows_in_its_order()
    {
        var noon = new DateTimeOffset(2021, 6, 20, 12, 0, 0, TimeSpan.Zero);
        await _gateway.WriteAsync(async (session, _) =>
        {
            foreach (var (kind, severity, actor, hours) in new[] { ("token-created", "info", "Ann", 0), ("token-revoked", "warning", "Ann", 1), ("token-created", "warning", "Bob", 2), ("token-created", "warning", "Ann", 20) })
            {
                await new EventLog(session).AppendAsync(new LoggedEvent(kind, severity, actor, $"after {hours} hours", _gateway.Account.Id), noon.AddHours(hours), CancellationToken.None);
            }

            return true;
        });

        // In Taipei it is the day after from 16:00 UTC on.
        _browser.SetCookie("tg-zone", "Asia%2FTaipei");
        const string Day = "from=2021-06-20&to=2021-06-20";
        await AssertRowsAsync($"{Day}", "after 2 hours", "after 1 hours", "after 0 hours");
        await AssertRowsAsync($"{Day}&sort=time", "after 0 hours", "after 1 hours", "after 2 hours");
        await AssertRowsAsync($"{Day}&severity=warning&user=ann", "after 1 hours");
        await AssertRowsAsync($"{Day}&kind=token-created", "after 2 hours", "after 0 hours");
        await AssertRowsAsync("from=2021-06-21&to=2021-06-21", "after 20 hours");
        await AssertRowsAsync($"{Day}&search=AFTER+1", "after 1 hours");
    }

    [Theory]
    [InlineData("2021-13-01")]
    [InlineData("yesterday")]
    [InlineData("0001-01-01")]
    public async Task A_day_that_is_none_is_said_and_lists_nothing(string day)
    {
        foreach (var parameter in new[] { "from", "to" })
        {
            var page = await _browser.PageAsync($"/administration/events?{parameter}={day}");
            Assert.Contains($"{day} is no date. Write it like 2021-06-20.", page, StringComparison.Ordinal);
            Assert.DoesNotContain("account-created</td>", page, StringComparison.Ordinal);
            using var file = await _browser.GetAsync($"/administration/events?handler=File&{parameter}={day}");
            Assert.Equal(HttpStatusCode.BadRequest, file.StatusCode);
        }
    }

    [Fact]
    public async Task A_local_virtual_account_a_product_instance_and_a_licence_have_logs_of_their_own()
    {
        using (await _browser.PostAsync(Account + "/Default/general?handler=CreateVirtualAccount", ("name", "Branch")))
        {
        }

        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await _gateway.CreateTokenAsync());
        await product.AuthorizeAsync();
        var id = product.State.ProductInstanceIdentifier!;
        Assert.IsType<TransferInstance.Outcome.Transferred>(await _gateway.Gateway.Services.GetRequiredService<TransferInstance>().ExecuteAsync(_gateway.Administrator, id, "Branch", CancellationToken.None));

        Assert.Contains("<td>instance-registered</td>", await _browser.PageAsync(Account + "/Default/events"), StringComparison.Ordinal);
        var branch = await _browser.PageAsync(Account + "/Branch/events");
        Assert.Contains("<td>instance-transferred</td>", branch, StringComparison.Ordinal);
        Assert.DoesNotContain("<td>instance-registered</td>", branch, StringComparison.Ordinal);
        var instance = await _browser.PageAsync($"{Account}/Branch/product-instances/detail?id={id}");
        Assert.Contains("<td>license-usage-changed</td>", instance, StringComparison.Ordinal);
        Assert.DoesNotContain("<td>virtual-account-created</td>", instance, StringComparison.Ordinal);
        Assert.Contains("Host identifier", instance, StringComparison.Ordinal);
        var license = await _browser.PageAsync($"{Account}/Branch/licenses/detail?tag={Uri.EscapeDataString(EntitlementTags.UcmEnhanced)}");
        Assert.Contains("<td>license-usage-changed</td>", license, StringComparison.Ordinal);
        Assert.DoesNotContain("<td>instance-registered</td>", license, StringComparison.Ordinal);
        foreach (var path in new[] { $"product-instances/detail?id={id}", $"licenses/detail?tag={Uri.EscapeDataString(EntitlementTags.UcmEnhanced)}" })
        {
            using var file = await _browser.GetAsync($"{Account}/Branch/{path}&handler=File");
            Assert.Contains("license-usage-changed", await file.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Who_has_a_role_in_one_local_virtual_account_alone_is_shown_no_event_log()
    {
        var user = await _gateway.UserAsync("ann", Roles.SystemUser);
        await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(
            _gateway.Administrator, user, _gateway.Account.Id, _gateway.VirtualAccount.Id, Roles.VirtualAccountAdministrator, CancellationToken.None);
        using var browser = await Browser.SignInAsync(_gateway, "ann");
        Assert.DoesNotContain("Event Log", await browser.PageAsync(Account + "/Default/licenses"), StringComparison.Ordinal);
        using var refused = await browser.GetAsync(Account + "/Default/events");
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    private async Task AssertRowsAsync(string filter, params string[] messages)
    {
        var page = await _browser.PageAsync($"{Account}/activity?{filter}");
        Assert.Equal(messages, Message().Matches(page).Select(match => match.Groups["message"].Value));
        Assert.Contains($"Showing All {messages.Length} Records", page, StringComparison.Ordinal);
        using var file = await _browser.GetAsync($"{Account}/activity?handler=File&{filter}");
        var lines = (await file.Content.ReadAsStringAsync()).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(messages, lines.Skip(1).Select(line => line.Split(',')[^1]));
    }

    [GeneratedRegex("<td>(?<message>after [0-9]+ hours)</td>", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Message();
}
