using System.Net;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>The way into the browser's pages, and what is kept out.</summary>
public sealed class SignInPageTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>(_clock);

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task The_first_run_takes_the_code_a_name_a_password_and_the_host_name_and_signs_in()
    {
        using var browser = new Browser(_gateway);
        Assert.Contains("Set-up code", await browser.PageAsync("/"), StringComparison.Ordinal);
        using var wrong = await SetUpAsync(browser, "AAAA-BBBB-CCCC-DDDD-EEEE", People.Password.Value);
        Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
        using var weak = await SetUpAsync(browser, _gateway.Gateway.SetupCode!.Value, "short");
        Assert.Contains("at least 12 characters", await weak.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var done = await SetUpAsync(browser, _gateway.Gateway.SetupCode!.Value, People.Password.Value);
        Assert.Equal(HttpStatusCode.Redirect, done.StatusCode);
        Assert.Contains("admin", await browser.PageAsync("/profile"), StringComparison.Ordinal);
        Assert.Equal("gateway.example.com", _gateway.Gateway.HostName);

        using var second = await SetUpAsync(new Browser(_gateway), _gateway.Gateway.SetupCode!.Value, People.Password.Value);
        Assert.Equal(HttpStatusCode.Forbidden, second.StatusCode);
    }

    [Fact]
    public async Task Once_there_is_a_user_the_set_up_code_is_worth_nothing()
    {
        await _gateway.UserAsync("made-by-root", Roles.SystemAdministrator);
        using var browser = new Browser(_gateway);
        using var refused = await SetUpAsync(browser, _gateway.Gateway.SetupCode!.Value, People.Password.Value);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        await _gateway.RestartAsync();
        Assert.Null(_gateway.Gateway.SetupCode);
    }

    [Fact]
    public async Task Whoever_guesses_at_the_password_until_now_waits_as_at_the_sign_in()
    {
        await _gateway.UserAsync("ann", Roles.SystemUser);
        using var ann = await Browser.SignInAsync(_gateway, "ann");
        const string Next = "Another-Horse-9";
        for (var guess = 0; guess < SignInThrottle.MostFailures; guess++)
        {
            using var wrong = await ann.PostAsync("/profile/password", ("current", $"guess {guess}"), ("password", Next), ("again", Next));
            Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
        }

        using var oneTooMany = await ann.PostAsync("/profile/password", ("current", People.Password.Value), ("password", Next), ("again", Next));
        Assert.Equal((HttpStatusCode.TooManyRequests, TimeSpan.FromMinutes(1)), (oneTooMany.StatusCode, oneTooMany.Headers.RetryAfter?.Delta));
        Assert.Contains("Try again in a minute", await oneTooMany.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_sees_a_page_before_signing_in_and_lands_where_they_wanted_afterwards()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = new Browser(_gateway);
        using var sent = await browser.GetAsync("/administration/users?sort=-name");
        Assert.Equal("/sign-in?next=%2Fadministration%2Fusers%3Fsort%3D-name", sent.Headers.Location!.ToString());
        using var signedIn = await browser.PostAsync("/sign-in", ("name", "ADMIN"), ("password", People.Password.Value), ("next", "/administration/users?sort=-name"));
        Assert.Equal("/administration/users?sort=-name", signedIn.Headers.Location!.ToString());
        Assert.Contains("<h1>Users</h1>", await browser.PageAsync("/administration/users"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("https://evil.example/")]
    [InlineData("//evil.example/")]
    [InlineData("/\\evil.example")]
    [InlineData("javascript:alert(1)")]
    public async Task Signing_in_never_leads_to_another_site(string next)
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = new Browser(_gateway);
        using var signedIn = await browser.PostAsync("/sign-in", ("name", "admin"), ("password", People.Password.Value), ("next", next));
        Assert.Equal("/", signedIn.Headers.Location!.ToString());
    }

    [Fact]
    public async Task A_link_from_another_site_reaches_its_page_though_the_cookie_comes_only_at_the_second_request()
    {
        using var browser = new Browser(_gateway);
        using var first = await browser.GetAsync("/administration/users", ("Sec-Fetch-Site", "cross-site"));
        Assert.Equal(HttpStatusCode.OK, first.StatusCode);
        Assert.Equal("0", Assert.Single(first.Headers.GetValues("Refresh")));
        using var second = await browser.GetAsync("/administration/users", ("Sec-Fetch-Site", "same-origin"));
        Assert.Equal(HttpStatusCode.Redirect, second.StatusCode);
    }

    [Fact]
    public async Task Wrong_names_and_wrong_passwords_are_answered_alike_and_lock_the_user_for_a_while()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = new Browser(_gateway);
        using var unknown = await browser.PostAsync("/sign-in", ("name", "nobody"), ("password", "Wrong-Password-1"));
        var answers = new HashSet<string> { Shown(await unknown.Content.ReadAsStringAsync(), "nobody") };
        for (var attempt = 0; attempt < 5; attempt++)
        {
            using var wrong = await browser.PostAsync("/sign-in", ("name", "admin"), ("password", "Wrong-Password-1"));
            Assert.Equal(HttpStatusCode.Forbidden, wrong.StatusCode);
            answers.Add(Shown(await wrong.Content.ReadAsStringAsync(), "admin"));
        }

        using var locked = await browser.PostAsync("/sign-in", ("name", "admin"), ("password", People.Password.Value));
        Assert.Equal(HttpStatusCode.Forbidden, locked.StatusCode);
        answers.Add(Shown(await locked.Content.ReadAsStringAsync(), "admin"));
        Assert.Single(answers);
        Assert.Single(await _gateway.EventsAsync(EventKinds.UserLocked));

        _clock.Advance(TimeSpan.FromMinutes(15.1));
        using var later = await browser.PostAsync("/sign-in", ("name", "admin"), ("password", People.Password.Value));
        Assert.Equal(HttpStatusCode.Redirect, later.StatusCode);
        Assert.DoesNotContain(await _gateway.EventsAsync(), entry => entry.Message.Contains("Wrong-Password-1", StringComparison.Ordinal) || entry.Message.Contains("nobody", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_form_from_another_site_or_of_another_session_changes_nothing()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        await _gateway.UserAsync("victim", Roles.SystemUser);
        using var browser = await Browser.SignInAsync(_gateway, "admin");
        using var other = await Browser.SignInAsync(_gateway, "admin");
        foreach (var (token, site) in new[] { ("", "same-origin"), ("00", "same-origin"), (await TokenOfAsync(other), "same-origin"), (await TokenOfAsync(browser), "cross-site"), (await TokenOfAsync(browser), "same-site"), (await TokenOfAsync(browser), "none") })
        {
            using var answer = await browser.PostAsAsync("/administration/users?handler=Remove", token, site, ("name", "victim"));
            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            Assert.Contains("This form was not sent by a page of this gateway", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.NotNull(await _gateway.ReadAsync(session => new Users(session).FindByNameAsync("victim", CancellationToken.None)));
        using var own = await browser.PostAsync("/administration/users?handler=Remove", ("name", "victim"));
        Assert.Equal(HttpStatusCode.Redirect, own.StatusCode);
        Assert.Null(await _gateway.ReadAsync(session => new Users(session).FindByNameAsync("victim", CancellationToken.None)));
    }

    [Fact]
    public async Task A_session_that_a_stranger_chose_is_never_taken_up()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = new Browser(_gateway);
        browser.SetCookie(SessionCookie.Name, "chosen-by-a-stranger");
        using var signedIn = await browser.PostAsAsync("/sign-in", "", "same-origin", ("name", "admin"), ("password", People.Password.Value));
        Assert.Equal(HttpStatusCode.Redirect, signedIn.StatusCode);
        Assert.NotEqual("chosen-by-a-stranger", browser.Session);
        var cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"), text => text.StartsWith(SessionCookie.Name, StringComparison.Ordinal));
        Assert.All(new[] { "secure", "httponly", "samesite=strict", "path=/" }, part => Assert.Contains(part, cookie, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public async Task A_session_ends_when_nobody_uses_it_and_at_the_latest_after_its_hours()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var idle = await Browser.SignInAsync(_gateway, "admin");
        _clock.Advance(TimeSpan.FromMinutes(20));
        using (await idle.GetAsync("/profile", (SessionCookie.BackgroundHeader, "1")))
        {
        }

        _clock.Advance(TimeSpan.FromMinutes(11));
        Assert.Contains("name=\"password\"", await idle.PageAsync("/profile"), StringComparison.Ordinal);

        using var busy = await Browser.SignInAsync(_gateway, "admin");
        for (var time = TimeSpan.Zero; time < TimeSpan.FromHours(11.9); time += TimeSpan.FromMinutes(25))
        {
            Assert.Contains("My sessions", await busy.PageAsync("/profile"), StringComparison.Ordinal);
            _clock.Advance(TimeSpan.FromMinutes(25));
        }

        Assert.Contains("name=\"password\"", await busy.PageAsync("/profile"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Signing_out_ends_the_session_on_the_server_too()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "admin");
        var stolen = browser.Session!;
        using (await browser.PostAsync("/sign-out"))
        {
        }

        Assert.Null(browser.Session);
        browser.SetCookie(SessionCookie.Name, stolen);
        Assert.Contains("name=\"password\"", await browser.PageAsync("/profile"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_browsers_session_reads_the_api_and_never_writes_through_it()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "admin");
        using var read = await browser.GetAsync("/api/v2/users");
        Assert.Equal(HttpStatusCode.OK, read.StatusCode);
        using var write = await browser.PostAsync("/api/v2/users/admin/password-code");
        Assert.Equal(HttpStatusCode.Forbidden, write.StatusCode);
    }

    [Fact]
    public async Task Pages_allow_nothing_that_the_gateway_does_not_serve_itself()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "admin");
        using var page = await browser.GetAsync("/administration/users");
        var policy = Assert.Single(page.Headers.GetValues("Content-Security-Policy"));
        Assert.Contains("default-src 'none'", policy, StringComparison.Ordinal);
        Assert.DoesNotContain("unsafe", policy, StringComparison.Ordinal);
        Assert.Contains("no-store", page.Headers.CacheControl!.ToString(), StringComparison.Ordinal);
        var text = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("http://", text, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", text, StringComparison.Ordinal);
        Assert.DoesNotContain("style=", text, StringComparison.Ordinal);
        Assert.DoesNotContain("onclick", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_script_in_a_name_is_text()
    {
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "admin");
        const string Script = "<script>alert('x')</script>\"'>";
        using var refused = await browser.PostAsync("/administration/users?handler=Create", ("name", Script), ("systemRole", Roles.SystemUser), ("firstName", Script));
        var text = await refused.Content.ReadAsStringAsync();
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.DoesNotContain("<script>alert", text, StringComparison.Ordinal);
        var search = await browser.PageAsync("/administration/users?search=" + Uri.EscapeDataString(Script));
        Assert.DoesNotContain("<script>alert", search, StringComparison.Ordinal);
        Assert.Contains("0 Records", search, StringComparison.Ordinal);
    }

    private static Task<HttpResponseMessage> SetUpAsync(Browser browser, string code, string password) =>
        browser.PostAsync("/set-up", ("code", code), ("name", "admin"), ("password", password), ("again", password), ("host", "gateway.example.com"));

    private static async Task<string> TokenOfAsync(Browser browser)
    {
        var page = await browser.PageAsync("/profile");
        const string Before = "data-form-token=\"";
        var at = page.IndexOf(Before, StringComparison.Ordinal) + Before.Length;
        return page[at..page.IndexOf('"', at)];
    }

    /// <summary>The page without what the person typed.</summary>
    private static string Shown(string page, string typed) => page.Replace($"value=\"{typed}\"", "", StringComparison.Ordinal);
}
