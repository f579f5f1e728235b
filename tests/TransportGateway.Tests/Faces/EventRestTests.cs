using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The event log over REST and in the console.</summary>
public sealed class EventRestTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        _http = await _gateway.RestClientAsync(null, Permission.ReadEvents);
        var day = new DateTimeOffset(2021, 6, 20, 0, 0, 0, TimeSpan.Zero);
        await _gateway.WriteAsync(async (session, _) =>
        {
            var log = new EventLog(session);
            await log.AppendAsync(new LoggedEvent("x-one", Severity.Info, "Ann", "one", _gateway.Account.Id) { VirtualAccountId = _gateway.VirtualAccount.Id, Licenses = ["a tag"] }, day.AddHours(18), CancellationToken.None);
            await log.AppendAsync(new LoggedEvent("x-two", Severity.Warning, "Bob", "two", _gateway.Account.Id, "an instance"), day.AddHours(23), CancellationToken.None);
            await log.AppendAsync(new LoggedEvent("x-three", Severity.Error, "gateway", "three"), day.AddDays(1), CancellationToken.None);
            return true;
        });
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Theory]
    [InlineData("from=2021-06-20&to=2021-06-21", "x-three x-two x-one")]
    [InlineData("from=2021-06-20&to=2021-06-20", "x-two x-one")]
    [InlineData("from=2021-06-20T18:00:01Z&to=2021-06-21T02:00:00%2B02:00", "x-two")]
    [InlineData("to=2021-06-21&severity=error", "x-three")]
    [InlineData("to=2021-06-21&actor=ANN", "x-one")]
    [InlineData("to=2021-06-21&text=w", "x-two x-three")]
    [InlineData("to=2021-06-21&account=example%20account", "x-two x-one")]
    [InlineData("to=2021-06-21&account=Example%20Account&virtualAccount=Default", "x-one")]
    [InlineData("to=2021-06-21&instance=an%20instance", "x-two")]
    [InlineData("to=2021-06-21&license=a%20tag", "x-one")]
    [InlineData("to=2021-06-21&kind=x-three", "x-three")]
    [InlineData("to=2021-06-21&kind=x-three&severity=info", "")]
    public async Task Filters_narrow_the_list(string query, string kinds)
    {
        var found = (await _http.GetFromJsonAsync<JsonArray>("/api/v2/events?" + query))!.Select(row => row!["kind"]!.ToString());
        Assert.Equal(kinds.Split(' ', StringSplitOptions.RemoveEmptyEntries).Order(), found.Order());
    }

    [Theory]
    [InlineData("severity=loud", HttpStatusCode.BadRequest, "There is no severity 'loud'. There are info, warning, error.")]
    [InlineData("from=yesterday", HttpStatusCode.BadRequest, "'yesterday' is no time.")]
    [InlineData("to=2021-13-01", HttpStatusCode.BadRequest, "'2021-13-01' is no time.")]
    [InlineData("virtualAccount=Default", HttpStatusCode.BadRequest, "virtualAccount needs the account")]
    [InlineData("account=Nowhere", HttpStatusCode.NotFound, "There is no local account 'Nowhere'")]
    [InlineData("account=Example%20Account&virtualAccount=Nowhere", HttpStatusCode.NotFound, "There is no local virtual account 'Nowhere'")]
    public async Task A_filter_that_means_nothing_is_refused(string query, HttpStatusCode status, string sentence)
    {
        using var answer = await _http.GetAsync("/api/v2/events?" + query);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(sentence, (await answer.Content.ReadFromJsonAsync<JsonNode>())!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_client_of_one_account_finds_nothing_of_others_and_the_cursor_keeps_the_filter()
    {
        using var client = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ReadEvents);
        Assert.Equal(["x-two", "x-one"], (await client.GetFromJsonAsync<JsonArray>("/api/v2/events?to=2021-06-21"))!.Select(row => row!["kind"]!.ToString()));
        using var first = await client.GetAsync("/api/v2/events?to=2021-06-21&limit=1");
        var next = first.Headers.GetValues("Link").Single().Split('<', '>')[1];
        Assert.Equal(["x-one"], (await client.GetFromJsonAsync<JsonArray>(next))!.Select(row => row!["kind"]!.ToString()));
    }

    [Fact]
    public async Task The_console_has_the_same_filters()
    {
        var listed = await _gateway.TgctlDoneAsync("event", "list", "--account", "Example Account", "--from", "2021-06-20", "--to", "2021-06-20", "--severity", "warning", "--actor", "bob", "--text", "two");
        Assert.Contains("x-two", listed, StringComparison.Ordinal);
        Assert.Contains("Showing 1 Records", listed, StringComparison.Ordinal);
        Assert.Contains("is no time", await _gateway.TgctlRefusedAsync("event", "list", "--from", "then"), StringComparison.Ordinal);
    }
}
