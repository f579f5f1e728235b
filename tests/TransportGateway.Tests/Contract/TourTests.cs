using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;
using TransportGateway.Tests.Notifications;
using TransportGateway.Tests.SignOn;
using TransportGateway.Tests.Simulators;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Contract;

/// <summary>One walk through the whole REST API: every operation of the contract does its work once, and answers as the contract says.</summary>
public sealed class TourTests : IAsyncLifetime
{
    /// <summary>Operations that the walk cannot take, and which tests prove them instead.</summary>
    private static readonly Dictionary<string, string> ProvedElsewhere = new(StringComparer.Ordinal)
    {
        ["POST /Transportgateway/services/DeviceRequestHandler"] = "answers products, whose contract is the wire protocol: tests of DeviceGateway and Protocol",
        ["POST /SmartTransport"] = "as the one above",
        ["POST /api/v2/restore"] = "over the control socket alone, and the gateway starts anew: BackupTests",
        ["POST /api/v2/cluster/switchover"] = "needs a cluster: HighAvailabilityPageTests, and the story of the Cluster tests",
        ["POST /api/v2/database/migration"] = "needs an empty PostgreSQL database and stops the gateway: MoveDatabaseTests",
    };

    private CentralPair _pair = null!;
    private FakeGateway _upstream = null!;
    private HttpClient _http = null!;

    private TestGateway Gateway => _pair.Gateway;

    public async Task InitializeAsync()
    {
        _pair = await CentralPair.StartAsync<SqliteEngine>(null, ("listen-admin", "127.0.0.1:0"));
        _upstream = await FakeGateway.StartAsync(null);
        _http = await Gateway.RestClientAsync(null, Enum.GetValues<Permission>());
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _pair.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    [Fact]
    public async Task Every_operation_of_the_contract_was_seen_to_work_and_to_answer_as_described()
    {
        await LookAroundAsync();
        await SignInAsync();
        await AdministerPeopleAsync();
        await MindOwnAffairsAsync();
        await TrustOthersAsync();
        await TellOthersAsync();
        await BackUpAsync();
        await AskForAccountsAsync();
        await SynchronizeAsync();
        await SynchronizeByFilesAsync();
        await RelayAsync();
        await UseAccountAsync();
        await UseAsExistingClientsAsync();
        await CertifyAsync();
        await HandOverAsync();

        var worked = Gateway.Contract.Answered.Where(answer => answer.Status < 300).Select(answer => answer.Operation).ToHashSet();
        Assert.Empty(OpenApi.Operations.Keys.Except(worked).Except(ProvedElsewhere.Keys));
        Assert.Empty(ProvedElsewhere.Keys.Except(OpenApi.Operations.Keys));
    }

    [Fact]
    public void Every_json_answer_that_works_is_described_member_by_member()
    {
        var vague = OpenApi.Operations.Where(operation => !ProvedElsewhere.ContainsKey(operation.Key)).SelectMany(operation => operation.Value["responses"]!.AsObject()
            .Where(response => response.Key.StartsWith('2') && OpenApi.Follow(response.Value!)["content"]?["application/json"] is { } content
                && OpenApi.Follow(content["schema"]!) is var schema && schema["type"]?.ToString() == "object" && !schema.ContainsKey("properties"))
            .Select(response => $"{operation.Key} {response.Key}"));
        Assert.Empty(vague);
    }

    [Theory]
    [InlineData("""{"status":"COMPLETE","statusMessage":"","alerts":[],"totalRecords":0}""", null)]
    [InlineData("""{"status":"COMPLETE","statusMessage":"","alerts":[]}""", "$.totalRecords is missing")]
    [InlineData("""{"status":"COMPLETE","statusMessage":"","alerts":[],"totalRecords":"0"}""", "$.totalRecords should be \"integer\" and is \"0\"")]
    [InlineData("""{"status":"DONE","statusMessage":"","alerts":[],"totalRecords":0}""", "$.status is \"DONE\", which is none of")]
    [InlineData("""{"status":"COMPLETE","statusMessage":"","alerts":[],"totalRecords":0,"more":1}""", "$.more is not in the contract")]
    [InlineData("""{"status":"COMPLETE","statusMessage":"","alerts":[{}],"totalRecords":0}""", "$.alerts[0].messageType is missing")]
    [InlineData("{", "the body is not JSON")]
    public void An_answer_that_does_not_fit_is_found(string body, string? problem)
    {
        var found = ContractWatch.Problem("POST /api/v1/accounts/{account}/alerts", 200, "application/json; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(body));
        Assert.True(problem is null ? found is null : found?.Contains(problem, StringComparison.Ordinal) == true, found);
        Assert.Contains("not in the contract", ContractWatch.Problem("POST /api/v1/accounts/{account}/alerts", 201, "application/json", []), StringComparison.Ordinal);
        Assert.Contains("content type", ContractWatch.Problem("POST /api/v1/accounts/{account}/alerts", 200, "text/html", []), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"name":"x"}""", null)]
    [InlineData("""{"name":"x","description":null}""", null)]
    [InlineData("""{"description":"x"}""", "$.name is missing")]
    [InlineData("""{"name":1}""", "$.name should be")]
    [InlineData("""{"name":"x","colour":"red"}""", "$.colour is not in the contract")]
    public void A_request_that_does_not_fit_is_found(string body, string? problem)
    {
        const string Operation = "POST /api/v2/accounts/{account}/virtual-accounts";
        var found = ContractWatch.RequestProblem(Operation, "application/json; charset=utf-8", System.Text.Encoding.UTF8.GetBytes(body));
        Assert.True(problem is null ? found is null : found?.Contains(problem, StringComparison.Ordinal) == true, found);
        Assert.Contains("content type", ContractWatch.RequestProblem(Operation, "text/plain", [1]), StringComparison.Ordinal);
        Assert.Equal("there is a body", ContractWatch.RequestProblem("GET /api/v2/status", "application/json", [(byte)'{', (byte)'1', (byte)'}']));
    }

    private async Task LookAroundAsync()
    {
        foreach (var path in new[] { "/healthz", "/readyz", "/metrics", "/openapi.yaml", "/api/v2/status", "/api/v2/machine", "/api/v2/product-urls", "/api/v2/network", "/api/v2/time", "/api/v2/health-checks", "/api/v2/support-bundle", "/api/v2/cluster", "/api/v2/events", "/api/v2/refused-messages", "/api/v2/alerts", "/api/v2/central", "/api/v2/relay", "/api/v2/accounts" })
        {
            await DoAsync("GET", path);
        }
    }

    private async Task SignInAsync()
    {
        var first = await DoAsync("POST", "/api/v2/setup", new { code = Gateway.Gateway.SetupCode!.Value });
        await DoAsync("POST", "/oauth/token", new { grant_type = "client_credentials", client_id = Text(first, "clientId"), client_secret = Text(first, "clientSecret") });
        await DoAsync("GET", "/api/v2/api-toolkit");
        await DoAsync("PUT", "/api/v2/api-toolkit", new { enabled = true });
        var client = await DoAsync("POST", "/api/v2/api-clients", new { name = "tour", permissions = new[] { "ReadInventory" } });
        await DoAsync("GET", "/api/v2/api-clients");
        await DoAsync("DELETE", "/api/v2/api-clients/" + Text(client, "clientId"));
    }

    private async Task AdministerPeopleAsync()
    {
        await DoAsync("POST", "/api/v2/users", new { name = "tour", systemRole = "operator", email = "tour@example.com" });
        await DoAsync("GET", "/api/v2/users");
        await DoAsync("GET", "/api/v2/users/tour");
        await DoAsync("PATCH", "/api/v2/users/tour", new { lastName = "Tour" });
        await DoAsync("POST", "/api/v2/users/tour/password-code");
        await DoAsync("PUT", "/api/v2/users/tour/account-roles", new { accountId = Gateway.Account.Id, role = "account-user" });
        await DoAsync("DELETE", "/api/v2/users/tour/second-factor");
        var user = await Gateway.UserAsync("guest", Roles.SystemUser);
        await Gateway.Gateway.Services.GetRequiredService<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None);
        var session = (await DoAsync("GET", "/api/v2/sessions")).AsArray()[0]!;
        await DoAsync("DELETE", "/api/v2/sessions/" + Text(session, "id"));
        await DoAsync("DELETE", "/api/v2/users/tour");
        await DoAsync("GET", "/api/v2/access-rules");
        await DoAsync("PUT", "/api/v2/access-rules", new { idleMinutes = 20 });
    }

    /// <summary>What a person does about themselves.</summary>
    private async Task MindOwnAffairsAsync()
    {
        var user = await Gateway.UserAsync("own", Roles.SystemUser);
        var code = Text(await DoAsync("POST", "/api/v2/users/own/password-code"), "passwordCode");
        await DoAsync("POST", "/api/v2/set-password", new { name = "own", code, password = "Another-Horse-9" });
        using var person = await Gateway.RestClientOfAsync(user, new Secret("Another-Horse-9"));
        await Gateway.Gateway.Services.GetRequiredService<SignIn>().ExecuteAsync(new SignIn.Request("own", new Secret("Another-Horse-9"), "127.0.0.1", "a browser"), CancellationToken.None);
        await DoAsync("GET", "/api/v2/me", client: person);
        var session = (await DoAsync("GET", "/api/v2/me/sessions", client: person)).AsArray()[0]!;
        await DoAsync("DELETE", "/api/v2/me/sessions/" + Text(session, "id"), client: person);
        var totp = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(Text(await DoAsync("POST", "/api/v2/me/second-factor", client: person), "key")));
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        await DoAsync("POST", "/api/v2/me/second-factor/confirm", new { code = totp.ComputeTotp(now) }, person);
        await DoAsync("POST", "/api/v2/me/second-factor/remove", new { code = totp.ComputeTotp(now.AddSeconds(30)) }, person);
        await DoAsync("POST", "/api/v2/me/password", new { current = "Another-Horse-9", password = "Third-Horse-10" }, person);
    }

    private async Task TrustOthersAsync()
    {
        await using var directory = await DirectoryServer.StartAsync();
        var groups = new[] { new { group = "cn=licensing," + DirectoryServer.Base, role = "operator" } };
        await DoAsync("PUT", "/api/v2/directory", new { address = directory.Ldaps, tlsAnchors = directory.RootPem, userBase = DirectoryServer.Base, groups });
        await DoAsync("GET", "/api/v2/directory");
        await DoAsync("POST", "/api/v2/directory/test", new { name = "ann" });
        await DoAsync("PUT", "/api/v2/directory", new { address = "" });
        await using var provider = await IdentityProvider.StartAsync();
        await DoAsync(
            "PUT",
            "/api/v2/identity-provider",
            new { issuer = provider.Issuer, clientId = IdentityProvider.ClientId, clientSecret = IdentityProvider.ClientSecret, tlsAnchors = provider.RootPem, groups });
        await DoAsync("GET", "/api/v2/identity-provider");
        await DoAsync("POST", "/api/v2/identity-provider/test", new { });
    }

    private async Task TellOthersAsync()
    {
        await DoAsync("PUT", "/api/v2/message-of-the-day", new { text = "Authorised use only." });
        await DoAsync("GET", "/api/v2/message-of-the-day");
        await DoAsync("PUT", "/api/v2/language", new { language = "zh-Hant" });
        await DoAsync("GET", "/api/v2/language");
        var webhook = (await DoAsync("POST", "/api/v2/webhooks", new { name = "tour", address = "https://127.0.0.1:9/" }))["webhook"]!;
        await DoAsync("GET", "/api/v2/webhooks");
        await DoAsync("POST", $"/api/v2/webhooks/{Text(webhook, "id")}/test");
        await DoAsync("GET", $"/api/v2/webhooks/{Text(webhook, "id")}/deliveries");
        await DoAsync("DELETE", $"/api/v2/webhooks/{Text(webhook, "id")}");
        await using var logs = SyslogReceiver.Start("tcp");
        await DoAsync("PUT", "/api/v2/settings/syslog", new { server = "127.0.0.1", port = logs.Port, transport = "tcp" });
        await DoAsync("POST", "/api/v2/settings/syslog/test");
        await DoAsync("GET", "/api/v2/settings/syslog");
        await DoAsync("PUT", "/api/v2/settings/syslog", new { server = "" });
        await using var mail = SmtpServer.Start();
        await DoAsync("PUT", "/api/v2/settings/email", new { server = "127.0.0.1", port = mail.Port, tlsAnchors = mail.RootPem, sender = "gateway@example.com", recipients = new[] { "admins@example.com" } });
        await DoAsync("POST", "/api/v2/settings/email/test", new { });
        await DoAsync("GET", "/api/v2/settings/email");
        await DoAsync("POST", "/api/v2/account-requests", new { name = "WANTED", smartAccount = CentralPair.SmartAccount, cloudVirtualAccount = "WANTED", notificationEmail = "licences@example.com" });
        await Wait.UntilAsync(async () => (await DoAsync("GET", "/api/v2/settings/email/outbox")).AsArray().Count > 0);
        await DoAsync("PUT", "/api/v2/settings/email", new { server = "" });
    }

    private async Task BackUpAsync()
    {
        await DoAsync("POST", "/api/v2/backup-recovery-key");
        await DoAsync("PUT", "/api/v2/backup-settings", new { period = "weekly", day = 0, hour = 3, keep = 2 });
        await DoAsync("GET", "/api/v2/backup-settings");
        var backup = await DoAsync("POST", "/api/v2/backups");
        await DoAsync("GET", "/api/v2/backups");
        await DoAsync("POST", $"/api/v2/backups/{Text(backup, "id")}/drill");
        await DoAsync("GET", $"/api/v2/backups/{Text(backup, "id")}/file");
        await DoAsync("DELETE", $"/api/v2/backups/{Text(backup, "id")}");
    }

    private async Task AskForAccountsAsync()
    {
        foreach (var name in new[] { "TEST", "FILES", "NEVER" })
        {
            await DoAsync("POST", "/api/v2/account-requests", new { name, smartAccount = CentralPair.SmartAccount, cloudVirtualAccount = name, notificationEmail = "licences@example.com" });
        }

        await DoAsync("GET", "/api/v2/account-requests");
        await DoAsync("POST", "/api/v2/accounts/NEVER/reject", new { reason = "not needed" });
        await DoAsync("DELETE", "/api/v2/accounts/NEVER");
        await DoAsync("POST", "/api/v2/accounts/TEST/approve");
        await DoAsync("POST", "/api/v2/accounts/FILES/approve");
        await DoAsync("POST", "/api/v2/accounts", new { name = "Tour" });
        await DoAsync("GET", "/api/v2/accounts/Tour");
        await DoAsync("PUT", "/api/v2/accounts/Tour/preferences", new { emails = new[] { "licences@example.com" }, digest = "weekly" });
        await DoAsync("GET", "/api/v2/accounts/Tour/preferences");
    }

    private async Task SynchronizeAsync()
    {
        foreach (var entitlement in SeedProducts.Cucmpub.Entitlements)
        {
            var now = TimeProvider.System.GetUtcNow();
            _pair.Central.Grant(CentralPair.SmartAccount, "TEST", new CentralEntitlement { Id = entitlement.Tag, Tag = entitlement.Tag, Name = entitlement.Tag, Quantity = 5, StartDate = now.AddDays(-1), EndDate = now.AddDays(9) });
        }

        await DoAsync("PUT", "/api/v2/central", new { schedule = new { period = "weekly", day = 1, hour = 3 } });
        await DoAsync("POST", "/api/v2/central/test", new { smartAccount = CentralPair.SmartAccount });
        await DoAsync("POST", "/api/v2/accounts/TEST/register");
        await DoAsync("POST", "/api/v2/accounts/TEST/deactivate");
        await DoAsync("POST", "/api/v2/accounts/TEST/activate");
        await DoAsync("POST", "/api/v2/accounts/TEST/register-again");
        await DoAsync("POST", "/api/v2/accounts/TEST/register");
        await DoAsync("POST", "/api/v2/accounts/TEST/synchronizations", new { mode = "full" });
        await EndAsync();
        await DoAsync("POST", "/api/v2/synchronizations", new { mode = "standard" });
        await EndAsync();
        await DoAsync("GET", "/api/v2/synchronizations");
        await DoAsync("GET", "/api/v2/accounts/TEST/synchronizations");
        await DoAsync("GET", "/api/v2/accounts/TEST/entitlements");
        await DoAsync("GET", "/api/v2/accounts/TEST/synchronization-settings");
        await DoAsync("PUT", "/api/v2/accounts/TEST/synchronization-settings", new { followDefaultSchedule = true, withhold = new[] { "mac-address" } });
    }

    private async Task EndAsync()
    {
        var account = (await Gateway.FindAccountAsync("TEST"))!;
        Assert.Equal(RunState.Succeeded, (await _pair.EndAsync(account)).State);
    }

    private async Task SynchronizeByFilesAsync()
    {
        var registration = await DownloadAsync("/api/v2/accounts/FILES/registration-file", null);
        await UploadAsync("/api/v2/accounts/FILES/authorization-file", _pair.Central.ExchangeRegistration(registration));
        var request = await DownloadAsync("/api/v2/accounts/FILES/synchronizations/request-file", new { mode = "full" });
        await UploadAsync("/api/v2/accounts/FILES/synchronizations/response-file", _pair.Central.ExchangeSynchronization(request));
    }

    private async Task RelayAsync()
    {
        var address = _upstream.Address(DeviceTransport.SmartTransport).AbsoluteUri;
        await DoAsync("PUT", "/api/v2/relay", new { enabled = true, smartTransport = address, account = "Tour", tlsAnchors = _upstream.Authority.Root.ExportCertificatePem() });
        await DoAsync("POST", "/api/v2/relay/test");
        await DoAsync("PUT", "/api/v2/accounts/Tour/relay", new { enabled = false });
        await DoAsync("PUT", "/api/v2/relay", new { enabled = false });
    }

    private async Task UseAccountAsync()
    {
        const string Va = "/api/v2/accounts/TEST/virtual-accounts";
        await DoAsync("POST", Va, new { name = "Branch", description = "on the tour" });
        await DoAsync("GET", Va);
        var token = await DoAsync("POST", Va + "/Default/tokens", new { expiresAfterDays = 5, maxUses = 3 });
        await DoAsync("GET", Va + "/Default/tokens?withText=true");
        var product = await RegisterAsync(Text(token, "text"), SeedProducts.Cucmpub);
        await DoAsync("DELETE", Va + "/Default/tokens/" + Text(token, "id"));
        var archived = (await DoAsync("GET", "/api/v2/archived-messages?instance=" + product)).AsArray()[0]!;
        await DoAsync("GET", "/api/v2/archived-messages/" + Text(archived, "id"));
        await DoAsync("GET", Va + "/Default/instances");
        await DoAsync("GET", "/api/v2/instances/" + product);
        await DoAsync("POST", $"/api/v2/instances/{product}/transfer", new { virtualAccount = "Branch" });
        await DoAsync("GET", Va + "/Branch/licenses");
        await TagLicensesAsync();
        await DoAsync("GET", $"/api/v2/events?account=TEST&virtualAccount=Branch&instance={product}&kind=license-usage-changed&severity=info&actor=c&text=uses&from=2021-06-20&to=2121-06-20T18:39:00Z");
        await DoAsync("GET", $"{Va}/Branch/licenses/{SeedProducts.Cucmpub.Entitlements[0].Tag}");
        await DoAsync("GET", $"{Va}/Branch/licenses/{SeedProducts.Cucmpub.Entitlements[0].Tag}/instances");
        await DoAsync("POST", "/api/v2/instances/transfer", new { ids = new[] { product }, virtualAccount = "Default" });
        await DoAsync("POST", "/api/v2/instances/remove", new { ids = new[] { "nothing" } });
        await DoAsync("POST", $"/api/v2/instances/{product}/transfer", new { virtualAccount = "Branch" });
        await DoAsync("GET", "/api/v2/accounts/TEST/reports/licenses");
        await DoAsync("POST", Va + "/Default/licenses/transfer", new { license = SeedProducts.Cucmpub.Entitlements[0].Tag, quantity = 1, virtualAccount = "Branch", licenseType = "TERM" });
        await DoAsync("DELETE", "/api/v2/instances/" + product);
        await DoAsync("DELETE", Va + "/Branch");
    }

    private async Task TagLicensesAsync()
    {
        const string Tags = "/api/v2/accounts/TEST/license-tags";
        var license = SeedProducts.Cucmpub.Entitlements[0].Tag;
        await DoAsync("POST", Tags, new { name = "HQ" });
        await DoAsync("PATCH", Tags + "/HQ", new { name = "Head office" });
        await DoAsync("POST", Tags + "/Head office/assign", new { licenses = new[] { license } });
        await DoAsync("GET", Tags);
        await DoAsync("POST", Tags + "/Head office/unassign", new { licenses = new[] { license } });
        await DoAsync("DELETE", Tags + "/Head office");
    }

    private async Task UseAsExistingClientsAsync()
    {
        const string Account = "/backend/api/v1/accounts/TEST";
        const string Default = Account + "/virtual-accounts/Default";
        await DoAsync("POST", "/api/v1/upstream_satellites/accounts");
        await DoAsync("GET", "/api/v1/accounts/search?name=test");
        await DoAsync("POST", Account + "/virtual-accounts", new { name = "Branch", description = "" });
        await DoAsync("GET", "/backend/api/v2/accounts/");
        await DoAsync("GET", Account + "/virtual-accounts");
        await DoAsync("GET", Account + "/customer/virtual-accounts");
        var token = (await DoAsync("POST", Default + "/tokens", new { description = "x", expiresAfterDays = "30", exportControlled = "Allowed", numberofUses = 5 }))["tokenInfo"]!;
        await DoAsync("GET", Default + "/tokens");
        await RegisterAsync(Text(token, "token"), SeedProducts.Pi37);
        await DoAsync("POST", Default + "/tokens/revoke", new { tokens = new[] { Text(token, "token") } });
        await DoAsync("POST", Account + "/licenses", new { limit = -1 });
        await DoAsync("POST", Account + "/license-subscriptions", new { status = new[] { "Active" } });
        await DoAsync("POST", Account + "/alerts", new { limit = -1 });
        var wanted = new { entitlementTag = SeedProducts.Pi37.Entitlements[0].Tag, quantity = 1, precedence = "LONGEST_TERM_FIRST" };
        await DoAsync("POST", Default + "/reserve-licenses", new { reservationRequests = new[] { new { reservationCode = "CB-X", reservationType = "SPECIFIC", licenses = new[] { wanted } } } });
        var transfer = new { license = SeedProducts.Cucmpub.Entitlements[0].Tag, quantity = 1, targetVirtualAccount = "Branch" };
        await DoAsync("POST", Default + "/reserve-licenses/update", new { reservationRequests = new[] { new { reservationCode = "CB-X", licenses = new[] { wanted } } } });
        await DoAsync("POST", Default + "/reserve-licenses/return", new { reservationRequests = new[] { new { returnCode = "CR-X" } } });
        await DoAsync("POST", Default + "/licenses/transfer", new { licenses = new[] { transfer } });
        var device = (await DoAsync("GET", Default + "/devices"))["devices"]![0]!;
        var sudi = device["sudi"]!.DeepClone();
        await DoAsync("POST", Default + "/devices/transfer", new { productInstances = new[] { new { sudi, targetVirtualAccount = "Branch" } } });
        await DoAsync("POST", Account + "/virtual-accounts/Branch/devices/remove", new { productInstacesRemoveRequests = new[] { new { sudi } } });
        await DoAsync("POST", Account + "/virtual-accounts/Branch/delete");
    }

    private async Task CertifyAsync()
    {
        const string Path = "/api/v2/certificates";
        await DoAsync("GET", Path);
        await DoAsync("GET", Path + "/check");
        await DoAsync("GET", Path + "/host-name");
        await DoAsync("PUT", Path + "/host-name", new { name = "localhost", alternativeNames = new[] { "127.0.0.1" } });
        await DoAsync("PUT", Path + "/issuer", new { issuer = "own" });
        var idle = await DoAsync("POST", Path + "/requests", new { names = new[] { "idle.example.com" } });
        await DoAsync("DELETE", $"{Path}/requests/{Text(idle, "id")}");
        var pem = Text(await DoAsync("POST", Path + "/requests", new { names = new[] { "licences.example.com" } }), "pem");
        await DoAsync("GET", Path + "/requests");
        using var site = new SiteAuthority(TimeProvider.System.GetUtcNow());
        using var issued = site.Answer(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]));
        await DoAsync("PUT", Path + "/uploaded", new { pem = issued.ExportCertificatePem() + "\n" + site.IssuingPem, caPem = site.RootPem });
        await DoAsync("DELETE", Path + "/uploaded");
    }

    /// <summary>What the resource agent asks for, over the control socket alone.</summary>
    private async Task HandOverAsync()
    {
        using var local = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(Gateway.Gateway.Directory.ControlSocket), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        })
        { BaseAddress = new Uri("http://localhost") };
        foreach (var path in new[] { "/api/v2/cluster/drain", "/api/v2/cluster/resume" })
        {
            using var response = await local.PostAsync(path, null);
            Assert.True(response.IsSuccessStatusCode, path);
        }
    }

    private async Task<string> RegisterAsync(string token, ProductDefinition definition)
    {
        var product = Gateway.Product(definition);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        return product.State.ProductInstanceIdentifier!;
    }

    private async Task<byte[]> DownloadAsync(string path, object? body)
    {
        using var response = await _http.PostAsync(path, body is null ? null : JsonContent.Create(body));
        Assert.True(response.IsSuccessStatusCode, path);
        return await response.Content.ReadAsByteArrayAsync();
    }

    private async Task UploadAsync(string path, byte[] file)
    {
        using var content = new ByteArrayContent(file) { Headers = { ContentType = new MediaTypeHeaderValue("application/pkcs7-mime") } };
        using var response = await _http.PostAsync(path, content);
        Assert.True(response.IsSuccessStatusCode, path + await response.Content.ReadAsStringAsync());
    }

    /// <summary>Does what has to work, and returns what was answered.</summary>
    private async Task<JsonNode> DoAsync(string method, string path, object? body = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        using var response = await (client ?? _http).SendAsync(request);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.IsSuccessStatusCode, $"{method} {path}: {(int)response.StatusCode} {text}");
        return text.StartsWith('{') || text.StartsWith('[') ? JsonNode.Parse(text)! : new JsonObject();
    }

    private static string Text(JsonNode answer, string name) => answer[name]!.GetValue<string>();
}
