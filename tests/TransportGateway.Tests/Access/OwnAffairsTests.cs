using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using OtpNet;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Tests.Faces;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Access;

/// <summary>A person's own affairs over REST, the way in with a one-time code, and the first run.</summary>
public sealed class OwnAffairsTests : IAsyncLifetime
{
    private const string Other = "Battery-Staple-8";

    private TestGateway _gateway = null!;
    private UserRow _user = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        _user = await _gateway.UserAsync("anna", Roles.SystemUser);
        _http = await _gateway.RestClientOfAsync(_user);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_person_without_any_role_sees_themselves_and_a_program_is_nobody()
    {
        Assert.Equal("anna", (await _http.GetFromJsonAsync<JsonObject>("/api/v2/me"))!["name"]!.ToString());
        using var program = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        foreach (var path in new[] { "/api/v2/me", "/api/v2/me/sessions" })
        {
            using var refused = await program.GetAsync(path);
            await ProblemTests.IsProblemAsync(refused, 403, "person-needed", "password grant");
        }

        using var nobody = _gateway.HttpClient();
        using var unknown = await nobody.GetAsync("/api/v2/me");
        await ProblemTests.IsProblemAsync(unknown, 403, "sign-in-needed", "No valid access token");
    }

    [Fact]
    public async Task A_browser_reads_its_own_affairs_and_changes_nothing_by_its_session_alone()
    {
        using var browser = await Browser.SignInAsync(_gateway, "anna");
        var sessions = JsonNode.Parse(await browser.PageAsync("/api/v2/me/sessions"))!.AsArray();
        Assert.True(Assert.Single(sessions)!["current"]!.GetValue<bool>());
        using var answer = await browser.PostAsync("/api/v2/me/second-factor");
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_person_changes_the_password_who_knows_the_one_until_now()
    {
        using (var wrong = await _http.PostAsJsonAsync("/api/v2/me/password", new { current = "wrong", password = Other }))
        {
            await ProblemTests.IsProblemAsync(wrong, 403, "password-refused", "is not right");
        }

        using (var poor = await _http.PostAsJsonAsync("/api/v2/me/password", new { current = People.Password.Value, password = "short" }))
        {
            await ProblemTests.IsProblemAsync(poor, 400, "password-invalid", "at least 12 characters");
        }

        Assert.NotNull(await CheckAsync(People.Password.Value));
        using var done = await _http.PostAsJsonAsync("/api/v2/me/password", new { current = People.Password.Value, password = Other });
        Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        Assert.NotNull(await CheckAsync(Other));
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Contains(Other, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_second_factor_counts_once_it_was_confirmed_and_goes_with_a_code_of_it()
    {
        using (var early = await _http.PostAsJsonAsync("/api/v2/me/second-factor/remove", new { code = "000000" }))
        {
            await ProblemTests.IsProblemAsync(early, 409, "no-second-factor", "You have no second factor");
        }

        using var begun = await _http.PostAsync("/api/v2/me/second-factor", null);
        Assert.True(begun.Headers.CacheControl!.NoStore);
        var enrolment = JsonNode.Parse(await begun.Content.ReadAsStringAsync())!;
        Assert.StartsWith("otpauth://totp/", enrolment["address"]!.ToString(), StringComparison.Ordinal);
        Assert.False(await HasFactorAsync());
        var totp = new Totp(Base32Encoding.ToBytes(enrolment["key"]!.ToString()));
        var now = TimeProvider.System.GetUtcNow().UtcDateTime;
        using (var wrong = await _http.PostAsJsonAsync("/api/v2/me/second-factor/confirm", new { code = totp.ComputeTotp(now.AddHours(1)) }))
        {
            await ProblemTests.IsProblemAsync(wrong, 400, "second-factor-code-wrong", "Begin again");
        }

        Assert.Equal(HttpStatusCode.NoContent, await PostAsync("/api/v2/me/second-factor/confirm", new { code = totp.ComputeTotp(now) }));
        Assert.True(await HasFactorAsync());
        using (var twice = await _http.PostAsync("/api/v2/me/second-factor", null))
        {
            await ProblemTests.IsProblemAsync(twice, 409, "second-factor-not-possible", "already");
        }

        using (var used = await _http.PostAsJsonAsync("/api/v2/me/second-factor/remove", new { code = totp.ComputeTotp(now) }))
        {
            await ProblemTests.IsProblemAsync(used, 403, "second-factor-code-refused", "used before");
        }

        Assert.True(await HasFactorAsync());
        // The next one counts before its time, by half a minute.
        Assert.Equal(HttpStatusCode.NoContent, await PostAsync("/api/v2/me/second-factor/remove", new { code = totp.ComputeTotp(now.AddSeconds(30)) }));
        Assert.False(await HasFactorAsync());
    }

    [Fact]
    public async Task A_person_ends_their_own_sessions_and_no_others()
    {
        using var own = await Browser.SignInAsync(_gateway, "anna");
        await _gateway.UserAsync("berta", Roles.SystemUser);
        using var foreign = await Browser.SignInAsync(_gateway, "berta");
        var all = await _gateway.ReadAsync(session => new Sessions(session).ListAsync(null, TimeProvider.System.GetUtcNow(), CancellationToken.None));
        var mine = Assert.Single((await _http.GetFromJsonAsync<JsonArray>("/api/v2/me/sessions"))!)!;
        Assert.False(mine["current"]!.GetValue<bool>());
        using (var refused = await _http.DeleteAsync("/api/v2/me/sessions/" + all.Single(row => row.UserId != _user.Id).Id))
        {
            await ProblemTests.IsProblemAsync(refused, 404, "no-such-session", "You have no such session");
        }

        using (var ended = await _http.DeleteAsync("/api/v2/me/sessions/" + mine["id"]))
        {
            Assert.Equal(HttpStatusCode.NoContent, ended.StatusCode);
        }

        Assert.Empty((await _http.GetFromJsonAsync<JsonArray>("/api/v2/me/sessions"))!);
        using var still = await foreign.GetAsync("/profile");
        Assert.Equal(HttpStatusCode.OK, still.StatusCode);
    }

    [Fact]
    public async Task A_one_time_code_sets_a_password_over_rest_once_and_guessing_is_slowed_down()
    {
        using var http = _gateway.HttpClient();
        var code = Assert.IsType<SetPassword.CodeOutcome.Issued>(await _gateway.Gateway.Services.GetRequiredService<SetPassword>().IssueCodeAsync(_gateway.Administrator, _user, CancellationToken.None)).Code.Value;
        using (var poor = await http.PostAsJsonAsync("/api/v2/set-password", new { name = "anna", code, password = "short" }))
        {
            await ProblemTests.IsProblemAsync(poor, 400, "password-invalid", "at least 12 characters");
        }

        using (var done = await http.PostAsJsonAsync("/api/v2/set-password", new { name = "anna", code, password = Other }))
        {
            Assert.Equal(HttpStatusCode.NoContent, done.StatusCode);
        }

        Assert.NotNull(await CheckAsync(Other));
        for (var attempt = 0; attempt < 10; attempt++)
        {
            using var refused = await http.PostAsJsonAsync("/api/v2/set-password", new { name = "anna", code, password = "Something-Else-9" });
            await ProblemTests.IsProblemAsync(refused, 403, "password-code-refused", "can make a new one");
        }

        using var slowed = await http.PostAsJsonAsync("/api/v2/set-password", new { name = "anna", code, password = "Something-Else-9" });
        await ProblemTests.IsProblemAsync(slowed, 429, "too-many-failures", "Try again in a minute");
    }

    [Fact]
    public async Task The_set_up_code_makes_the_first_person_and_the_host_name_over_rest()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        using var http = gateway.HttpClient();
        var code = gateway.Gateway.SetupCode!.Value;
        var person = new { code, name = "boss", password = Other, hostName = "licences.example.com" };
        foreach (var (body, sentence) in new (object, string)[]
        {
            (person with { hostName = "https://licences.example.com" }, "is a URL"),
            (person with { password = "short" }, "at least 12 characters"),
            (new { code, name = "boss" }, "name and password go together"),
        })
        {
            using var refused = await http.PostAsJsonAsync("/api/v2/setup", body);
            await ProblemTests.IsProblemAsync(refused, 400, "set-up-invalid", sentence);
        }

        // None of that used the code up.
        using (var done = await http.PostAsJsonAsync("/api/v2/setup", person))
        {
            var answer = JsonNode.Parse(await done.Content.ReadAsStringAsync())!;
            Assert.Equal(("boss", "administrator", "licences.example.com"), (answer["user"]!["name"]!.ToString(), answer["user"]!["systemRole"]!.ToString(), answer["hostName"]!.ToString()));
        }

        using var again = await http.PostAsJsonAsync("/api/v2/setup", person with { name = "second" });
        await ProblemTests.IsProblemAsync(again, 403, "set-up-code-refused", "The set-up code is not valid");
        using var browser = new Browser(gateway);
        Assert.IsType<SignIn.Outcome.SignedIn>(await gateway.Gateway.Services.GetRequiredService<SignIn>().ExecuteAsync(
            new SignIn.Request("boss", new Secret(Other), "127.0.0.1", "a browser"), CancellationToken.None));
    }

    private async Task<HttpStatusCode> PostAsync(string path, object body)
    {
        using var answer = await _http.PostAsJsonAsync(path, body);
        return answer.StatusCode;
    }

    private async Task<bool> HasFactorAsync() => (await _http.GetFromJsonAsync<JsonObject>("/api/v2/me"))!["secondFactor"]!.GetValue<bool>();

    private Task<UserRow?> CheckAsync(string password) =>
        _gateway.Gateway.Services.GetRequiredService<CheckPassword>().ExecuteAsync("anna", new Secret(password), "127.0.0.1", CancellationToken.None);
}
