using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The REST API over real TLS, as its existing clients use it.</summary>
public abstract class RestTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Va = "/api/v1/accounts/Example%20Account/virtual-accounts";

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

    [Theory]
    [InlineData("json")]
    [InlineData("form")]
    [InlineData("query")]
    [InlineData("json with a user")]
    public async Task A_client_signs_in_with_any_body_that_real_clients_send(string style)
    {
        var (id, secret) = await CreateClientAsync();
        using var response = style switch
        {
            "json" => await _http.PostAsJsonAsync("/backend/oauth/token", new { grant_type = "client_credentials", client_id = id, client_secret = secret }),
            "json with a user" => await _http.PostAsJsonAsync(
                "/oauth/token", new { grant_type = "client_credentials", client_id = id, client_secret = secret, username = "admin", password = "irrelevant" }),
            "form" => await _http.PostAsync(
                "/oauth/token",
                new FormUrlEncodedContent(new Dictionary<string, string> { ["grant_type"] = "client_credentials", ["client_id"] = id, ["client_secret"] = secret })),
            _ => await _http.PostAsync($"/oauth/token?grant_type=client_credentials&client_id={id}&client_secret={secret}", null),
        };
        var answer = await ReadAsync(response);
        Assert.Equal(3600, answer["expires_in"]!.GetValue<int>());
        Assert.Equal("Bearer", answer["token_type"]!.GetValue<string>());
        Use(answer["access_token"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/backend" + Va)).StatusCode);
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Contains(secret, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Wrong_passwords_in_parallel_are_no_way_around_the_slowing_down()
    {
        var (id, secret) = await CreateClientAsync();
        var answers = await Task.WhenAll(Enumerable.Range(0, 25).Select(async guess =>
        {
            using var answer = await _http.PostAsJsonAsync("/oauth/token", new { grant_type = "password", client_id = id, client_secret = secret, username = "nobody", password = $"guess {guess}" });
            return answer.StatusCode;
        }));
        Assert.Equal((10, 15), (answers.Count(status => status == HttpStatusCode.Forbidden), answers.Count(status => status == HttpStatusCode.TooManyRequests)));
        Assert.Equal(10, (await _gateway.EventsAsync(EventKinds.SignInRefused)).Count);
    }

    [Fact]
    public async Task Accounts_are_listed_under_the_backend_prefix_too()
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        Assert.Equal(await http.GetStringAsync("/api/v2/accounts"), await http.GetStringAsync("/backend/api/v2/accounts/"));
    }

    [Fact]
    public async Task A_wrong_secret_is_refused_entered_and_after_ten_times_slowed_down()
    {
        var (id, _) = await CreateClientAsync();
        for (var attempt = 0; attempt < 10; attempt++)
        {
            using var refused = await _http.PostAsJsonAsync("/oauth/token", new { grant_type = "client_credentials", client_id = id, client_secret = "guess" });
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("invalid_client", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using var slowed = await _http.PostAsJsonAsync("/oauth/token", new { grant_type = "client_credentials", client_id = id, client_secret = "guess" });
        Assert.Equal(HttpStatusCode.TooManyRequests, slowed.StatusCode);
        Assert.Equal(10, (await _gateway.EventsAsync(EventKinds.SignInRefused)).Count);
    }

    [Fact]
    public async Task Without_a_valid_token_the_answer_is_403_with_what_to_do()
    {
        foreach (var token in new[] { null, "nonsense" })
        {
            _http.DefaultRequestHeaders.Authorization = token is null ? null : new AuthenticationHeaderValue("Bearer", token);
            using var response = await _http.GetAsync(Va);
            Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            Assert.Contains("/oauth/token", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_revoked_client_and_its_tokens_end_at_once()
    {
        var (id, secret) = await CreateClientAsync();
        await SignInAsync(id, secret);
        await using (var session = await _gateway.Database.BeginAsync())
        {
            await new ApiClients(session).RevokeAsync(id, TimeProvider.System.GetUtcNow(), CancellationToken.None);
            await session.CommitAsync();
        }

        Assert.Equal(HttpStatusCode.Forbidden, (await _http.GetAsync(Va)).StatusCode);
    }

    [Fact]
    public async Task A_client_lacking_a_permission_is_told_which_one()
    {
        var (id, secret) = await CreateClientAsync(Permission.ReadInventory);
        await SignInAsync(id, secret);
        using var response = await _http.GetAsync(Va + "/Default/tokens");
        Assert.Equal(HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains("ReadTokenText", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.TokenRead));
    }

    [Fact]
    public async Task A_client_of_one_account_does_not_see_another()
    {
        var created = await new TransportGateway.Accounts.CreateLocalAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(_gateway.Administrator, "Other", CancellationToken.None);
        Assert.IsType<TransportGateway.Accounts.CreateLocalAccount.Outcome.Created>(created);
        var (id, secret) = await CreateClientAsync();
        await SignInAsync(id, secret);
        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync("/api/v1/accounts/Other/virtual-accounts")).StatusCode);
        var accounts = await ReadAsync(await _http.PostAsync("/api/v1/upstream_satellites/accounts", JsonNull()));
        Assert.Equal("Example Account", accounts["accounts"]!.AsArray().Single()!["name"]!.GetValue<string>());
    }

    [Fact]
    public async Task The_nodes_of_the_cluster_and_the_rules_of_sign_in_are_shown_to_who_may_see_all_accounts_alone()
    {
        using var ofAll = await _gateway.RestClientAsync(null, Permission.ReadInventory, Permission.ManageUsers);
        using var ofPart = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ReadInventory, Permission.ManageUsers);
        foreach (var path in new[] { "/api/v2/cluster", "/api/v2/access-rules" })
        {
            using var shown = await ofAll.GetAsync(path);
            Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
            using var refused = await ofPart.GetAsync(path);
            await ProblemTests.IsProblemAsync(refused, 403, "whole-gateway", "the whole gateway's");
        }
    }

    [Fact]
    public async Task An_api_client_for_an_account_that_is_not_there_is_not_made()
    {
        using var http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        var before = await _gateway.CountAsync("api_clients");
        // Its name in the place of its id is an easy slip.
        using var refused = await http.PostAsJsonAsync("/api/v2/api-clients", new { name = "toolkit", accountId = _gateway.Account.Name });
        await ProblemTests.IsProblemAsync(refused, 404, "no-such-account", "There is no local account with the id 'Example Account'");
        Assert.Equal(before, await _gateway.CountAsync("api_clients"));
        using var made = await http.PostAsJsonAsync("/api/v2/api-clients", new { name = "toolkit", accountId = _gateway.Account.Id });
        Assert.Equal(HttpStatusCode.OK, made.StatusCode);
    }

    [Fact]
    public async Task A_client_of_one_account_manages_the_clients_of_that_account_alone()
    {
        var everywhere = await new CreateApiClient(_gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "everywhere", null, [Permission.ReadInventory]), CancellationToken.None);
        var foreign = Assert.IsType<CreateApiClient.Outcome.Created>(everywhere).ClientId;
        var (id, secret) = await CreateClientAsync(Permission.ManageAccess);
        await SignInAsync(id, secret);

        var listed = await ReadAsync(await _http.GetAsync("/api/v2/api-clients"));
        Assert.Equal(id, Assert.Single(listed.AsArray())!["clientId"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.NotFound, (await _http.DeleteAsync("/api/v2/api-clients/" + foreign)).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await _http.PostAsJsonAsync("/api/v2/api-clients", new { name = "more" })).StatusCode);
        using var more = await _http.PostAsJsonAsync(
            "/api/v2/api-clients", new { name = "more", accountId = _gateway.Account.Id, permissions = new[] { "ReadEvents" } });
        Assert.Equal(HttpStatusCode.Forbidden, more.StatusCode);
        Assert.Contains("does not have the permission ReadEvents", await more.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"description":"d","expiresAfterDays":"365","exportControlled":"Allowed"}""", 365)]
    [InlineData("""{"description":"d","expiresAfterDays":365.0,"exportControlled":"Not Allowed","numberofUses":"5"}""", 365)]
    [InlineData("""{"description":"d","expiresAfterDays":1}""", 1)]
    public async Task A_token_is_created_with_numbers_in_any_form_and_its_text_is_read_back(string body, int days)
    {
        await SignInAsync();
        var created = await ReadAsync(await _http.PostAsync(Va + "/Default/tokens", new StringContent(body, Encoding.UTF8, "application/json")));
        var text = created["tokenInfo"]!["token"]!.GetValue<string>();
        Assert.Matches("^[A-Za-z0-9]+$", text);

        var listed = await ReadAsync(await _http.SendAsync(new HttpRequestMessage(HttpMethod.Get, Va + "/Default/tokens") { Content = JsonNull() }));
        Assert.Equal(text, listed["tokens"]![0]!["token"]!.GetValue<string>());
        var expires = DateTimeOffset.Parse(listed["tokens"]![0]!["expirationDate"]!.GetValue<string>());
        Assert.InRange((expires - TimeProvider.System.GetUtcNow()).TotalDays, days - 0.1, days + 0.1);
        Assert.Single(await _gateway.EventsAsync(EventKinds.TokenRead));

        var product = _gateway.Product(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(text));

        var revoked = await ReadAsync(await _http.PostAsJsonAsync(Va + "/Default/tokens/revoke", new { tokens = new[] { text, "unknown" } }));
        Assert.Equal(["SUCCESS", "FAILED"], revoked["tokens"]!.AsArray().Select(entry => entry!["status"]!.GetValue<string>()));
        Assert.Equal("COMPLETE", revoked["status"]!.GetValue<string>());
        Assert.Equal("ERROR", (await ReadAsync(await _http.PostAsJsonAsync(Va + "/Default/tokens/revoke", new { tokens = new[] { text, "unknown" } })))["status"]!.GetValue<string>());
        Assert.Empty((await ReadAsync(await _http.GetAsync(Va + "/Default/tokens")))["tokens"]!.AsArray());
    }

    [Theory]
    [InlineData("""{"expiresAfterDays":0}""", "1 to 9999 days")]
    [InlineData("""{"expiresAfterDays":"soon"}""", "not a whole number")]
    [InlineData("""{"exportControlled":"maybe"}""", "'Allowed' or 'Not Allowed'")]
    [InlineData("""{"numberofUses":0}""", "at least 1 use")]
    [InlineData("{nonsense", "not JSON")]
    public async Task A_token_that_cannot_be_is_refused_with_the_reason(string body, string reason)
    {
        await SignInAsync();
        using var response = await _http.PostAsync(Va + "/Default/tokens", new StringContent(body, Encoding.UTF8, "application/json"));
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(reason, JsonNode.Parse(await response.Content.ReadAsStringAsync())!["statusMessage"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.TokenCreated));
    }

    [Fact]
    public async Task A_virtual_account_is_created_by_form_listed_with_a_text_for_default_and_deleted()
    {
        await SignInAsync();
        using (var created = await _http.PostAsync(Va, new FormUrlEncodedContent(new Dictionary<string, string> { ["name"] = "Branch Office", ["description"] = "x" })))
        {
            Assert.Equal(HttpStatusCode.OK, created.StatusCode);
            Assert.Equal("COMPLETE", (await ReadAsync(created))["status"]!.GetValue<string>());
        }

        var listed = await ReadAsync(await _http.GetAsync("/backend" + Va));
        Assert.Equal(
            [("Default", "true"), ("Branch Office", "false")],
            listed["virtualAccounts"]!.AsArray().Select(entry => (entry!["name"]!.GetValue<string>(), entry["isDefault"]!.GetValue<string>())));

        Assert.Equal(HttpStatusCode.OK, (await _http.PostAsync(Va + "/Branch%20Office/delete", null)).StatusCode);
        using var refused = await _http.PostAsync(Va + "/Default/delete", null);
        Assert.Equal(HttpStatusCode.Conflict, refused.StatusCode);
        Assert.Contains("default", await refused.Content.ReadAsStringAsync(), StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Devices_and_licences_are_listed_and_a_device_is_transferred_with_what_it_uses()
    {
        await SignInAsync();
        var token = await _gateway.CreateTokenAsync();
        var product = _gateway.Product(SeedProducts.Pi37);
        await product.RegisterAsync(token);
        await product.AuthorizeAsync();
        await _http.PostAsJsonAsync(Va, new { name = "Branch" });

        var devices = await ReadAsync(await _http.SendAsync(new HttpRequestMessage(HttpMethod.Get, Va + "/Default/devices") { Content = JsonNull() }));
        var device = devices["devices"]!.AsArray().Single()!;
        Assert.Equal(1, devices["totalRecords"]!.GetValue<int>());
        Assert.Equal("pi37", device["sudi"]!["udiSerialNumber"]!.GetValue<string>());

        var moved = await ReadAsync(await _http.PostAsJsonAsync(Va + "/Default/devices/transfer", new
        {
            productInstances = new[] { new { sudi = device["sudi"]!.DeepClone(), productTagName = device["productTagName"]!.GetValue<string>(), targetVirtualAccount = "Branch" } },
        }));
        Assert.Equal("SUCCESS", moved["status"]!.GetValue<string>());
        foreach (var path in new[] { "transfer", "remove" })
        {
            var none = await ReadAsync(await _http.PostAsJsonAsync($"{Va}/Default/devices/{path}", new
            {
                productInstances = new[] { new { sudi = device["sudi"]!.DeepClone(), targetVirtualAccount = "Branch" } },
                productInstacesRemoveRequests = new[] { new { sudi = device["sudi"]!.DeepClone() } },
            }));
            Assert.Equal(("ERROR", "FAILED"), (none["status"]!.GetValue<string>(), none["productInstances"]![0]!["status"]!.GetValue<string>()));
            Assert.Equal("There is no such device in this virtual account.", none["productInstances"]![0]!["statusMessage"]!.GetValue<string>());
        }

        var some = await ReadAsync(await _http.PostAsJsonAsync(Va + "/Branch/devices/transfer", new
        {
            productInstances = new[] { new { sudi = device["sudi"]!.DeepClone(), targetVirtualAccount = "Branch" }, new { sudi = device["sudi"]!.DeepClone(), targetVirtualAccount = "Nowhere" } },
        }));
        Assert.Equal("FAILED", some["status"]!.GetValue<string>());
        Assert.Equal(["SUCCESS", "FAILED"], some["productInstances"]!.AsArray().Select(entry => entry!["status"]!.GetValue<string>()));
        Assert.Single((await ReadAsync(await _http.GetAsync(Va + "/Branch/devices")))["devices"]!.AsArray());

        var licenses = await ReadAsync(await _http.PostAsJsonAsync("/api/v1/accounts/Example%20Account/licenses", new { limit = -1 }));
        Assert.Equal(
            [("Prime Infrastructure 3.x, Assurance Lic.", "Branch", 2, -2), ("Prime Infrastructure 3.x, BASE Lic.", "Branch", 1, -1), ("Prime Infrastructure 3.x, Lifecycle Lic.", "Branch", 14, -14)],
            licenses["licenses"]!.AsArray().Select(entry => (
                entry!["license"]!.GetValue<string>(), entry["virtualAccount"]!.GetValue<string>(), entry["inUse"]!.GetValue<int>(), entry["available"]!.GetValue<int>())));
        Assert.All(licenses["licenses"]!.AsArray(), entry => Assert.Equal("Out Of Compliance", entry!["status"]!.GetValue<string>()));

        using var blocked = await _http.PostAsync(Va + "/Branch/delete", null);
        Assert.Contains("UDI_SN:pi37", await blocked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_removed_product_learns_it_at_its_next_contact()
    {
        var token = await _gateway.CreateTokenAsync();
        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(token);
        await product.AuthorizeAsync();
        var removed = await new TransportGateway.Registration.RemoveInstance(_gateway.Database, TimeProvider.System)
            .ExecuteAsync(_gateway.Administrator, product.State.ProductInstanceIdentifier!, CancellationToken.None);

        Assert.True(removed);
        var id = product.State.ProductInstanceIdentifier;
        var refused = Assert.IsType<ProductResult.Refused>(await product.AuthorizeAsync());
        Assert.Equal($$"""{"product_instance_identifier":["The identity for the instance {{id}} is not valid.Please re-register the instance."]}""", refused.Message);
        Assert.Empty(await _gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None)));
    }

    [Fact]
    public async Task The_set_up_code_buys_one_administrator_and_no_second()
    {
        var code = _gateway.Gateway.SetupCode!.Value;
        var done = await ReadAsync(await _http.PostAsJsonAsync("/api/v2/setup", new { code }));
        await SignInAsync(done["clientId"]!.GetValue<string>(), done["clientSecret"]!.GetValue<string>());
        Assert.Equal(HttpStatusCode.OK, (await _http.GetAsync("/api/v2/api-clients")).StatusCode);

        using var again = await _http.PostAsJsonAsync("/api/v2/setup", new { code });
        Assert.Equal(HttpStatusCode.Forbidden, again.StatusCode);
        Assert.Contains("set-up code is not valid", await again.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var incomplete = await _http.PostAsJsonAsync("/api/v2/setup", new { cod = code });
        Assert.Equal(HttpStatusCode.BadRequest, incomplete.StatusCode);
    }

    private static StringContent JsonNull() => new("null", Encoding.UTF8, "application/json");

    private async Task<(string Id, string Secret)> CreateClientAsync(params Permission[] permissions)
    {
        if (permissions.Length == 0)
        {
            permissions = [Permission.ReadInventory, Permission.ReadTokenText, Permission.ManageTokens, Permission.ManageInstances, Permission.ManageVirtualAccounts];
        }

        var outcome = await new CreateApiClient(_gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "test", _gateway.Account.Id, permissions), CancellationToken.None);
        var created = Assert.IsType<CreateApiClient.Outcome.Created>(outcome);
        return (created.ClientId, created.ClientSecret.Value);
    }

    private async Task SignInAsync(string? id = null, string? secret = null)
    {
        if (id is null)
        {
            (id, secret) = await CreateClientAsync();
        }

        var answer = await ReadAsync(await _http.PostAsJsonAsync("/oauth/token", new { grant_type = "client_credentials", client_id = id, client_secret = secret }));
        Use(answer["access_token"]!.GetValue<string>());
    }

    private void Use(string token) => _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);

    private static async Task<JsonNode> ReadAsync(HttpResponseMessage response)
    {
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, text);
        return JsonNode.Parse(text)!;
    }
}

public sealed class RestOnSqlite : RestTests<SqliteEngine>;

public sealed class RestOnPostgreSql : RestTests<PostgreSqlEngine>;
