using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>Local accounts and their requests over REST: who may do what, and what is answered.</summary>
public abstract class AccountRestTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private static readonly object Form = new { name = "TEST", smartAccount = "annanr.example.com", cloudVirtualAccount = "TEST VA", notificationEmail = "licences@example.com" };

    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _http = _gateway.Http();
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task One_asks_and_another_approves()
    {
        await SignInAsync(null, Permission.RequestAccount);
        var requested = await ReadAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", Form));
        Assert.Equal(
            ("TEST", "pending", "Pending", "annanr.example.com", "TEST VA", "licences@example.com", "TEST-1", "API client test"),
            (Text(requested, "name"), Text(requested, "status"), Text(requested, "statusText"), Text(requested, "smartAccount"), Text(requested, "cloudVirtualAccount"), Text(requested, "notificationEmail"), Text(requested, "tenantId"), Text(requested, "createdBy")));
        await RefusedAsync(await _http.PostAsync("/api/v2/accounts/TEST/approve", null), HttpStatusCode.Forbidden, "lacks the permission ManageAccounts");

        await SignInAsync(null, Permission.ManageAccounts, Permission.ReadInventory);
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", Form), HttpStatusCode.Forbidden, "lacks the permission RequestAccount");
        Assert.Equal(["TEST"], await NamesAsync("/api/v2/account-requests"));
        Assert.Equal(["Example Account"], await NamesAsync("/api/v2/accounts"));
        Assert.Equal("Awaiting authorisation file", Text(await ReadAsync(await _http.PostAsync("/api/v2/accounts/TEST/approve", null)), "statusText"));
        Assert.Empty(await NamesAsync("/api/v2/account-requests"));
        Assert.Equal(["Example Account", "TEST"], await NamesAsync("/api/v2/accounts"));
        Assert.Equal("awaiting-authorization", Text(await ReadAsync(await _http.GetAsync("/api/v2/accounts/test")), "status"));
    }

    [Theory]
    [InlineData(".")]
    [InlineData("..")]
    public async Task A_name_that_web_clients_take_out_of_a_path_is_refused(string name)
    {
        await SignInAsync(null, Enum.GetValues<Permission>());
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/accounts", new { name }), HttpStatusCode.BadRequest, "web clients take out");
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", new { name, smartAccount = "a", cloudVirtualAccount = "b", notificationEmail = "c@example.com" }), HttpStatusCode.BadRequest, "web clients take out");
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/accounts/Example Account/virtual-accounts", new { name }), HttpStatusCode.BadRequest, "web clients take out");
        Assert.Equal(["Example Account"], await NamesAsync("/api/v2/accounts"));
        Assert.Equal(["Default"], await NamesAsync("/api/v2/accounts/Example Account/virtual-accounts"));
    }

    [Fact]
    public async Task What_is_wrong_is_answered_with_its_status_and_a_sentence()
    {
        await SignInAsync(null, Enum.GetValues<Permission>());
        var invalid = await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", new { name = "TEST" }), HttpStatusCode.BadRequest, "The Cisco Smart Account is missing");
        Assert.Equal(3, invalid["reasons"]!.AsArray().Count);
        await ReadAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", Form));
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", Form), HttpStatusCode.Conflict, "'TEST' is requested already");
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/accounts", new { name = "TEST" }), HttpStatusCode.Conflict, "'TEST' is requested already");
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/accounts/TEST/reject", new { }), HttpStatusCode.BadRequest, "The reason is missing");
        await RefusedAsync(await _http.PostAsync("/api/v2/accounts/TEST/activate", null), HttpStatusCode.Conflict, "cannot be activated: it is Pending, and only one that is Inactive can be.");
        await RefusedAsync(await _http.PostAsync("/api/v2/accounts/Nobody/approve", null), HttpStatusCode.NotFound, "There is no local account 'Nobody'");
        await RefusedAsync(await _http.DeleteAsync("/api/v2/accounts/Nobody"), HttpStatusCode.NotFound, "There is no local account 'Nobody'");
        await RefusedAsync(await _http.GetAsync("/api/v2/accounts/Nobody"), HttpStatusCode.NotFound, "There is no local account 'Nobody'");
        Assert.Equal("Rejected: Not this one.", Text(await ReadAsync(await _http.PostAsJsonAsync("/api/v2/accounts/TEST/reject", new { reason = "Not this one." })), "statusText"));
        Assert.Equal(HttpStatusCode.NoContent, (await _http.DeleteAsync("/api/v2/accounts/TEST")).StatusCode);
        Assert.Empty(await NamesAsync("/api/v2/account-requests"));
    }

    [Fact]
    public async Task A_client_of_one_account_can_do_none_of_it_whatever_its_permissions()
    {
        await _gateway.RequestedAsync("TEST");
        await SignInAsync(_gateway.Account.Id, Enum.GetValues<Permission>());
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/account-requests", new { name = "More" }), HttpStatusCode.Forbidden, "A client of one account cannot");
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2/accounts", new { name = "More" }), HttpStatusCode.Forbidden, "A client of one account cannot");
        await RefusedAsync(await _http.PostAsync("/api/v2/accounts/TEST/approve", null), HttpStatusCode.NotFound, "There is no local account 'TEST'");
        await RefusedAsync(await _http.PostAsync("/api/v2/accounts/Example%20Account/deactivate", null), HttpStatusCode.Forbidden, "A client of one account cannot");
        await RefusedAsync(await _http.DeleteAsync("/api/v2/accounts/Example%20Account"), HttpStatusCode.Forbidden, "A client of one account cannot");
        Assert.Empty(await NamesAsync("/api/v2/account-requests"));
    }

    [Fact]
    public async Task A_deletion_that_is_refused_lists_the_blockers_for_programs_and_for_people()
    {
        await SignInAsync(null, Enum.GetValues<Permission>());
        await _http.PostAsJsonAsync("/api/v2/accounts/Example%20Account/virtual-accounts", new { name = "Branch" });
        var refused = await RefusedAsync(await _http.DeleteAsync("/api/v2/accounts/Example%20Account"), HttpStatusCode.Conflict, "nothing was deleted.");
        var blocker = Assert.Single(refused["blockers"]!.AsArray())!.GetValue<string>();
        Assert.Contains("tgctl virtual-account delete", blocker, StringComparison.Ordinal);
        Assert.EndsWith(blocker, Text(refused, "detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_account_that_is_not_active_hands_out_no_token_on_either_api_and_its_tokens_are_not_offered()
    {
        await _gateway.CreateTokenAsync();
        await _gateway.ChangedAsync(_gateway.Account, AccountStep.Deactivate);
        await SignInAsync(null, Enum.GetValues<Permission>());
        const string Default = "/accounts/Example%20Account/virtual-accounts/Default/tokens";
        await RefusedAsync(await _http.PostAsJsonAsync("/api/v2" + Default, new { }), HttpStatusCode.Conflict, "is Inactive; only an active account");
        using var compatible = await _http.PostAsJsonAsync("/api/v1" + Default, new { expiresAfterDays = 1 });
        Assert.Equal(HttpStatusCode.Conflict, compatible.StatusCode);
        Assert.Contains("is Inactive; only an active account", await compatible.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        Assert.Equal("of an account that is not active", Text((await ReadAsync(await _http.GetAsync("/api/v2" + Default)))[0]!, "state"));
        Assert.Empty((await ReadAsync(await _http.GetAsync("/api/v1" + Default)))["tokens"]!.AsArray());
    }

    [Fact]
    public async Task Existing_clients_see_accounts_with_their_Smart_Account_and_no_requests()
    {
        await _gateway.RequestedAsync("Asked For");
        await _gateway.ChangedAsync(await _gateway.RequestedAsync("TEST"), AccountStep.Approve);
        await SignInAsync(null, Permission.ReadInventory);
        var accounts = (await ReadAsync(await _http.PostAsync("/api/v1/upstream_satellites/accounts", null)))["accounts"]!.AsArray();
        Assert.Equal(
            [("Example Account", ""), ("TEST", AccountRequests.SmartAccount)],
            accounts.Select(account => (Text(account!, "name"), Text(account!, "cssm_smart_account_name"))));
    }

    private static string Text(JsonNode answer, string name) => answer[name]!.GetValue<string>();

    private async Task<IEnumerable<string>> NamesAsync(string path) => (await ReadAsync(await _http.GetAsync(path))).AsArray().Select(entry => Text(entry!, "name"));

    private async Task SignInAsync(string? accountId, params Permission[] permissions)
    {
        var client = Assert.IsType<CreateApiClient.Outcome.Created>(await new CreateApiClient(_gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "test", accountId, permissions), CancellationToken.None));
        var answer = await ReadAsync(await _http.PostAsJsonAsync(
            "/oauth/token", new { grant_type = "client_credentials", client_id = client.ClientId, client_secret = client.ClientSecret.Value }));
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Text(answer, "access_token"));
    }

    private static async Task<JsonNode> RefusedAsync(HttpResponseMessage response, HttpStatusCode status, string sentence)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == status, text);
        var answer = JsonNode.Parse(text)!;
        Assert.Contains(sentence, Text(answer, "detail"), StringComparison.Ordinal);
        return answer;
    }

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}

public sealed class AccountRestOnSqlite : AccountRestTests<SqliteEngine>;

public sealed class AccountRestOnPostgreSql : AccountRestTests<PostgreSqlEngine>;
