using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Registration;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>What is sent to the pages in bad faith, or by a tired hand.</summary>
public sealed class HostilePageTests : IAsyncLifetime
{
    private const string Script = "<img src=x onerror=alert(1)>\"'";

    private TestGateway _gateway = null!;
    private Browser _browser = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        _browser = await Browser.SignInAsync(_gateway, "admin");
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_stranger_cannot_send_more_than_a_little()
    {
        using var stranger = new Browser(_gateway);
        using var answer = await stranger.PostAsync("/sign-in", ("name", "admin"), ("password", new string('x', 200_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        using var file = await stranger.PostAsync("/administration/synchronization?handler=Load", ("name", new string('x', 200_000)));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, file.StatusCode);
    }

    [Theory]
    [InlineData("/sign-in")]
    [InlineData("/administration/users/admin?handler=Save")]
    [InlineData("/administration/settings?handler=Message")]
    [InlineData("/administration/security/browser-certificate?handler=Upload")]
    [InlineData("/administration/synchronization?handler=Schedule")]
    public async Task A_form_of_a_hundred_megabytes_is_refused_with_a_sentence_by_whomever_it_is_sent(string path)
    {
        using var answer = await _browser.PostFileAsync(path, "large", new byte[100_000_000]);
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, answer.StatusCode);
        Assert.Contains("it is too long", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_may_not_load_a_response_file_cannot_send_more_than_a_little_there()
    {
        await _gateway.UserAsync("ann", Roles.SystemUser);
        using var ann = await Browser.SignInAsync(_gateway, "ann");
        using var large = await ann.PostFileAsync("/administration/synchronization?handler=Load", "response", new byte[200_000], ("name", "Example Account"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, large.StatusCode);
        using var small = await ann.PostFileAsync("/administration/synchronization?handler=Load", "response", [1, 2, 3], ("name", "Example Account"));
        Assert.Equal(HttpStatusCode.Forbidden, small.StatusCode);
    }

    [Fact]
    public async Task Who_may_load_a_response_file_sends_a_large_one()
    {
        using var answer = await _browser.PostFileAsync("/administration/synchronization?handler=Load", "response", new byte[150_000_000], ("name", "Example Account"));
        Assert.Equal(HttpStatusCode.Conflict, answer.StatusCode);
    }

    [Theory]
    [InlineData("../../../master.key")]
    [InlineData("..\\..\\gateway.db")]
    [InlineData("/etc/passwd")]
    [InlineData("<img src=x onerror=alert(1)>")]
    public async Task The_name_that_an_uploaded_file_comes_under_leads_nowhere(string fileName)
    {
        var before = Files();
        using var answer = await _browser.PostFileAsync("/administration/accounts?handler=AuthorizationFile", fileName, [1, 2, 3], ("name", "Example Account"));
        Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.Conflict, answer.StatusCode.ToString());
        Assert.DoesNotContain("<img", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(before, Files());

        IEnumerable<string> Files() => Directory.GetFiles(_gateway.Gateway.Directory.Path, "*", SearchOption.AllDirectories).Where(file => !file.Contains("gateway.db", StringComparison.Ordinal)).Order();
    }

    [Theory]
    [InlineData("/assets/0000000000000000/gateway.css")]
    [InlineData("/assets/x/..%2f..%2fmaster.key")]
    [InlineData("/assets/x/%2e%2e/%2e%2e/master.key")]
    [InlineData("/licensing/..%2f..%2fetc/Default/general")]
    [InlineData("/licensing/Example%20Account/..%2f../general")]
    [InlineData("/licensing/Example%20Account/Default/product-instances/detail?id=../../etc/passwd")]
    [InlineData("/licensing/Example%20Account/Default/licenses/detail?tag=%00")]
    [InlineData("/administration/users/%3Cscript%3E")]
    public async Task Paths_and_identifiers_that_lead_elsewhere_lead_nowhere(string path)
    {
        using var answer = await _browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        Assert.DoesNotContain("<script>", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/administration/events?search=%25%00_!&page=-5&sort=drop%20table")]
    [InlineData("/licensing/Example%20Account/Default/product-instances?search=%25%27%22--&page=99999999999&sort=name;")]
    [InlineData("/administration/users?sort=-&page=0&search=%F0%9F%99%82")]
    public async Task Odd_searches_orders_and_pages_show_a_list_all_the_same(string path)
    {
        using var answer = await _browser.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Script_in_names_descriptions_and_notes_is_text_everywhere()
    {
        var general = "/licensing/Example%20Account/Default/general";
        using var token = await _browser.PostAsync(general + "?handler=Create", ("description", Script), ("days", "30"));
        Inert(await token.Content.ReadAsStringAsync());
        using var made = await _browser.PostAsync(general + "?handler=CreateVirtualAccount", ("name", Script), ("description", Script));
        Assert.Equal(HttpStatusCode.Redirect, made.StatusCode);
        Inert(await _browser.PageAsync(made.Headers.Location!.ToString()));
        foreach (var path in new[] { general, "/administration/events", "/administration/users/admin", "/licensing/Example%20Account/activity" })
        {
            Inert(await _browser.PageAsync(path));
        }

        Assert.Contains(
            (await _gateway.Gateway.Services.GetRequiredService<ReadTokens>().ExecuteAsync(_gateway.Administrator, _gateway.VirtualAccount, withTexts: false, CancellationToken.None)),
            listed => listed.Token.Description == Script);

        static void Inert(string page)
        {
            Assert.DoesNotContain("<img", page, StringComparison.Ordinal);
            Assert.DoesNotContain("\"'\"", page, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_forged_session_is_nobodys()
    {
        using var stranger = new Browser(_gateway);
        foreach (var forged in new[] { "x", _browser.Session![..^1] + "A", new string('a', 199), "%00" })
        {
            stranger.SetCookie(SessionCookie.Name, forged == _browser.Session ? forged[..^1] + "B" : forged);
            using var answer = await stranger.GetAsync("/administration/users");
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Numbers_that_are_none_change_nothing_and_are_told()
    {
        using var answer = await _browser.PostAsync("/licensing/Example%20Account/Default/general?handler=Create", ("days", "soon"), ("uses", "-1"));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        using var rules = await _browser.PostAsync("/administration/security?handler=Rules", ("LockMinutes", "999999"));
        Assert.Equal(HttpStatusCode.BadRequest, rules.StatusCode);
        Assert.Equal(new AccessRules(), await _gateway.ReadAsync(session => AccessRules.LoadAsync(session, CancellationToken.None)));
    }
}
