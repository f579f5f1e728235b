using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>Bodies that no client means: each is refused with a sentence, none is guessed at, none is an error of the server.</summary>
public abstract class HostileBodyTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Account = "/api/v1/accounts/Example%20Account";
    private const string Tokens = Account + "/virtual-accounts/Default/tokens";
    private const string Json = "application/json";
    private const string Form = "application/x-www-form-urlencoded";

    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Theory]
    [InlineData("[]", Json, "not a JSON object")]
    [InlineData("\"text\"", Json, "not a JSON object")]
    [InlineData("42", Json, "not a JSON object")]
    [InlineData("""{"description":"a","description":"b"}""", Json, "not JSON")]
    [InlineData("""{"description":"\ud800"}""", Json, "description is not well-formed text")]
    [InlineData("""{"description":"a\u0000b"}""", Json, "description holds a zero character")]
    [InlineData("description=a%00b", Form, "The form is not well-formed")]
    [InlineData("""{"description":["a"]}""", Json, "description must be a plain value")]
    [InlineData("description=a&description=b", Form, "description must be a plain value, sent once")]
    public async Task A_token_is_not_made_from_a_body_that_must_be_guessed_at(string body, string type, string reason)
    {
        using var response = await _http.PostAsync(Tokens, new StringContent(body, Encoding.UTF8, type));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(reason, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["statusMessage"]!.ToString(), StringComparison.Ordinal);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.TokenCreated));
    }

    [Theory]
    [InlineData("""{"grant_type":"client_credentials","client_id":"\ud800","client_secret":"x"}""", Json)]
    [InlineData("""{"grant_type":"client_credentials","client_id":"a\u0000b","client_secret":"x"}""", Json)]
    [InlineData("grant_type=client_credentials&client_id=a%00b&client_secret=x", Form)]
    [InlineData("[]", Json)]
    public async Task A_sign_in_that_must_be_guessed_at_is_an_invalid_request(string body, string type)
    {
        using var response = await _http.PostAsync("/oauth/token", new StringContent(body, Encoding.UTF8, type));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Equal("invalid_request", JsonNode.Parse(await response.Content.ReadAsStringAsync())!["error"]!.ToString());
    }

    [Fact]
    public async Task A_form_with_too_many_fields_is_refused()
    {
        var body = string.Join('&', Enumerable.Range(0, 5000).Select(i => $"f{i}=1"));
        using var response = await _http.PostAsync("/oauth/token", new StringContent(body, Encoding.UTF8, Form));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
    }

    [Fact]
    public async Task A_list_in_a_form_is_the_same_field_several_times()
    {
        var texts = new[] { await _gateway.CreateTokenAsync(), await _gateway.CreateTokenAsync() };
        using var response = await _http.PostAsync(Tokens + "/revoke", new FormUrlEncodedContent(texts.Select(text => KeyValuePair.Create("tokens", text))));
        var results = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["tokens"]!.AsArray();
        Assert.Equal(["SUCCESS", "SUCCESS"], results.Select(entry => entry!["status"]!.ToString()));
    }

    [Fact]
    public async Task A_device_whose_fields_are_doubled_or_no_texts_is_refused()
    {
        foreach (var sudi in new[] { """{"udiPid":"a","udiPid":"b"}""", """{"udiPid":["a"],"udiSerialNumber":{}}""", """{"udiPid":"\ud800","udiSerialNumber":"1"}""", "[]" })
        {
            var body = $$"""{"productInstances":[{"sudi":{{sudi}},"targetVirtualAccount":"Default"}]}""";
            using var response = await _http.PostAsync(Account + "/virtual-accounts/Default/devices/transfer", new StringContent(body, Encoding.UTF8, Json));
            Assert.True(response.StatusCode != HttpStatusCode.InternalServerError, sudi);
        }
    }

    [Fact]
    public async Task A_licence_list_of_an_unknown_virtual_account_is_refused_and_not_empty()
    {
        using var response = await _http.PostAsJsonAsync(Account + "/licenses", new { virtualAccounts = new[] { "Nowhere" } });
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("There is no virtual account 'Nowhere'.", JsonNode.Parse(await response.Content.ReadAsStringAsync())!["statusMessage"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Accounts_have_every_field_that_clients_read()
    {
        using var response = await _http.PostAsync("/api/v1/upstream_satellites/accounts", null);
        var account = JsonNode.Parse(await response.Content.ReadAsStringAsync())!["accounts"]![0]!;
        Assert.All(
            ["name", "account_id", "domain", "cslu_tenant_url", "cssm_smart_account_id", "cssm_smart_account_name", "virtual_accounts"], field => Assert.NotNull(account[field]));
    }

    [Theory]
    [InlineData("/api/v2/events?kind=a%00b")]
    [InlineData("/api/v2/events?limit=x")]
    public async Task A_query_that_cannot_be_is_no_error_of_the_server(string path)
    {
        using var response = await _http.GetAsync(path);
        Assert.InRange((int)response.StatusCode, 200, 499);
    }

    [Fact]
    public async Task A_zero_character_in_the_gateways_own_api_is_no_error_of_the_server()
    {
        using var response = await _http.PostAsync(
            "/api/v2/accounts/Example%20Account/virtual-accounts/Default/tokens", new StringContent("""{"description":"a\u0000b"}""", Encoding.UTF8, Json));
        Assert.InRange((int)response.StatusCode, 200, 499);
    }
}

public sealed class HostileBodyOnSqlite : HostileBodyTests<SqliteEngine>;

public sealed class HostileBodyOnPostgreSql : HostileBodyTests<PostgreSqlEngine>;
