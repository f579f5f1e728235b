using System.Globalization;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Contract;

/// <summary>The other half of the walk: every refusal that the contract names was given once, as described, or it says here why not.</summary>
public sealed partial class RefusalTests : IAsyncLifetime
{
    /// <summary>Refusals that this walk cannot have, by status and part of the operation, and what proves them instead.</summary>
    private static readonly (string Operation, int Status, string Reason)[] ProvedElsewhere =
    [
        ("DeviceRequestHandler", 0, "answers products: tests of DeviceGateway"),
        ("/SmartTransport", 0, "answers products: tests of DeviceGateway"),
        ("", 503, "of a database that is away, or a standby: StandbyTests, DatabaseTests, MoveDatabaseTests"),
        ("", 502, "of a server beyond that is away: CentralClientTests, DirectoryTests, IdentityProviderTests"),
        ("database/migration", 409, "needs a target that is not empty: MoveRefusalTests"),
        ("POST /api/v2/restore", 0, "over the control socket alone: BackupTests"),
        ("POST /api/v2/backups", 500, "of a backup that cannot be written: BackupScheduleTests"),
        ("instances/{id}/transfer", 409, "of a relayed product: RelayTests"),
        ("POST /api/v2/me/password", 409, "of a person of a directory: DirectoryTests"),
        ("POST /api/v2/api-clients", 404, "of an account that the body names: RestTests"),
        ("POST /api/v2/api-clients", 409, "of an idempotency key that is busy: RepeatedRequestTests"),
        ("POST /api/v2/webhooks", 409, "as the one above"),
        ("POST /api/v2/backup-recovery-key", 409, "as the one above"),
        ("POST /api/v2/users", 429, "of many passwords that wait: SignInThrottleTests"),
        ("reports/{report}", 429, "of many reports that wait: ReportTests"),
        ("virtual-accounts/{virtualAccount}/devices", 429, "as the one above"),
        ("POST /api/v2/certificates/requests", 409, "as the one above, and of too many requests: BrowserCertificateTests"),
    ];

    private CentralPair _pair = null!;
    private HttpClient _http = null!;
    private HttpClient _nobody = null!;
    private HttpClient _person = null!;

    private TestGateway Gateway => _pair.Gateway;

    public async Task InitializeAsync()
    {
        _pair = await CentralPair.StartAsync<SqliteEngine>();
        await _pair.RegisteredAccountAsync("Test Corp");
        _http = await Gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        _nobody = Gateway.HttpClient();
        _person = await Gateway.RestClientOfAsync(await Gateway.UserAsync("known", Roles.SystemUser));
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        _nobody.Dispose();
        _person.Dispose();
        await _pair.DisposeAsync();
    }

    [Fact]
    public async Task Every_refusal_of_the_contract_was_given_as_described()
    {
        foreach (var (operation, described) in OpenApi.Operations.Where(entry => entry.Key.Contains("/api/", StringComparison.Ordinal) || entry.Key.Contains("/oauth/", StringComparison.Ordinal) || entry.Key == "GET /metrics"))
        {
            foreach (var status in described["responses"]!.AsObject().Select(response => int.Parse(response.Key, CultureInfo.InvariantCulture)))
            {
                await ProvokeAsync(operation, status);
            }
        }

        await ProvokeConflictsAsync();
        await ProvokeOwnAffairsAsync();
        await ProvokeThrottleAsync();

        var given = Gateway.Contract.Answered.ToHashSet();
        var missing = OpenApi.Operations.SelectMany(operation => operation.Value["responses"]!.AsObject()
                .Select(response => (Operation: operation.Key, Status: int.Parse(response.Key, CultureInfo.InvariantCulture))))
            .Where(refusal => refusal.Status >= 300 && !given.Contains(refusal) && !ProvedElsewhere.Any(known =>
                refusal.Operation.Contains(known.Operation, StringComparison.Ordinal) && (known.Status == 0 || known.Status == refusal.Status)))
            .Select(refusal => $"{refusal.Operation} {refusal.Status}");
        Assert.Empty(missing);
    }

    /// <summary>What can be had in the same way from every operation.</summary>
    private async Task ProvokeAsync(string operation, int status)
    {
        var body = SampleBody.For(operation)?.ToJsonString();
        var http = operation.EndsWith(" /api/v2/me", StringComparison.Ordinal) || operation.Contains(" /api/v2/me/", StringComparison.Ordinal) ? _person : _http;
        switch (status)
        {
            case 304:
                await SendAsync(http, operation, Known, null, ("If-None-Match", "*"));
                break;
            case 400 when operation.StartsWith("GET", StringComparison.Ordinal):
                await SendAsync(http, operation, Known, null, query: "?limit=x&format=x");
                break;
            case 400:
                await SendAsync(http, operation, Known, body is null ? null : "{", body is null && operation.StartsWith("POST", StringComparison.Ordinal) ? (Idempotency.Header, "no key") : ("If-Match", "no tag"));
                break;
            case 403:
                await SendAsync(_nobody, operation, Known, body);
                break;
            case 404:
                await SendAsync(http, operation, _ => "nothing", body);
                break;
            case 412:
                await SendAsync(http, operation, Known, body, ("If-Match", "\"other\""));
                break;
            case 422:
                await SendAsync(http, operation, Known, body, (Idempotency.Header, operation.Replace(' ', '-')));
                await SendAsync(http, operation, Known, body + " ", (Idempotency.Header, operation.Replace(' ', '-')));
                break;
            default:
                break;
        }
    }

    private async Task ProvokeConflictsAsync()
    {
        const string Corp = "/api/v2/accounts/Test Corp";
        const string Local = "/api/v2/accounts/Example Account";
        const string Code = "nothing";
        await DoAsync("POST", "/api/v2/setup", new { code = Code });
        await DoAsync("POST", "/oauth/token", new { grant_type = "client_credentials", client_id = Code, client_secret = Code });
        await DoAsync("POST", "/api/v2/set-password", new { name = Code, code = Code, password = Code });
        await DoAsync("GET", "/api/v2/events?account=nothing");

        // There is no cluster.
        await DoAsync("POST", "/api/v2/cluster/switchover");

        // Nobody has made a recovery key.
        await DoAsync("POST", "/api/v2/backups");

        // What is there already, or has to stay.
        await DoAsync("POST", Corp + "/license-tags", new { name = "Plant" });
        await DoAsync("POST", Corp + "/license-tags", new { name = "Plant" });
        await DoAsync("POST", Corp + "/license-tags", new { name = "Office" });
        await DoAsync("PATCH", Corp + "/license-tags/Office", new { name = "Plant" });
        await DoAsync("POST", "/api/v2/users", new { name = "known" });
        await DoAsync("POST", "/api/v2/users", new { name = "only", systemRole = "administrator", password = "Correct-Horse-7" });
        await DoAsync("PATCH", "/api/v2/users/only", new { disabled = true });
        await DoAsync("DELETE", "/api/v2/users/only");
        await DoAsync("POST", "/api/v2/accounts", new { name = "Test Corp" });
        await DoAsync("POST", "/api/v2/account-requests", new { name = "Test Corp", smartAccount = "a", cloudVirtualAccount = "b", notificationEmail = "a@example.com" });
        await DoAsync("POST", Corp + "/virtual-accounts", new { name = "Default" });
        await DoAsync("DELETE", Corp + "/virtual-accounts/Default");
        await DoAsync("POST", "/api/v1/accounts/Test Corp/virtual-accounts", new { name = "Default" });
        await DoAsync("POST", "/api/v1/accounts/Test Corp/virtual-accounts/Default/delete");
        await DoAsync("DELETE", Corp);

        // What cannot be done as things stand.
        foreach (var step in new[] { "approve", "activate", "register", "registration-file" })
        {
            await DoAsync("POST", $"{Corp}/{step}");
        }

        await DoAsync("POST", Corp + "/reject", new { reason = "x" });
        await DoAsync("POST", Corp + "/authorization-file", new { });
        await DoAsync("POST", Corp + "/synchronizations/response-file", new { });
        await DoAsync("POST", Local + "/register-again");
        await DoAsync("POST", Local + "/synchronizations", new { mode = "full" });
        await DoAsync("POST", Local + "/synchronizations/request-file", new { mode = "full" });
        await DoAsync("GET", Local + "/synchronization-settings");
        await DoAsync("PUT", Local + "/synchronization-settings", new { followDefaultSchedule = true });
        await DoAsync("PUT", Local + "/preferences", new { withhold = new[] { "mac-address" } });
        await DoAsync("POST", Local + "/virtual-accounts", new { name = "Branch" });
        await DoAsync("POST", Local + "/virtual-accounts/Default/licenses/transfer", new { license = EntitlementTags.UcmBasic, quantity = 1, virtualAccount = "Branch" });
        await DoAsync("POST", Local + "/deactivate");
        await DoAsync("POST", Local + "/deactivate");
        await DoAsync("POST", Local + "/virtual-accounts/Default/tokens", new { });
        await DoAsync("POST", "/api/v1/accounts/Example Account/virtual-accounts/Default/tokens", new { description = "x" });
        foreach (var (path, body) in new (string, object)[] { ("directory", new { name = "x" }), ("identity-provider", new { }), ("relay", new { }), ("settings/syslog", new { }), ("settings/email", new { }) })
        {
            await DoAsync("POST", $"/api/v2/{path}/test", body);
        }

        await DoAsync("PUT", "/api/v2/central", new { address = "" });
        await DoAsync("POST", "/api/v2/central/test", new { smartAccount = "x" });
        var directory = await Gateway.UserAsync("kept-elsewhere", Roles.SystemUser);
        await using (var session = await Gateway.Database.BeginAsync())
        {
            await session.ExecuteAsync("UPDATE users SET origin = 'ldap', external_id = 'x' WHERE id = @Id", new { directory.Id }, CancellationToken.None);
            await session.CommitAsync();
        }

        await DoAsync("POST", "/api/v2/users/kept-elsewhere/password-code");
    }

    private async Task ProvokeOwnAffairsAsync()
    {
        await DoAsync("POST", "/api/v2/me/second-factor/remove", new { code = "000000" }, _person);
        using var begun = await _person.PostAsync("/api/v2/me/second-factor", null);
        var key = JsonNode.Parse(await begun.Content.ReadAsStringAsync())!["key"]!.ToString();
        await DoAsync("POST", "/api/v2/me/second-factor/confirm", new { code = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(key)).ComputeTotp(TimeProvider.System.GetUtcNow().UtcDateTime) }, _person);
        await DoAsync("POST", "/api/v2/me/second-factor", client: _person);
    }

    /// <summary>Last, since nobody gets in after it.</summary>
    private async Task ProvokeThrottleAsync()
    {
        for (var attempt = 0; attempt < 11; attempt++)
        {
            await DoAsync("POST", "/oauth/token", new { grant_type = "client_credentials", client_id = "nothing", client_secret = "nothing" });
        }

        await DoAsync("POST", "/api/v2/setup", new { code = "nothing" });
        await DoAsync("POST", "/api/v2/set-password", new { name = "nothing", code = "nothing", password = "nothing" });
        await DoAsync("POST", "/api/v2/me/password", new { current = "nothing", password = "nothing" }, _person);
        await DoAsync("POST", "/api/v2/me/second-factor/remove", new { code = "nothing" }, _person);
    }

    private async Task DoAsync(string method, string path, object? body = null, HttpClient? client = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = body is null ? null : JsonContent.Create(body) };
        using var answer = await (client ?? _http).SendAsync(request);
        await answer.Content.ReadAsStringAsync();
    }

    private static string Known(string parameter) => parameter switch
    {
        "account" => "Test Corp",
        "virtualAccount" => "Default",
        "name" => "known",
        "report" => "licenses",
        _ => "nothing",
    };

    private static async Task SendAsync(
        HttpClient http, string operation, Func<string, string> value, string? body, (string Name, string Value) header = default, string query = "")
    {
        var parts = operation.Split(' ');
        var path = Parameter().Replace(parts[1], match => Uri.EscapeDataString(value(match.Groups["name"].Value)));
        using var request = new HttpRequestMessage(new HttpMethod(parts[0]), path + query) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        if (header.Name is not null)
        {
            request.Headers.TryAddWithoutValidation(header.Name, header.Value);
        }

        using var answer = await http.SendAsync(request);
        await answer.Content.ReadAsStringAsync();
    }

    [GeneratedRegex(@"\{(?<name>[A-Za-z]+)\}", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Parameter();
}
