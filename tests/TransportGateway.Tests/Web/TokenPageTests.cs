using System.Net;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Registration;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>Registration tokens in the browser: their texts are read when somebody asks, and not before.</summary>
public sealed class TokenPageTests : IAsyncLifetime
{
    private const string Path = "/licensing/Example%20Account/Default/general";

    private TestGateway _gateway = null!;
    private string _text = "";
    private string _id = "";

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        _text = await _gateway.CreateTokenAsync();
        _id = (await _gateway.ReadAsync(session => new RegistrationTokens(session).ListAsync(_gateway.VirtualAccount.Id, CancellationToken.None)))[0].Id;
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Opening_the_page_and_refreshing_it_enters_nothing_in_the_event_log_and_shows_no_text()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        var before = (await _gateway.EventsAsync()).Count;
        Assert.DoesNotContain(_text, WebUtility.HtmlDecode(await browser.PageAsync(Path)), StringComparison.Ordinal);
        using var refreshed = await browser.GetAsync(Path, ("HX-Request", "true"), ("X-Background", "1"));
        Assert.Equal(HttpStatusCode.OK, refreshed.StatusCode);
        Assert.Equal(before, (await _gateway.EventsAsync()).Count);
    }

    [Fact]
    public async Task Showing_and_downloading_a_token_gives_its_text_and_is_entered_once_each()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var shown = await browser.PostAsync(Path + "?handler=Show", ("id", _id));
        Assert.Contains($"<pre id=\"token-text\">{_text}</pre>", WebUtility.HtmlDecode(await shown.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        var entry = Assert.Single(await _gateway.EventsAsync(EventKinds.TokenRead));
        Assert.Equal(("boss", _gateway.VirtualAccount.Id), (entry.Actor, entry.VirtualAccountId));
        Assert.Contains(_id, entry.Message, StringComparison.Ordinal);

        using var file = await browser.PostAsync(Path + "?handler=Download", ("id", _id));
        Assert.Equal("text/plain", file.Content.Headers.ContentType!.MediaType);
        Assert.Equal("attachment", file.Content.Headers.ContentDisposition!.DispositionType);
        Assert.EndsWith(".txt", file.Content.Headers.ContentDisposition.FileName, StringComparison.Ordinal);
        Assert.Equal(_text, await file.Content.ReadAsStringAsync());
        Assert.Equal(2, (await _gateway.EventsAsync(EventKinds.TokenRead)).Count);
    }

    [Fact]
    public async Task A_token_of_another_local_virtual_account_or_one_that_was_revoked_is_not_shown()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using (await browser.PostAsync(Path + "?handler=CreateVirtualAccount", ("name", "Branch")))
        {
        }

        foreach (var (path, id) in new[] { ("/licensing/Example%20Account/Branch/general", _id), (Path, "nothing"), (Path, "") })
        {
            foreach (var handler in new[] { "Show", "Download" })
            {
                using var refused = await browser.PostAsync($"{path}?handler={handler}", ("id", id));
                Assert.Equal(HttpStatusCode.NotFound, refused.StatusCode);
                Assert.DoesNotContain(_text, WebUtility.HtmlDecode(await refused.Content.ReadAsStringAsync()), StringComparison.Ordinal);
            }
        }

        using (await browser.PostAsync(Path + "?handler=Revoke", ("id", _id)))
        using (var late = await browser.PostAsync(Path + "?handler=Show", ("id", _id)))
        {
            Assert.Equal(HttpStatusCode.NotFound, late.StatusCode);
        }

        Assert.Empty(await _gateway.EventsAsync(EventKinds.TokenRead));
    }

    [Fact]
    public async Task The_list_of_tokens_is_searched_ordered_and_paged_like_others()
    {
        for (var at = 0; at < 51; at++)
        {
            await _gateway.CreateTokenAsync(maxUses: at + 1);
        }

        using var browser = await Browser.SignInAsync(_gateway, "boss");
        var page = await browser.PageAsync(Path);
        Assert.Contains("Showing Page 1 of 2 (52 Records)", page, StringComparison.Ordinal);
        Assert.Equal(50, Count(page));
        Assert.Equal(2, Count(await browser.PageAsync(Path + "?page=2&sort=-uses")));
        Assert.Contains("Showing All 52 Records".Replace("52", "1", StringComparison.Ordinal), await browser.PageAsync($"{Path}?search={_id[^8..]}"), StringComparison.Ordinal);
        Assert.Contains("Showing All 0 Records", await browser.PageAsync(Path + "?search=nothing-like-it"), StringComparison.Ordinal);

        static int Count(string text) => text.Split("id=\"show-").Length - 1;
    }
}
