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
        Assert.Contains(new string('x', 1001), await tooLong.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        await _gateway.TgctlDoneAsync("message", "set", "");
        Assert.DoesNotContain("Authorised", await stranger.PageAsync("/sign-in"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_webhook_is_created_tried_and_removed_and_its_secret_is_shown_once()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var created = await browser.PostAsync("/administration/settings/webhooks?handler=Create", ("name", "watchdog"), ("address", "https://127.0.0.1:9/"));
        Assert.Contains("whsec_", await created.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var page = await browser.PageAsync("/administration/settings/webhooks");
        Assert.DoesNotContain("whsec_", page, StringComparison.Ordinal);
        Assert.DoesNotContain("action=\"/administration/settings?handler", page, StringComparison.Ordinal);
        var id = page.Split("handler=Test\"")[1].Split("name=\"id\" value=\"")[1].Split('"')[0];
        using var tried = await browser.PostAsync("/administration/settings/webhooks?handler=Test", ("id", id));
        Assert.Contains("waiting", await browser.PageAsync("/administration/settings/webhooks"), StringComparison.Ordinal);
        using var removed = await browser.PostAsync("/administration/settings/webhooks?handler=Remove", ("id", id));
        Assert.DoesNotContain("watchdog", await browser.PageAsync("/administration/settings/webhooks"), StringComparison.Ordinal);
        using var refused = await browser.PostAsync("/administration/settings/webhooks?handler=Create", ("name", "kept"), ("address", "http://127.0.0.1/"), ("anchors", "no certificate"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        var shown = await refused.Content.ReadAsStringAsync();
        Assert.All(["value=\"kept\"", "value=\"http://127.0.0.1/\"", ">no certificate</textarea>"], typed => Assert.Contains(typed, shown, StringComparison.Ordinal));
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

    [Fact]
    public async Task The_language_that_is_set_counts_until_somebody_chooses()
    {
        const string Here = "/administration/settings/language";
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var stranger = new Browser(_gateway);
        Assert.Contains("<html lang=\"en\">", await stranger.PageAsync("/sign-in"), StringComparison.Ordinal);
        using var saved = await browser.PostAsync(Here, ("language", "zh-Hant"));
        Assert.Equal(HttpStatusCode.Redirect, saved.StatusCode);
        Assert.Contains("<html lang=\"zh-Hant\">", await stranger.PageAsync("/sign-in"), StringComparison.Ordinal);
        stranger.SetCookie("tg-language", "en");
        Assert.Contains("<html lang=\"en\">", await stranger.PageAsync("/sign-in"), StringComparison.Ordinal);
        Assert.Contains("zh-Hant", await _gateway.TgctlDoneAsync("language", "show"), StringComparison.Ordinal);

        using var refused = await browser.PostAsync(Here, ("language", "tlh"));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("browser, en, zh-Hant", await _gateway.TgctlRefusedAsync("language", "set", "tlh"), StringComparison.Ordinal);
        await _gateway.TgctlDoneAsync("language", "set", "browser");
        using var chinese = new Browser(_gateway);
        using var asked = await chinese.GetAsync("/sign-in", ("Accept-Language", "zh-TW"));
        Assert.Contains("<html lang=\"zh-Hant\">", await asked.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_machines_clock_is_shown_with_its_zone_and_what_keeps_it_right()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        var page = await browser.PageAsync("/administration/settings/time");
        Assert.Contains("Clock synchronised", page, StringComparison.Ordinal);
        Assert.Contains(TimeZoneInfo.Local.Id, page, StringComparison.Ordinal);
        Assert.DoesNotContain("Clock of the other node", page, StringComparison.Ordinal);
        Assert.Contains("Synchronised", await _gateway.TgctlDoneAsync("time", "show"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_other_nodes_clock_is_compared_by_its_own_gateway_and_by_nobody_elses()
    {
        using var cluster = new SimulatedCluster();
        await using var gateway = await TestGateway.StartInAsync<SqliteEngine>(cluster);
        using var rest = await gateway.RestClientAsync(null, Permission.ReadMetrics);
        ShowPeerAt(cluster, "127.0.0.2");
        Assert.Equal("null", await AheadAsync(rest));

        // It finds itself at the other node's address: the same certificate, and the same clock.
        ShowPeerAt(cluster, "127.0.0.1");
        Assert.Equal("0", await AheadAsync(rest));

        await using var stranger = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-https", $"127.0.0.2:{gateway.Address.Port}"));
        ShowPeerAt(cluster, "127.0.0.2");
        Assert.Equal("null", await AheadAsync(rest));
    }

    private static void ShowPeerAt(SimulatedCluster cluster, string address) =>
        cluster.Show(plan: SimulatedCluster.Plan with { Nodes = [SimulatedCluster.Plan.Nodes[0], SimulatedCluster.Plan.Nodes[1] with { PublicAddress = address }] });

    private static async Task<string> AheadAsync(HttpClient rest) =>
        System.Text.Json.Nodes.JsonNode.Parse(await rest.GetStringAsync("/api/v2/time"))!["peerAheadSeconds"]?.ToString() ?? "null";
}
