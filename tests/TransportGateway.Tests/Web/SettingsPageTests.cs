using System.Net;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Notifications;

namespace TransportGateway.Tests.Web;

/// <summary>The message of the day, syslog, e-mail and webhooks in the browser.</summary>
public sealed class SettingsPageTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task The_message_of_the_day_is_on_every_page_as_text_alone()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var saved = await browser.PostAsync("/administration/settings?handler=Message", ("text", "Authorised use only.\n<script>alert(1)</script>"));
        Assert.Equal(HttpStatusCode.Redirect, saved.StatusCode);
        using var stranger = new Browser(_gateway);
        var page = await stranger.PageAsync("/sign-in");
        Assert.Contains("Authorised use only.", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script>alert", page, StringComparison.Ordinal);
        Assert.Contains("Authorised", await _gateway.TgctlDoneAsync("message", "show"), StringComparison.Ordinal);

        using var tooLong = await browser.PostAsync("/administration/settings?handler=Message", ("text", new string('x', 1001)));
        Assert.Equal(HttpStatusCode.BadRequest, tooLong.StatusCode);
        await _gateway.TgctlDoneAsync("message", "set", "");
        Assert.DoesNotContain("Authorised", await stranger.PageAsync("/sign-in"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_is_created_tried_and_removed_and_its_secret_is_shown_once()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var created = await browser.PostAsync("/administration/settings?handler=Create", ("name", "watchdog"), ("address", "https://127.0.0.1:9/"));
        Assert.Contains("whsec_", await created.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var page = await browser.PageAsync("/administration/settings/webhooks");
        Assert.DoesNotContain("whsec_", page, StringComparison.Ordinal);
        var id = page.Split("handler=Test\"")[1].Split("name=\"id\" value=\"")[1].Split('"')[0];
        using var tried = await browser.PostAsync("/administration/settings?handler=Test", ("id", id));
        Assert.Contains("waiting", await browser.PageAsync("/administration/settings/webhooks"), StringComparison.Ordinal);
        using var removed = await browser.PostAsync("/administration/settings?handler=Remove", ("id", id));
        Assert.DoesNotContain("watchdog", await browser.PageAsync("/administration/settings/webhooks"), StringComparison.Ordinal);
        using var refused = await browser.PostAsync("/administration/settings?handler=Create", ("name", "x"), ("address", "http://127.0.0.1/"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task Syslog_is_set_and_tried_and_the_page_shows_how_it_stands()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        (string, string)[] form = [("Server", "127.0.0.1"), ("Port", $"{receiver.Port}"), ("Transport", "tcp"), ("LeastSeverity", "info"), ("Facility", "local1"), ("LeaveOut", "token-read")];
        using var saved = await browser.PostAsync("/administration/settings/syslog?handler=Save", form);
        Assert.Equal(HttpStatusCode.Redirect, saved.StatusCode);
        using var tried = await browser.PostAsync("/administration/settings/syslog?handler=Test");
        Assert.Equal(HttpStatusCode.Redirect, tried.StatusCode);
        Assert.Contains(receiver.Messages, message => message.Contains("This is a test", StringComparison.Ordinal));
        var page = await browser.PageAsync("/administration/settings/syslog");
        Assert.Contains("value=\"token-read\"", page, StringComparison.Ordinal);
        Assert.Contains("Last sent", page, StringComparison.Ordinal);
        using var refused = await browser.PostAsync("/administration/settings/syslog?handler=Save", [.. form.Skip(2), ("Server", "127.0.0.1"), ("Port", "0x50")]);
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
    }

    [Fact]
    public async Task E_mail_is_set_and_tried_and_its_password_is_never_shown()
    {
        await using var server = SmtpServer.Start();
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        (string, string)[] form =
        [
            ("Server", "127.0.0.1"), ("Port", $"{server.Port}"), ("Security", "starttls"), ("TlsAnchors", server.RootPem), ("Sender", "gateway@example.com"), ("User", SmtpServer.User), ("Password", SmtpServer.Password),
            ("Recipients", "a@example.com\r\nb@example.com"), ("AllAlerts", "true"), ("Language", "en"),
        ];
        using var saved = await browser.PostAsync("/administration/settings/email?handler=Save", form);
        Assert.Equal(HttpStatusCode.Redirect, saved.StatusCode);
        using var tried = await browser.PostAsync("/administration/settings/email?handler=Test", ("recipient", ""));
        var page = await browser.PageAsync("/administration/settings/email");
        Assert.Contains("queued as 2", page, StringComparison.Ordinal);
        Assert.DoesNotContain(SmtpServer.Password, page, StringComparison.Ordinal);
        Assert.Equal(2, server.Mails.Count);
        // An empty password leaves the one that is there.
        using var again = await browser.PostAsync("/administration/settings/email?handler=Save", [.. form.Select(field => field.Item1 == "Password" ? ("Password", "") : field)]);
        Assert.Equal(HttpStatusCode.Redirect, again.StatusCode);
        using var refused = await browser.PostAsync("/administration/settings/email?handler=Save", [.. form.Select(field => field.Item1 == "Security" ? ("Security", "none") : field)]);
        Assert.Contains("could be read on the way", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
