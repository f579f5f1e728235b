using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;
using TransportGateway.Webhooks;

namespace TransportGateway.Tests.Notifications;

/// <summary>Each account is told what it wants to be told; on both engines.</summary>
public abstract class PreferencesTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Owner = "owner@example.com";

    // A Sunday, so that the digest of the day and that of the week come at the same time.
    private readonly StoppedClock _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>(_clock);
        var (_, problems) = await _gateway.Gateway.Services.GetRequiredService<ChangeMail>().ExecuteAsync(
            new ChangeMail.Request(_gateway.Administrator, "127.0.0.1", Loopback.FreePort(), Sender: "gateway@example.com"), CancellationToken.None);
        Assert.Empty(problems);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task An_account_is_told_of_its_own_alerts_at_once_and_of_no_others()
    {
        await SetAsync(alertsAtOnce: true);
        await RaiseAsync(AlertSubject.OfAccount(_gateway.Account.Id, "own"), AlertSeverity.Minor);
        await RaiseAsync(AlertSubject.OfGateway("of the gateway"), AlertSeverity.Major);
        await RaiseAsync(AlertSubject.OfAccount("another account", "foreign"), AlertSeverity.Major);
        await _gateway.RunAsync<TellNews>();
        var mail = Assert.Single(await MailsAsync());
        Assert.Equal((Owner, "[localhost] Alert: own"), (mail.Recipient, mail.Subject));
        Assert.DoesNotContain("foreign", mail.Body, StringComparison.Ordinal);

        await SetAsync(alertsAtOnce: false);
        await RaiseAsync(AlertSubject.OfAccount(_gateway.Account.Id, "later"), AlertSeverity.Major);
        await _gateway.RunAsync<TellNews>();
        Assert.Single(await MailsAsync());
    }

    [Fact]
    public async Task A_synchronisation_that_fails_is_told_once_and_retries_by_the_clock_are_not()
    {
        await SetAsync(alertsAtOnce: true);
        await FailAsync("a person", withAlert: true);
        await _gateway.RunAsync<TellNews>();
        Assert.Equal("[localhost] Alert: Synchronization Failed", Assert.Single(await MailsAsync()).Subject);
        await FailAsync(SynchronizationJob.Scheduler, withAlert: false);
        await _gateway.RunAsync<TellNews>();
        Assert.Single(await MailsAsync());
        await FailAsync("another person", withAlert: false);
        await _gateway.RunAsync<TellNews>();
        Assert.Equal(
            ["[localhost] The synchronisation of 'Example Account' failed", "[localhost] Alert: Synchronization Failed"],
            (await MailsAsync()).OrderBy(mail => mail.Subject.Contains("Alert", StringComparison.Ordinal)).Select(mail => mail.Subject));
    }

    [Theory]
    [InlineData(DigestRhythm.Daily, 1)]
    [InlineData(DigestRhythm.Weekly, 7)]
    public async Task A_digest_comes_in_its_rhythm_and_once(string rhythm, int days)
    {
        await SetAsync(digest: rhythm);
        await _gateway.RunAsync<SendDigests>();
        Assert.Empty(await MailsAsync());
        // Monday morning, 06:00 UTC.
        _clock.Advance(TimeSpan.FromHours(18));
        await _gateway.RunAsync<SendDigests>();
        await _gateway.RunAsync<SendDigests>();
        Assert.Single(await MailsAsync());
        _clock.Advance(TimeSpan.FromDays(days) - TimeSpan.FromSeconds(1));
        await _gateway.RunAsync<SendDigests>();
        Assert.Single(await MailsAsync());
        _clock.Advance(TimeSpan.FromSeconds(1));
        await _gateway.RunAsync<SendDigests>();
        Assert.Equal(2, (await MailsAsync()).Count);
        // After a long rest there is one, not one for every time that was missed.
        _clock.Advance(TimeSpan.FromDays(40));
        await _gateway.RunAsync<SendDigests>();
        await _gateway.RunAsync<SendDigests>();
        Assert.Equal(3, (await MailsAsync()).Count);
    }

    [Fact]
    public async Task A_digest_says_how_the_account_stands()
    {
        var product = _gateway.Product(SeedProducts.Cucmpub, clock: _clock);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync(days: 365)));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        await RaiseAsync(AlertSubject.OfAccount(_gateway.Account.Id, SynchronizationAlerts.Overdue), AlertSeverity.Minor, "It is overdue.");
        await SetAsync(digest: DigestRhythm.Daily);
        _clock.Advance(TimeSpan.FromDays(1));
        await _gateway.RunAsync<SendDigests>();
        var body = Assert.Single(await MailsAsync()).Body;
        Assert.Contains("Minor, Synchronization Overdue: It is overdue.", body, StringComparison.Ordinal);
        Assert.Contains($"Licences that are short: {SeedProducts.Cucmpub.Entitlements.Count}", body, StringComparison.Ordinal);
        Assert.Matches(@"  UC Manager Enhanced .*\(Default\): purchased 0, in use \d+, balance -\d+", body);
        Assert.Contains("Products not seen for more than 30 days: 0", body, StringComparison.Ordinal);
        Assert.Contains("This account is local", body, StringComparison.Ordinal);

        await _gateway.WriteAsync(async (session, now) =>
        {
            await new Synchronizations(session).RegisteredAsync(_gateway.Account.Id, "s", "v", now, CancellationToken.None);
            return true;
        });
        await FailAsync("a person", withAlert: false);
        _clock.Advance(TimeSpan.FromDays(31));
        await _gateway.RunAsync<SendDigests>();
        body = (await MailsAsync())[0].Body;
        Assert.Contains("Products not seen for more than 30 days: 1", body, StringComparison.Ordinal);
        Assert.Contains("  cucmpub (Default): last contact 2026-Mar-01", body, StringComparison.Ordinal);
        Assert.Contains("None has succeeded yet.", body, StringComparison.Ordinal);
        Assert.Contains("The last one failed: a cause", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"emails": ["nobody"]}""", "'nobody' is not one address")]
    [InlineData("""{"alertsAtOnce": true}""", "at least one address")]
    [InlineData("""{"emails": ["a@example.com"], "digest": "hourly"}""", "none, daily, weekly")]
    public async Task Preferences_that_will_not_do_are_refused_and_change_nothing(string body, string expected)
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ManageVirtualAccounts);
        using var answer = await http.PutAsync("/api/v2/accounts/Example%20Account/preferences", JsonContent.Create(JsonNode.Parse(body)));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Null(await _gateway.ReadAsync(session => new AccountPreferences(session).FindAsync(_gateway.Account.Id, CancellationToken.None)));
    }

    [Theory]
    [InlineData(Roles.AccountAdministrator, false, true)]
    [InlineData(Roles.AccountUser, false, false)]
    [InlineData(Roles.VirtualAccountAdministrator, true, false)]
    public async Task Only_who_administers_the_whole_account_sees_them(string role, bool ofVirtualAccount, bool sees)
    {
        var user = await _gateway.UserAsync("somebody", Roles.SystemUser);
        await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(
            _gateway.Administrator, user, _gateway.Account.Id, ofVirtualAccount ? _gateway.VirtualAccount.Id : null, role, CancellationToken.None);
        using var http = await _gateway.RestClientOfAsync(user);
        using var answer = await http.GetAsync("/api/v2/accounts/Example%20Account/preferences");
        Assert.Equal(sees ? HttpStatusCode.OK : HttpStatusCode.Forbidden, answer.StatusCode);

        using var browser = await Browser.SignInAsync(_gateway, "somebody");
        using var page = await browser.GetAsync("/licensing/Example%20Account/preferences");
        Assert.Equal(sees ? HttpStatusCode.OK : HttpStatusCode.Forbidden, page.StatusCode);
        Assert.Equal(sees, (await browser.PageAsync("/licensing/Example%20Account/Default/general")).Contains("/preferences\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_browser_and_the_console_change_them()
    {
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var saved = await browser.PostAsync("/licensing/Example%20Account/preferences?handler=Email", ("emails", "a@example.com\r\n b@example.com \r\n\r\n"), ("alertsAtOnce", "true"), ("digest", "weekly"));
        Assert.Equal(HttpStatusCode.Redirect, saved.StatusCode);
        var shown = await _gateway.TgctlDoneAsync("account", "preferences", "show", "Example Account");
        Assert.Contains("a@example.com, b@example.com", shown, StringComparison.Ordinal);
        Assert.Contains("2026-Mar-02 06:00:00", shown, StringComparison.Ordinal);
        using var refused = await browser.PostAsync("/licensing/Example%20Account/preferences?handler=Email", ("emails", "<script>"), ("digest", "none"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.DoesNotContain("<script>\n", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);

        await _gateway.TgctlDoneAsync("account", "preferences", "set", "Example Account", "--email", "none", "--alerts-at-once", "false", "--digest", "none");
        Assert.DoesNotContain("example.com", await _gateway.TgctlDoneAsync("account", "preferences", "show", "Example Account"), StringComparison.Ordinal);
        Assert.Contains("not registered", await _gateway.TgctlRefusedAsync("account", "preferences", "set", "Example Account", "--withhold", "host-name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_withheld_from_Cisco_is_changed_with_the_permission_for_it_alone()
    {
        await _gateway.WriteAsync(async (session, now) =>
        {
            await new Synchronizations(session).RegisteredAsync(_gateway.Account.Id, "s", "v", now, CancellationToken.None);
            return true;
        });
        const string Path = "/api/v2/accounts/Example%20Account/preferences";
        using var without = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ManageVirtualAccounts);
        using var refused = await without.PutAsJsonAsync(Path, new { emails = new[] { Owner }, withhold = new[] { "host-name" } });
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Null(await _gateway.ReadAsync(session => new AccountPreferences(session).FindAsync(_gateway.Account.Id, CancellationToken.None)));

        using var with = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ManageVirtualAccounts, Permission.Synchronize);
        using var unknown = await with.PutAsJsonAsync(Path, new { emails = new[] { Owner }, withhold = new[] { "everything" } });
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
        using var done = await with.PutAsJsonAsync(Path, new { emails = new[] { Owner }, withhold = new[] { "serial-number", "host-name" } });
        Assert.Equal("""["host-name","serial-number"]""", JsonNode.Parse(await done.Content.ReadAsStringAsync())!["withheld"]!.ToJsonString());

        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var saved = await browser.PostAsync("/licensing/Example%20Account/preferences?handler=Privacy", ("withhold", "mac-address"));
        Assert.Equal(HttpStatusCode.Redirect, saved.StatusCode);
        Assert.Equal("mac-address", (await _gateway.ReadAsync(session => new Synchronizations(session).FindAsync(_gateway.Account.Id, CancellationToken.None)))!.Withheld);
    }

    private async Task SetAsync(bool? alertsAtOnce = null, string? digest = null) =>
        Assert.IsType<ChangePreferences.Outcome.Changed>(await _gateway.Gateway.Services.GetRequiredService<ChangePreferences>().ExecuteAsync(
            new ChangePreferences.Request(_gateway.Administrator, _gateway.Account, [Owner], alertsAtOnce, digest), CancellationToken.None));

    private Task<int> RaiseAsync(AlertSubject subject, string severity, string message = "") =>
        _gateway.WriteAsync((session, now) => new Alerts(session).RaiseAsync(subject, severity, message, now, CancellationToken.None));

    private Task<bool> FailAsync(string by, bool withAlert) => _gateway.WriteAsync(async (session, now) =>
    {
        var run = new RunRow { Id = Ids.New(now), AccountId = _gateway.Account.Id, Sequence = 1, Mode = RunMode.Standard, Way = RunWay.Online, StartedBy = by, StartedAt = now, InstancesToSend = 0 };
        await new SynchronizationRuns(session).AddAsync(run, CancellationToken.None);
        if (withAlert)
        {
            await SynchronizationAlerts.FailedAsync(session, run.AccountId, "a cause", now, CancellationToken.None);
        }

        return await new SynchronizationRuns(session).FailAsync(run.Id, "a cause", resumable: false, now, CancellationToken.None);
    });

    private Task<IReadOnlyList<MailRow>> MailsAsync() => _gateway.ReadAsync(session => new Mails(session).ListAsync(100, CancellationToken.None));
}

public sealed class SqlitePreferencesTests : PreferencesTests<SqliteEngine>;

public sealed class PostgreSqlPreferencesTests : PreferencesTests<PostgreSqlEngine>;
