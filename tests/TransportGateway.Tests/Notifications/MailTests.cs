using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.Support;
using TransportGateway.Tests.Harness;
using TransportGateway.Webhooks;

namespace TransportGateway.Tests.Notifications;

/// <summary>Mails reach a real SMTP server, or the administrators see why not; on both engines.</summary>
public abstract class MailTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Administrators = "admins@example.com";

    private readonly StoppedClock _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;
    private SmtpServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = SmtpServer.Start();
        _gateway = await TestGateway.StartAsync<TEngine>(_clock);
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_test_goes_out_over_tls_and_tells_what_the_server_said(bool tlsFromTheStart)
    {
        await using var server = SmtpServer.Start(tlsFromTheStart);
        await SetAsync(server, tlsFromTheStart ? MailSettings.Tls : MailSettings.StartTls, withUser: true);
        var sent = Assert.IsType<ChangeMail.TestOutcome.Sent>(await TestAsync("ann@example.com"));
        Assert.Contains("queued as 1", sent.Answer, StringComparison.Ordinal);
        var mail = Assert.Single(server.Mails);
        Assert.Equal(("gateway@example.com", "ann@example.com"), (mail.Sender, Assert.Single(mail.Recipients)));
        Assert.Equal("[localhost] This is a test", mail.Subject);
        // Before TLS nothing is said but that there shall be TLS.
        Assert.All(server.Lines.Where(line => !line.Protected), line => Assert.Matches("^(EHLO .*|STARTTLS)$", line.Line));
        Assert.Contains(server.Lines, line => line.Line.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(true, "127.0.0.1", MailSettings.StartTls)]
    [InlineData(false, "other.example.com", MailSettings.StartTls)]
    [InlineData(true, "127.0.0.1", MailSettings.Tls)]
    public async Task A_server_whose_certificate_does_not_verify_is_told_nothing(bool foreign, string name, string security)
    {
        await using var server = SmtpServer.Start(security == MailSettings.Tls, name: name);
        using var other = new HostTls.SiteAuthority(TimeProvider.System.GetUtcNow(), "Foreign");
        await SetAsync(server, security, withUser: true, anchors: foreign ? other.RootPem : null);
        var failed = Assert.IsType<ChangeMail.TestOutcome.Failed>(await TestAsync("ann@example.com"));
        Assert.Contains("tlsAnchors", failed.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(server.Lines, line => line.Line.StartsWith("AUTH", StringComparison.Ordinal) || line.Line.StartsWith("MAIL", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_server_that_does_not_offer_starttls_is_told_no_password()
    {
        _server.OffersStartTls = false;
        await SetAsync(_server, withUser: true);
        Assert.Contains("STARTTLS", Assert.IsType<ChangeMail.TestOutcome.Failed>(await TestAsync("ann@example.com")).Reason, StringComparison.Ordinal);
        Assert.DoesNotContain(_server.Lines, line => line.Line.StartsWith("AUTH", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_password_that_the_server_does_not_take_is_said_and_not_shown()
    {
        await SetAsync(_server, withUser: true, password: "Another-Secret-1");
        var failed = Assert.IsType<ChangeMail.TestOutcome.Failed>(await TestAsync("ann@example.com"));
        Assert.Contains("did not take user and password", failed.Reason, StringComparison.Ordinal);
        Assert.DoesNotContain("Another-Secret-1", failed.Reason + await _gateway.TgctlDoneAsync("email", "show", "-o", "json") + string.Join('\n', _gateway.Log.Lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_for_an_account_is_told_to_the_administrators_and_what_became_of_it_to_whoever_asked()
    {
        await SetAsync(_server);
        var account = await _gateway.RequestedAsync("TEST");
        await TellAsync();
        var asked = Assert.Single(_server.Mails);
        Assert.Equal(Administrators, Assert.Single(asked.Recipients));
        Assert.Contains("'TEST' was requested", asked.Subject, StringComparison.Ordinal);
        Assert.Contains("Account Requests", asked.Body, StringComparison.Ordinal);

        await _gateway.ChangedAsync(account, AccountStep.Reject, "not this year");
        await TellAsync();
        Assert.Equal((AccountRequests.Email, true), (Assert.Single(_server.Mails[1].Recipients), _server.Mails[1].Body.Contains("Reason: not this year", StringComparison.Ordinal)));

        account = await _gateway.RequestedAsync("TEST");
        account = await _gateway.ChangedAsync(account, AccountStep.Approve);
        await _gateway.WriteAsync((session, now) => CompleteAccountRegistration.ExecuteAsync(session, account, "a test", now, CancellationToken.None));
        await _gateway.WriteAsync((session, now) => FailAccountRegistration.ExecuteAsync(session, account, "the certificate expired", "a test", now, CancellationToken.None));
        await TellAsync();
        await TellAsync();
        // What is told at the same time may arrive in any order.
        var told = _server.Mails.Skip(2).ToDictionary(mail => mail.Subject.Split("'TEST' ")[1]);
        Assert.Equal(
            ["could not be registered with Software Central", "is registered with Software Central", "was approved", "was requested by administrator"], told.Keys.Order(StringComparer.Ordinal));
        Assert.All(told, mail => Assert.Equal(mail.Key.StartsWith("was requested", StringComparison.Ordinal) ? Administrators : AccountRequests.Email, Assert.Single(mail.Value.Recipients)));
        Assert.Contains("the certificate expired", told["could not be registered with Software Central"].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nobody_is_told_twice_when_another_node_takes_over()
    {
        await SetAsync(_server);
        await _gateway.RequestedAsync("TEST");
        await TellAsync();
        var other = new TellAccountRequests(_gateway.Database, _gateway.Gateway.Services.GetRequiredService<MasterKey>(), _clock);
        await other.RunAsync(CancellationToken.None);
        await _gateway.RunAsync<DeliverMails>();
        Assert.Single(_server.Mails);
    }

    [Fact]
    public async Task Alerts_that_come_together_are_one_mail_and_minor_ones_are_told_to_those_who_want_them()
    {
        await SetAsync(_server);
        await AlertAsync("first", AlertSeverity.Major);
        await AlertAsync("second", AlertSeverity.Major);
        await AlertAsync("mild", AlertSeverity.Minor);
        await TellAsync();
        await TellAsync();
        var mail = Assert.Single(_server.Mails);
        Assert.Equal("[localhost] 2 alerts", mail.Subject);
        Assert.Contains("Account: Example Account", mail.Body, StringComparison.Ordinal);
        Assert.Contains("The message of first", mail.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("mild", mail.Body, StringComparison.Ordinal);

        await ChangeAsync(new ChangeMail.Request(_gateway.Administrator, AllAlerts: true, Language: "zh-Hant"));
        _clock.Advance(TimeSpan.FromHours(1));
        await _gateway.WriteAsync((session, now) => new Alerts(session).ClearAsync(Subject("mild"), now, CancellationToken.None));
        await TellAsync();
        Assert.Equal("[localhost] 警示已解除：a kind: mild", _server.Mails[^1].Subject);
        Assert.Contains("次要", _server.Mails[^1].Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task No_name_becomes_a_header_or_a_line_of_its_own()
    {
        await SetAsync(_server);
        await _gateway.WriteAsync((session, now) => new Alerts(session).RaiseAsync(
            AlertSubject.OfGateway("a kind", "x\r\nBcc: victim@example.com\r\n\r\nhello"), AlertSeverity.Major, "said\r\n.\r\nMAIL FROM:<forged@example.com>", now, CancellationToken.None));
        await TellAsync();
        var mail = Assert.Single(_server.Mails);
        Assert.Equal(Administrators, Assert.Single(mail.Recipients));
        Assert.Empty(mail.Message.Bcc);
        Assert.StartsWith("[localhost] Alert: a kind: x  Bcc: victim@example.com", mail.Subject, StringComparison.Ordinal);
        Assert.Single(mail.Body.Split('\n'), line => line.Contains("forged@example.com", StringComparison.Ordinal) && line.StartsWith("said", StringComparison.Ordinal));
        Assert.Equal(1, _server.Lines.Count(line => line.Line.StartsWith("MAIL FROM", StringComparison.OrdinalIgnoreCase)));
    }

    [Fact]
    public async Task While_the_server_is_away_mails_wait_and_are_sent_later_under_the_same_identifier()
    {
        await SetAsync(_server);
        var port = _server.Port;
        await _server.DisposeAsync();
        await AlertAsync("first", AlertSeverity.Major);
        await TellAsync();
        var waiting = Assert.Single(await OutboxAsync());
        Assert.Equal((DeliveryState.Waiting, 1L), (waiting.State, waiting.Attempts));
        Assert.Contains("cannot be reached", waiting.Outcome, StringComparison.Ordinal);
        Assert.Contains(await _gateway.Gateway.Services.GetRequiredService<HealthChecks>().RunAsync(CancellationToken.None), check => check is { Name: "E-mail", State: HealthChecks.Attention });

        _server = SmtpServer.Start(port: port);
        await ChangeAsync(new ChangeMail.Request(_gateway.Administrator, TlsAnchors: _server.RootPem));
        await TellAsync();
        Assert.Empty(_server.Mails);
        _clock.Advance(DeliverWebhooks.Pauses[0]);
        await TellAsync();
        Assert.StartsWith(waiting.Id, Assert.Single(_server.Mails).Message.MessageId, StringComparison.Ordinal);
        Assert.Equal(DeliveryState.Delivered, Assert.Single(await OutboxAsync()).State);
    }

    [Fact]
    public async Task A_recipient_that_is_refused_for_good_is_given_up_with_an_event_and_one_that_is_refused_for_now_is_tried_again()
    {
        await ChangeAsync(Request(_server) with { Recipients = ["gone@example.com", "full@example.com", Administrators] });
        _server.Refusal = address => address.StartsWith("gone", StringComparison.Ordinal) ? "550 5.1.1 no such user" : address.StartsWith("full", StringComparison.Ordinal) ? "452 4.2.2 mailbox full" : null;
        await AlertAsync("first", AlertSeverity.Major);
        await TellAsync();
        Assert.Equal(Administrators, Assert.Single(Assert.Single(_server.Mails).Recipients));
        var outbox = (await OutboxAsync()).ToDictionary(mail => mail.Recipient);
        Assert.Equal((DeliveryState.GivenUp, "answered 550 5.1.1 no such user"), (outbox["gone@example.com"].State, outbox["gone@example.com"].Outcome));
        Assert.Equal(DeliveryState.Waiting, outbox["full@example.com"].State);
        Assert.Contains("gone@example.com", Assert.Single(await _gateway.EventsAsync(EventKinds.EmailGivenUp)).Message, StringComparison.Ordinal);

        foreach (var pause in DeliverWebhooks.Pauses)
        {
            _clock.Advance(pause);
            await TellAsync();
        }

        Assert.Equal(DeliveryState.GivenUp, (await OutboxAsync()).Single(mail => mail.Recipient == "full@example.com").State);
        Assert.Equal(2, (await _gateway.EventsAsync(EventKinds.EmailGivenUp)).Count);
        Assert.Contains("5.1.1 no such user", await _gateway.TgctlDoneAsync("email", "outbox"), StringComparison.Ordinal);

        _clock.Advance(TimeSpan.FromDays(31));
        await _gateway.RunAsync<TransportGateway.Hosting.Housekeeping>();
        Assert.Empty(await OutboxAsync());
    }

    [Fact]
    public async Task A_recipient_over_whom_the_server_hangs_up_and_for_whom_much_waits_keeps_nothing_from_the_others()
    {
        await SetAsync(_server);
        _server.Refusal = address => address.StartsWith("away", StringComparison.Ordinal) ? "" : null;
        await _gateway.WriteAsync(async (session, now) =>
        {
            for (var i = 0; i < 60; i++)
            {
                await new Mails(session).AddAsync(new Letter("a kind", "a subject", "a body"), $"{i}", "away@example.com", now, CancellationToken.None);
            }

            return true;
        });
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        await _gateway.WriteAsync(async (session, now) =>
        {
            await new Mails(session).AddAsync(new Letter("a kind", "a subject", "a body"), "last", Administrators, now, CancellationToken.None);
            return true;
        });
        await _gateway.RunAsync<DeliverMails>();
        Assert.Equal(Administrators, Assert.Single(Assert.Single(_server.Mails).Recipients));
    }

    [Theory]
    [InlineData("""{"server": "smtp://mail.example.com", "sender": "a@example.com"}""", "without scheme")]
    [InlineData("""{"server": "mail.example.com"}""", "sender")]
    [InlineData("""{"server": "mail.example.com", "sender": "a@example.com\r\nBcc: b@example.com"}""", "sender")]
    [InlineData("""{"server": "mail.example.com", "sender": "a@example.com", "recipients": ["nobody"]}""", "'nobody' is not one address")]
    [InlineData("""{"server": "mail.example.com", "sender": "a@example.com", "security": "none", "user": "x", "password": "y"}""", "could be read on the way")]
    [InlineData("""{"server": "mail.example.com", "sender": "a@example.com", "user": "x"}""", "password")]
    [InlineData("""{"server": "mail.example.com", "sender": "a@example.com", "language": "tlh"}""", "en, zh-Hant")]
    public async Task Settings_that_will_not_do_are_refused_and_change_nothing(string body, string expected)
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ManageSettings);
        using var answer = await http.PutAsync("/api/v2/settings/email", JsonContent.Create(JsonNode.Parse(body)));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.IsType<ChangeMail.TestOutcome.NotPossible>(await TestAsync("ann@example.com"));
    }

    [Fact]
    public async Task A_password_is_not_taken_along_to_another_server()
    {
        await SetAsync(_server, withUser: true);
        await using var another = SmtpServer.Start();
        var (_, problems) = await Change.ExecuteAsync(new ChangeMail.Request(_gateway.Administrator, Port: another.Port, TlsAnchors: another.RootPem), CancellationToken.None);
        Assert.Contains("password: give it again", Assert.Single(problems), StringComparison.Ordinal);
        await TestAsync("ann@example.com");
        Assert.Empty(another.Lines);
    }

    [Fact]
    public async Task The_console_sets_it_tries_it_and_turns_it_off()
    {
        var folder = _gateway.Gateway.Directory.Path;
        await File.WriteAllTextAsync(Path.Combine(folder, "mail.pem"), _server.RootPem);
        await File.WriteAllTextAsync(Path.Combine(folder, "secret"), SmtpServer.Password + "\n");
        var shown = await _gateway.TgctlDoneAsync(
            "email", "set", "--smtp", "127.0.0.1", "--port", $"{_server.Port}", "--security", "starttls", "--tls-anchors", Path.Combine(folder, "mail.pem"), "--sender", "gateway@example.com",
            "--user", SmtpServer.User, "--password-file", Path.Combine(folder, "secret"), "--recipient", Administrators, "--recipient", "second@example.com");
        Assert.Contains("admins@example.com, second@example.com", shown, StringComparison.Ordinal);
        Assert.DoesNotContain(SmtpServer.Password, shown, StringComparison.Ordinal);
        Assert.Contains("queued as 2", await _gateway.TgctlDoneAsync("email", "test"), StringComparison.Ordinal);

        await AlertAsync("first", AlertSeverity.Major);
        await _gateway.RunAsync<TellNews>();
        Assert.Contains("none", await _gateway.TgctlDoneAsync("email", "off"), StringComparison.Ordinal);
        await _gateway.RunAsync<DeliverMails>();
        Assert.Equal(2, _server.Mails.Count);
        Assert.All(await OutboxAsync(), mail => Assert.Equal((DeliveryState.GivenUp, "E-mail was turned off."), (mail.State, mail.Outcome)));
        Assert.Contains("tgctl email set", await _gateway.TgctlRefusedAsync("email", "test"), StringComparison.Ordinal);
    }

    private ChangeMail Change => _gateway.Gateway.Services.GetRequiredService<ChangeMail>();

    private Task<ChangeMail.TestOutcome> TestAsync(string recipient) => Change.TestAsync(recipient, CancellationToken.None);

    private Task SetAsync(SmtpServer server, string security = MailSettings.StartTls, bool withUser = false, string? anchors = null, string password = SmtpServer.Password)
    {
        var request = Request(server) with { Security = security, TlsAnchors = anchors ?? server.RootPem };
        return ChangeAsync(withUser ? request with { User = SmtpServer.User, Password = new Secret(password) } : request);
    }

    private ChangeMail.Request Request(SmtpServer server) =>
        new(_gateway.Administrator, "127.0.0.1", server.Port, MailSettings.StartTls, server.RootPem, "gateway@example.com", Recipients: [Administrators]);

    private async Task ChangeAsync(ChangeMail.Request request)
    {
        // Apart from what happened before.
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty((await Change.ExecuteAsync(request, CancellationToken.None)).Problems);
    }

    private AlertSubject Subject(string source) => AlertSubject.OfAccount(_gateway.Account.Id, "a kind", source);

    private Task<int> AlertAsync(string source, string severity) =>
        _gateway.WriteAsync((session, now) => new Alerts(session).RaiseAsync(Subject(source), severity, $"The message of {source}", now, CancellationToken.None));

    private async Task TellAsync()
    {
        await _gateway.RunAsync<TellNews>();
        await _gateway.RunAsync<TellAccountRequests>();
        await _gateway.RunAsync<DeliverMails>();
    }

    private Task<IReadOnlyList<MailRow>> OutboxAsync() => _gateway.ReadAsync(session => new Mails(session).ListAsync(100, CancellationToken.None));
}

public sealed class SqliteMailTests : MailTests<SqliteEngine>;

public sealed class PostgreSqlMailTests : MailTests<PostgreSqlEngine>;
