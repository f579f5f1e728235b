using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Compatible;

/// <summary>Requests of the clients that administrators have, byte for byte, to the endpoints that tell of synchronisation and alerts.</summary>
public abstract class ExistingClientsTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Account = "/api/v1/accounts/Test%20Corp";

    private CentralPair _pair = null!;
    private LocalAccountRow _account = null!;
    private WireClient _client = null!;

    public async Task InitializeAsync()
    {
        _pair = await CentralPair.StartAsync<TEngine>();
        _account = await _pair.RegisteredAccountAsync("Test Corp");
        using var http = await _pair.Gateway.RestClientAsync(_account.Id, Permission.ReadInventory, Permission.ManageVirtualAccounts, Permission.ManageLicenses);
        _client = new WireClient(_pair.Gateway, http.DefaultRequestHeaders.Authorization!.Parameter!);
    }

    public Task DisposeAsync() => _pair.DisposeAsync().AsTask();

    [Fact]
    public async Task Accounts_tell_the_tenant_url_and_what_Software_Central_calls_them()
    {
        foreach (var path in new[] { "/api/v1/upstream_satellites/accounts", "/backend/api/v1/upstream_satellites/accounts" })
        {
            var account = Assert.Single(Done(await _client.AnsibleAsync("POST", path))["accounts"]!.AsArray())!;
            Assert.Equal($"https://localhost:{_pair.Gateway.Address.Port}/cslu/v1/pi/Test%20Corp-1", account["cslu_tenant_url"]!.GetValue<string>());
            Assert.Equal((await _pair.StateAsync(_account)).SmartAccountId, account["cssm_smart_account_id"]!.GetValue<string>());
            Assert.NotEqual("", account["cssm_smart_account_id"]!.GetValue<string>());
            Assert.Equal(CentralPair.SmartAccount, account["cssm_smart_account_name"]!.GetValue<string>());
        }
    }

    [Fact]
    public async Task Subscriptions_are_listed_with_their_terms_and_how_they_stand_today()
    {
        var now = TimeProvider.System.GetUtcNow();
        Grant(new() { Id = "1", Tag = EntitlementTags.UcmEnhanced, Name = "Running", Quantity = 7, StartDate = now.AddDays(-10), EndDate = now.AddDays(10), SubscriptionId = "Sub1" });
        Grant(new() { Id = "2", Tag = EntitlementTags.UcmBasic, Name = "Ended", Quantity = 8, StartDate = now.AddDays(-10), EndDate = now.AddDays(-5) });
        Grant(new() { Id = "3", Tag = EntitlementTags.UcmEssential, Name = "Stopped", Quantity = 9, StartDate = now.AddDays(-10), EndDate = now.AddDays(10), Cancelled = true });
        Grant(new() { Id = "4", Tag = EntitlementTags.PiBase, Name = "Bought for good", Quantity = 10, StartDate = now.AddDays(-10) });
        Assert.Equal(RunState.Succeeded, (await _pair.SynchronizeAsync(_account)).State);

        var all = Done(await _client.AnsibleAsync("POST", Account + "/license-subscriptions"));
        Assert.Equal(3, all["totalRecords"]!.GetValue<int>());
        Assert.Equal(
            [("Ended", 8, "", "Expired"), ("Running", 7, "Sub1", "Active"), ("Stopped", 9, "", "Canceled")],
            all["licenseSubscriptions"]!.AsArray().Select(entry => (
                entry!["license"]!.GetValue<string>(), entry["quantity"]!.GetValue<int>(), entry["subscriptionId"]!.GetValue<string>(), entry["status"]!.GetValue<string>())));
        Assert.All(all["licenseSubscriptions"]!.AsArray(), entry => Assert.Equal(("PREPAID", "Default"), (entry!["billingType"]!.GetValue<string>(), entry["virtualAccount"]!.GetValue<string>())));

        Assert.Equal(["Running"], await NamesAsync(_client.AnsibleAsync("POST", Account + "/license-subscriptions", """{"virtualAccounts": ["Default"], "status": ["Active"], "limit": -1}""")));
        Assert.Equal(["Ended", "Stopped"], await NamesAsync(_client.PerlAsync("/backend" + Account + "/license-subscriptions", "status=Expired&status=Canceled&limit=-1")));
        Assert.Equal(["Running"], await NamesAsync(_client.PythonAsync("POST", Account + "/license-subscriptions?limit=1&offset=1")));

        var (status, refused) = await _client.PerlAsync(Account + "/license-subscriptions", "status=Running");
        Assert.Equal((400, "ERROR", "status 'Running' is none of Active, Canceled, Expired."), (status, refused["status"]!.GetValue<string>(), refused["statusMessage"]!.GetValue<string>()));
    }

    [Fact]
    public async Task Alerts_have_the_words_that_monitoring_counts_and_a_source_in_each()
    {
        var product = _pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await _pair.Gateway.CreateTokenAsync(virtualAccount: await _pair.DefaultOfAsync(_account)));
        await product.AuthorizeAsync();
        await _pair.Gateway.WriteAsync((session, at) => new Alerts(session).RaiseAsync(AlertSubject.OfAccount(_account.Id, "Synchronization Overdue"), AlertSeverity.Minor, "Synchronise it.", at.AddDays(-1), CancellationToken.None));

        foreach (var answer in new[]
        {
            await _client.PerlAsync(Account + "/alerts", "limit=-1"),
            await _client.PythonAsync("POST", Account + "/alerts", """{"limit": -1}"""),
            await _client.AnsibleAsync("POST", "/backend" + Account + "/alerts"),
        })
        {
            var alerts = Done(answer)["alerts"]!.AsArray();
            Assert.Equal(4, Done(answer)["totalRecords"]!.GetValue<int>());
            Assert.Equal(["Major", "Major", "Major", "Minor"], alerts.Select(alert => alert!["severity"]!.GetValue<string>()));
            Assert.All(alerts, alert => Assert.NotNull(alert!["source"]!.GetValue<string>()));
            Assert.Equal("Insufficient Licenses", alerts[0]!["messageType"]!.GetValue<string>());
            Assert.DoesNotContain("regid", alerts[0]!["source"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Equal(("Default", ""), (alerts[0]!["virtualAccount"]!.GetValue<string>(), alerts[3]!["virtualAccount"]!.GetValue<string>()));
        }

        Assert.Single(Done(await _client.PythonAsync("POST", Account + "/alerts?limit=1"))["alerts"]!.AsArray());
    }

    [Fact]
    public async Task Accounts_are_found_by_name_domain_and_type_and_their_virtual_accounts_at_the_paths_of_the_cloud()
    {
        const string Search = "/api/v1/accounts/search";
        Assert.Equal(1, await FoundAsync(Search + "?domain=Test%20Corp&name=&type=CUSTOMER&limit=10&offset=0"));
        Assert.Equal(1, await FoundAsync("/backend" + Search + "?name=test"));
        Assert.Equal(1, await FoundAsync(Search));
        Assert.Equal(0, await FoundAsync(Search + "?domain=Test"));
        Assert.Equal(0, await FoundAsync(Search + "?type=HOLDING"));
        // Another account is there, which this client may not see.
        Assert.Equal(0, await FoundAsync(Search + "?name=Example"));

        foreach (var path in new[] { "/customer/virtual-accounts", "/Smart/virtual-accounts", "/virtual-accounts" })
        {
            var listed = Done(await _client.AnsibleAsync("GET", Account + path))["virtualAccounts"]!.AsArray();
            Assert.Equal(("Default", "true"), (Assert.Single(listed)!["name"]!.GetValue<string>(), listed[0]!["isDefault"]!.GetValue<string>()));
        }

        async Task<int> FoundAsync(string path)
        {
            var answer = Done(await _client.AnsibleAsync("GET", path));
            Assert.Equal(answer["totalRecords"]!.GetValue<int>(), answer["accounts"]!.AsArray().Count);
            return answer["totalRecords"]!.GetValue<int>();
        }
    }

    [Fact]
    public async Task Licences_are_transferred_with_a_result_for_each()
    {
        Grant(new() { Id = "1", Tag = EntitlementTags.UcmEnhanced, Name = "Enhanced", Quantity = 7, StartDate = TimeProvider.System.GetUtcNow().AddDays(-1) });
        await _pair.SynchronizeAsync(_account);
        Done(await _client.PerlAsync(Account + "/virtual-accounts", "name=Branch+Office&description=x"));
        const string Transfer = Account + "/virtual-accounts/Default/licenses/transfer";
        const string One = """{"license": "Enhanced", "licenseType": "PERPETUAL", "quantity": 2, "targetVirtualAccount": "Branch Office"}""";

        var (status, all) = await _client.AnsibleAsync("POST", "/backend" + Transfer, $$"""{"licenses": [{{One}}, {"license": "Enhanced", "quantity": "1.0", "targetVirtualAccount": "branch office"}]}""");
        Assert.Equal((200, "SUCCESS", ""), (status, all["status"]!.GetValue<string>(), all["statusMessage"]!.GetValue<string>()));
        Assert.Equal(["SUCCESS", "SUCCESS"], all["licenses"]!.AsArray().Select(entry => entry!["status"]!.GetValue<string>()));

        (status, var some) = await _client.PythonAsync("POST", Transfer, $$"""{"licenses": [{{One}}, {"license": "Enhanced", "licenseType": "TERM", "quantity": 1, "targetVirtualAccount": "Branch Office"}]}""");
        Assert.Equal((200, "FAILED"), (status, some["status"]!.GetValue<string>()));
        Assert.Equal(["SUCCESS", "FAILED"], some["licenses"]!.AsArray().Select(entry => entry!["status"]!.GetValue<string>()));

        (status, var none) = await _client.PythonAsync("POST", Transfer, """{"licenses": [{"license": "Enhanced", "quantity": 3, "targetVirtualAccount": "Branch Office"}]}""");
        Assert.Equal((200, "ERROR", "'Default' has 2 of Enhanced; 3 cannot be moved."), (status, none["status"]!.GetValue<string>(), none["licenses"]![0]!["statusMessage"]!.GetValue<string>()));

        // What cannot be read is refused as a whole, before anything moves; a form cannot say it.
        Assert.Equal(400, (await _client.AnsibleAsync("POST", Transfer, $$"""{"licenses": [{{One}}, {"license": "Enhanced", "quantity": "some", "targetVirtualAccount": "Branch Office"}]}""")).Status);
        Assert.Equal(400, (await _client.AnsibleAsync("POST", Transfer)).Status);
        Assert.Equal(400, (await _client.PerlAsync(Transfer, "license=Enhanced&quantity=1&targetVirtualAccount=Branch+Office")).Status);

        var listed = Done(await _client.AnsibleAsync("POST", Account + "/licenses"))["licenses"]!.AsArray();
        Assert.Equal([("Branch Office", 5), ("Default", 2)], listed.Select(entry => (entry!["virtualAccount"]!.GetValue<string>(), entry["quantity"]!.GetValue<int>())).Order());
        Assert.Equal(RunState.Succeeded, (await _pair.SynchronizeAsync(_account)).State);
        Done(await _client.AnsibleAsync("POST", Account + "/virtual-accounts/Branch%20Office/delete"));
        Assert.Equal(7, (await _pair.PurchasedAsync(_account))[EntitlementTags.UcmEnhanced]);
    }

    [Fact]
    public async Task A_reservation_gets_no_invented_code_but_the_way_to_a_real_one_and_is_taken_down()
    {
        const string Reserve = Account + "/virtual-accounts/Default/reserve-licenses";
        var body = $$"""{"reservationRequests": [{"reservationCode": "CA-ZCUCM:1-Ab", "reservationType": "SPECIFIC", "licenses": [{"entitlementTag": "{{EntitlementTags.UcmEnhanced}}", "quantity": 2, "precedence": "LONGEST_TERM_FIRST"}]}]}""";
        var (status, answer) = await _client.PythonAsync("POST", Reserve, body);
        var result = Assert.Single(answer["authorizationCodes"]!.AsArray())!;
        Assert.Equal((200, "ERROR", "", "FAILED"), (status, answer["status"]!.GetValue<string>(), result["authorizationCode"]!.GetValue<string>(), result["status"]!.GetValue<string>()));
        Assert.Contains("for the virtual account 'Test Corp' of 'annanr.example.com'", result["statusMessage"]!.GetValue<string>(), StringComparison.Ordinal);
        var entry = Assert.Single(await _pair.Gateway.EventsAsync(EventKinds.ReservationRequested));
        Assert.Contains("with the request code CA-ZCUCM:1-Ab: ", entry.Message, StringComparison.Ordinal);
        Assert.Equal(_account.Id, entry.AccountId);

        foreach (var wrong in new[] { body.Replace("CA-ZCUCM:1-Ab", "", StringComparison.Ordinal), body.Replace("regid", "nonsense", StringComparison.Ordinal), body.Replace(": 2,", ": 0,", StringComparison.Ordinal) })
        {
            Assert.Equal("ERROR", (await _client.AnsibleAsync("POST", Reserve, wrong)).Body["status"]!.GetValue<string>());
        }

        Assert.Equal(400, (await _client.AnsibleAsync("POST", Reserve)).Status);
        Assert.Equal(400, (await _client.AnsibleAsync("POST", Reserve, body.Replace(": 2,", ": \"two\",", StringComparison.Ordinal))).Status);
        Assert.Single(await _pair.Gateway.EventsAsync(EventKinds.ReservationRequested));
    }

    [Fact]
    public async Task A_change_and_a_return_of_a_reservation_are_taken_down_with_the_way_to_Cisco()
    {
        const string Reserve = Account + "/virtual-accounts/Default/reserve-licenses";
        var change = $$"""{"reservationRequests": [{"reservationCode": "CA-1", "licenses": [{"entitlementTag": "{{EntitlementTags.UcmEnhanced}}", "quantity": 3}]}]}""";
        foreach (var (path, body, code, way, logged) in new[]
        {
            ("/update", change, "CA-1", "only Cisco makes them", "is to be changed with the request code CA-1: "),
            ("/return", """{"reservationRequests": [{"returnCode": "CR-2"}]}""", "CR-2", "only Cisco can take a reservation back", "is to be returned with the code CR-2."),
        })
        {
            var (status, answer) = await _client.PythonAsync("POST", "/backend" + Reserve + path, body);
            var result = Assert.Single(answer["authorizationCodes"]!.AsArray())!;
            Assert.Equal((200, "ERROR", code, ""), (status, answer["status"]!.GetValue<string>(), result["reservationCode"]!.GetValue<string>(), result["authorizationCode"]!.GetValue<string>()));
            Assert.Contains(way, result["statusMessage"]!.GetValue<string>(), StringComparison.Ordinal);
            Assert.Contains(await _pair.Gateway.EventsAsync(EventKinds.ReservationRequested), entry => entry.Message.Contains(logged, StringComparison.Ordinal));
        }

        Assert.Equal("ERROR", (await _client.AnsibleAsync("POST", Reserve + "/return", """{"reservationRequests": [{"returnCode": ""}]}""")).Body["status"]!.GetValue<string>());
        Assert.Equal(400, (await _client.AnsibleAsync("POST", Reserve + "/return")).Status);
        Assert.Equal(2, (await _pair.Gateway.EventsAsync(EventKinds.ReservationRequested)).Count);
    }

    [Fact]
    public async Task Licences_tell_their_terms_and_what_stands_in_for_what()
    {
        var now = TimeProvider.System.GetUtcNow();
        Grant(new() { Id = "1", Tag = EntitlementTags.UcmEnhanced, Name = "Enhanced", Quantity = 7, StartDate = now.AddDays(-10), EndDate = now.AddDays(10), SubscriptionId = "Sub1" });
        Grant(new() { Id = "2", Tag = EntitlementTags.UcmEnhanced, Name = "Enhanced", Quantity = 2, StartDate = now.AddDays(-10) });
        Grant(new() { Id = "3", Tag = EntitlementTags.UcmEnhanced, Name = "Enhanced", Quantity = 9, StartDate = now.AddDays(-10), EndDate = now.AddDays(10), Cancelled = true });
        Grant(new() { Id = "4", Tag = EntitlementTags.UcmBasic, Name = "Basic", Quantity = 1, StartDate = now.AddDays(-10) });
        _pair.Central.AllowSubstitution(CentralPair.SmartAccount, new CentralSubstitution(EntitlementTags.UcmEnhanced, EntitlementTags.UcmBasic));
        await _pair.SynchronizeAsync(_account);
        Done(await _client.AnsibleAsync("POST", Account + "/virtual-accounts", """{"name": "Branch", "description": ""}"""));
        var virtualAccount = await _pair.Gateway.ReadAsync(session => new VirtualAccounts(session).FindByNameAsync(_account.Id, "Default", CancellationToken.None));
        var product = _pair.Gateway.Product(SeedProducts.Cucmpub with { Entitlements = [new Entitlement(EntitlementTags.UcmBasic, 4)] });
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _pair.Gateway.CreateTokenAsync(virtualAccount: virtualAccount)));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        var licenses = Done(await _client.PerlAsync(Account + "/licenses", "limit=-1"))["licenses"]!.AsArray().ToDictionary(entry => entry!["license"]!.GetValue<string>(), entry => entry!);
        var terms = licenses["Enhanced"]["licenseDetails"]!.AsArray();
        Assert.Equal(
            [("PERPETUAL", 2, "", "Active"), ("TERM", 7, "Sub1", "Active"), ("TERM", 9, "", "Cancelled")],
            terms.Select(term => (term!["licenseType"]!.GetValue<string>(), term["quantity"]!.GetValue<int>(), term["subscriptionId"]!.GetValue<string>(), term["status"]!.GetValue<string>())).Order());
        Assert.Equal(("", ""), (terms.Single(term => term!["licenseType"]!.GetValue<string>() == "PERPETUAL")!["endDate"]!.GetValue<string>(), terms[0]!["orderNumber"]!.GetValue<string>()));
        foreach (var (license, other, type) in new[] { ("Basic", "Enhanced", "Covered by higher license"), ("Enhanced", "Basic", "Covers lower license") })
        {
            var loan = Assert.Single(licenses[license]["licenseSubstitutions"]!.AsArray())!;
            Assert.Equal(
                (license, other, 3, type),
                (loan["license"]!.GetValue<string>(), loan["substitutedLicense"]!.GetValue<string>(), loan["substitutedQuantity"]!.GetValue<int>(), loan["substitutionType"]!.GetValue<string>()));
        }

        // A grant stands with the default virtual account alone, whatever was transferred.
        const string Transfer = """{"licenses": [{"license": "Enhanced", "quantity": 1, "targetVirtualAccount": "Branch"}]}""";
        Assert.Equal("SUCCESS", (await _client.AnsibleAsync("POST", Account + "/virtual-accounts/Default/licenses/transfer", Transfer)).Body["status"]!.GetValue<string>());
        var moved = Done(await _client.AnsibleAsync("POST", Account + "/licenses", """{"virtualAccounts": ["Branch"]}"""))["licenses"]!.AsArray();
        Assert.Empty(Assert.Single(moved)!["licenseDetails"]!.AsArray());
    }

    [Fact]
    public async Task A_client_that_signs_in_with_the_query_alone_or_with_a_user_besides_reads_the_new_endpoints()
    {
        var created = Assert.IsType<CreateApiClient.Outcome.Created>(await _pair.Service<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(_pair.Gateway.Administrator, "python", _account.Id, [Permission.ReadInventory]), CancellationToken.None));
        var (id, secret) = (created.ClientId, created.ClientSecret.Value);
        var nobody = new WireClient(_pair.Gateway, "");
        foreach (var signedIn in new[]
        {
            await nobody.PythonAsync("POST", $"/backend/oauth/token?grant_type=client_credentials&client_id={id}&client_secret={secret}"),
            await nobody.PythonAsync("POST", "/oauth/token", $$"""{"grant_type": "client_credentials", "client_id": "{{id}}", "client_secret": "{{secret}}", "username": "admin", "password": "x"}"""),
        })
        {
            Assert.Equal((200, 3600), (signedIn.Status, signedIn.Body["expires_in"]!.GetValue<int>()));
            var client = new WireClient(_pair.Gateway, signedIn.Body["access_token"]!.GetValue<string>());
            Assert.Empty(Done(await client.PythonAsync("POST", Account + "/alerts"))["alerts"]!.AsArray());
            Assert.Empty(Done(await client.PythonAsync("POST", Account + "/license-subscriptions", "null"))["licenseSubscriptions"]!.AsArray());
        }

        Assert.Equal(403, (await nobody.PythonAsync("POST", Account + "/alerts")).Status);
        Assert.Equal(404, (await _client.PythonAsync("POST", "/api/v1/accounts/Example%20Account/alerts")).Status);
    }

    private void Grant(CentralEntitlement entitlement) => _pair.Central.Grant(CentralPair.SmartAccount, "Test Corp", entitlement);

    private static JsonNode Done((int Status, JsonNode Body) answer)
    {
        Assert.True(answer.Status == 200, answer.Body.ToJsonString());
        Assert.Equal("COMPLETE", answer.Body["status"]!.GetValue<string>());
        return answer.Body;
    }

    private static async Task<IEnumerable<string>> NamesAsync(Task<(int Status, JsonNode Body)> answer) =>
        Done(await answer)["licenseSubscriptions"]!.AsArray().Select(entry => entry!["license"]!.GetValue<string>());
}

public sealed class ExistingClientsOnSqlite : ExistingClientsTests<SqliteEngine>;

public sealed class ExistingClientsOnPostgreSql : ExistingClientsTests<PostgreSqlEngine>;
