using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Notifications;
using TransportGateway.Support;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Notifications;

/// <summary>The event log reaches a syslog server, on both engines.</summary>
public abstract partial class SyslogTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly StoppedClock _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<TEngine>(_clock);

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Theory]
    [InlineData("udp")]
    [InlineData("tcp")]
    [InlineData("tls")]
    public async Task Every_entry_arrives_once_over_each_transport(string transport)
    {
        await using var receiver = SyslogReceiver.Start(transport);
        await SetAsync(receiver, transport);
        await ForwardAsync();
        await AppendAsync("first");
        await AppendAsync("second, 第二", Severity.Error);
        await ForwardAsync();
        await ForwardAsync();
        // What happened before it was turned on is not forwarded; that it was turned on is.
        await Wait.UntilAsync(() => receiver.Messages.Count >= 3);
        Assert.Equal(["The event log is forwarded", "first", "second, 第二"], receiver.Messages.Select(message => Text(message)[..Math.Min(26, Text(message).Length)]));
        Assert.Matches(
            $"""^<131>1 2026-03-01T12:00:01\.002Z \S+ transport-gateway {Environment.ProcessId} message-of-the-day-changed \[gateway@32473 id="[0-9a-f-]+" kind="message-of-the-day-changed" actor="a test" account="Example Account"\] \uFEFFsecond, 第二$""",
            receiver.Messages[2]);
        Assert.StartsWith("<134>1 ", receiver.Messages[1], StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_is_away_keeps_nothing_back_loses_nothing_and_is_told_of()
    {
        var receiver = SyslogReceiver.Start("tcp");
        var port = receiver.Port;
        await SetAsync(receiver, "tcp");
        await ForwardAsync();
        await receiver.DisposeAsync();

        await AppendAsync("while it was away");
        await ForwardAsync();
        Assert.Empty(await AlertsAsync());
        _clock.Advance(ForwardToSyslog.AlertAfter);
        await ForwardAsync();
        var alert = Assert.Single(await AlertsAsync());
        Assert.Contains($"127.0.0.1:{port}", alert.Message, StringComparison.Ordinal);
        Assert.Contains(await _gateway.Gateway.Services.GetRequiredService<HealthChecks>().RunAsync(CancellationToken.None), check => check is { Name: "Syslog", State: HealthChecks.Bad });
        Assert.Contains("cannot be reached", await _gateway.TgctlDoneAsync("syslog", "show"), StringComparison.Ordinal);

        await using var back = SyslogReceiver.Start("tcp", port);
        // Tried again after a while, and not all the time.
        await ForwardAsync();
        Assert.Empty(back.Messages);
        _clock.Advance(TimeSpan.FromSeconds(30));
        await ForwardAsync();
        await ForwardAsync();
        Assert.Empty(await AlertsAsync());
        Assert.Equal(1, back.Messages.Count(message => Text(message) == "while it was away"));
        Assert.Single(back.Messages, message => message.Contains(" syslog-away ", StringComparison.Ordinal));
        Assert.Single(back.Messages, message => message.Contains(" syslog-back ", StringComparison.Ordinal));
        Assert.Contains(await _gateway.Gateway.Services.GetRequiredService<HealthChecks>().RunAsync(CancellationToken.None), check => check is { Name: "Syslog", State: HealthChecks.Good });
    }

    [Fact]
    public async Task A_datagram_to_a_port_where_nobody_listens_is_sent_again()
    {
        var port = Loopback.FreePort();
        await ChangeAsync(new ChangeSyslog.Request(_gateway.Administrator, "127.0.0.1", port));
        await ForwardAsync();
        await using var receiver = SyslogReceiver.Start("udp", port);
        _clock.Advance(TimeSpan.FromSeconds(30));
        await ForwardAsync();
        await Wait.UntilAsync(() => receiver.Messages.Count == 1);
    }

    [Fact]
    public async Task What_a_server_took_before_it_died_is_sent_again()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        await SetAsync(receiver, "tcp");
        receiver.DiesAtOnce = true;
        await ForwardAsync();
        receiver.DiesAtOnce = false;
        _clock.Advance(TimeSpan.FromSeconds(30));
        await ForwardAsync();
        Assert.Single(receiver.Messages);
    }

    [Theory]
    [InlineData(true, "127.0.0.1")]
    [InlineData(false, "other.example.com")]
    public async Task A_server_whose_certificate_does_not_verify_is_told_nothing(bool foreign, string name)
    {
        await using var receiver = SyslogReceiver.Start("tls", name: name);
        using var other = new HostTls.SiteAuthority(TimeProvider.System.GetUtcNow(), "Foreign");
        await ChangeAsync(new ChangeSyslog.Request(_gateway.Administrator, "127.0.0.1", receiver.Port, "tls", foreign ? other.RootPem : receiver.RootPem));
        await ForwardAsync();
        Assert.Empty(receiver.Messages);
        Assert.Contains("certificate", await _gateway.TgctlRefusedAsync("syslog", "test"), StringComparison.Ordinal);
        Assert.Contains("tlsAnchors", await _gateway.TgctlDoneAsync("syslog", "show"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_entry_cannot_look_like_two()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        await SetAsync(receiver, "tcp");
        await ForwardAsync();
        await AppendAsync("x\r\n<131>1 2026-03-01T12:00:00.000Z forged - - - - \u2028 \u0085 \u001b[2J end", actor: "a\n\"]forged");
        await ForwardAsync();
        var message = receiver.Messages[^1];
        Assert.DoesNotContain(message, letter => char.IsControl(letter) || letter == '\u2028');
        Assert.Contains("""actor="a \"\]forged" """.TrimEnd(), message, StringComparison.Ordinal);
        Assert.EndsWith("end", message, StringComparison.Ordinal);
        Assert.Equal(2, receiver.Messages.Count);
    }

    [Fact]
    public async Task An_entry_that_commits_behind_younger_ones_is_not_missed()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        await SetAsync(receiver, "tcp");
        _clock.Advance(TimeSpan.FromMinutes(10));
        await AppendAsync("younger");
        await ForwardAsync();
        await AppendAsync("older", ago: TimeSpan.FromSeconds(90));
        await ForwardAsync();
        await AppendAsync("youngest");
        await ForwardAsync();
        Assert.Equal(["younger", "older", "youngest"], receiver.Messages.Skip(1).Select(Text));
    }

    [Fact]
    public async Task Another_node_goes_on_and_repeats_the_last_minutes_at_most()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        await SetAsync(receiver, "tcp");
        await AppendAsync("long ago");
        await ForwardAsync();
        _clock.Advance(TimeSpan.FromMinutes(10));
        await AppendAsync("just now");
        await ForwardAsync();

        var other = new ForwardToSyslog(_gateway.Database, _clock);
        await AppendAsync("after the failover");
        await other.RunAsync(CancellationToken.None);
        Assert.Equal(["long ago", "just now", "just now", "after the failover"], receiver.Messages.Skip(1).Select(Text));
        // And back again.
        _clock.Advance(TimeSpan.FromMinutes(10));
        await AppendAsync("after the fallback");
        await ForwardAsync();
        Assert.Equal(1, receiver.Messages.Count(message => Text(message) == "long ago"));
        Assert.Equal(1, receiver.Messages.Count(message => Text(message) == "after the fallback"));
    }

    [Fact]
    public async Task Thousands_of_entries_that_waited_arrive_each_once()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        await SetAsync(receiver, "tcp");
        await _gateway.WriteAsync(async (session, now) =>
        {
            for (var i = 0; i < 1500; i++)
            {
                await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.TokenRead, Severity.Info, "a test", $"entry {i}"), now.AddSeconds(i), CancellationToken.None);
            }

            return true;
        });
        _clock.Advance(TimeSpan.FromHours(1));
        await ForwardAsync();
        await ForwardAsync();
        Assert.Equal(1501, receiver.Messages.Count);
        Assert.Equal(1501, receiver.Messages.Distinct().Count());
    }

    [Fact]
    public async Task Only_what_is_wanted_is_forwarded()
    {
        await using var receiver = SyslogReceiver.Start("tcp");
        await SetAsync(receiver, "tcp");
        await ChangeAsync(new ChangeSyslog.Request(_gateway.Administrator, LeastSeverity: "warning", Facility: "local3", LeaveOut: ["instance-", "token-read"]));
        await AppendAsync("too mild");
        await AppendAsync("left out", Severity.Error, kind: EventKinds.InstanceRemoved);
        await AppendAsync("wanted", Severity.Warning);
        await ForwardAsync();
        Assert.StartsWith("<156>1 ", Assert.Single(receiver.Messages), StringComparison.Ordinal);
        Assert.Equal("wanted", Text(receiver.Messages[0]));
    }

    [Theory]
    [InlineData("""{"server": "http://logs.example.com"}""", "without scheme")]
    [InlineData("""{"server": "logs.example.com", "port": 70000}""", "1 to 65535")]
    [InlineData("""{"server": "logs.example.com", "transport": "carrier-pigeon"}""", "udp, tcp, tls")]
    [InlineData("""{"server": "logs.example.com", "leastSeverity": "loud"}""", "info, warning, error")]
    [InlineData("""{"server": "logs.example.com", "facility": "kern"}""", "local0")]
    [InlineData("""{"server": "logs.example.com", "tlsAnchors": "no PEM"}""", "-----BEGIN CERTIFICATE-----")]
    [InlineData("""{"server": "logs.example.com", "leaveOut": ["Token Read"]}""", "event kinds")]
    public async Task Settings_that_will_not_do_are_refused_and_change_nothing(string body, string expected)
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ManageSettings);
        using var answer = await http.PutAsync("/api/v2/settings/syslog", JsonContent.Create(JsonNode.Parse(body)));
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.Null((await _gateway.ReadAsync(session => SyslogSettings.LoadAsync(session, CancellationToken.None))).Server);
        using var untested = await http.PostAsync("/api/v2/settings/syslog/test", null);
        Assert.Equal(HttpStatusCode.Conflict, untested.StatusCode);
    }

    [Fact]
    public async Task The_console_sets_it_tries_it_and_turns_it_off()
    {
        await using var receiver = SyslogReceiver.Start("tls");
        var root = Path.Combine(_gateway.Gateway.Directory.Path, "logs.pem");
        await File.WriteAllTextAsync(root, receiver.RootPem);
        await _gateway.TgctlDoneAsync("syslog", "set", "--to", "127.0.0.1", "--port", $"{receiver.Port}", "--transport", "tls", "--tls-anchors", root, "--leave-out", "token-read", "--leave-out", "instance-");
        await _gateway.TgctlDoneAsync("syslog", "test");
        Assert.Contains("This is a test", Assert.Single(receiver.Messages), StringComparison.Ordinal);
        var shown = await _gateway.TgctlDoneAsync("syslog", "show");
        Assert.Contains($"127.0.0.1:{receiver.Port} (tls)", shown, StringComparison.Ordinal);
        Assert.Contains("token-read, instance-", shown, StringComparison.Ordinal);
        await _gateway.TgctlDoneAsync("syslog", "set", "--leave-out", "none");
        Assert.DoesNotContain("token-read", await _gateway.TgctlDoneAsync("syslog", "show"), StringComparison.Ordinal);
        Assert.Contains("none", await _gateway.TgctlDoneAsync("syslog", "off"), StringComparison.Ordinal);
        await ForwardAsync();
        Assert.Single(receiver.Messages);
        Assert.Contains("tgctl syslog set", await _gateway.TgctlRefusedAsync("syslog", "test"), StringComparison.Ordinal);
    }

    private Task SetAsync(SyslogReceiver receiver, string transport) =>
        ChangeAsync(new ChangeSyslog.Request(_gateway.Administrator, "127.0.0.1", receiver.Port, transport, transport == "tls" ? receiver.RootPem : ""));

    private async Task ChangeAsync(ChangeSyslog.Request request)
    {
        // Apart from what happened before.
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty((await _gateway.Gateway.Services.GetRequiredService<ChangeSyslog>().ExecuteAsync(request, CancellationToken.None)).Problems);
    }

    private Task ForwardAsync() => _gateway.RunAsync<ForwardToSyslog>();

    private Task<bool> AppendAsync(string message, string severity = Severity.Info, string actor = "a test", TimeSpan ago = default, string kind = EventKinds.MessageOfTheDayChanged)
    {
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        return _gateway.WriteAsync(async (session, now) =>
        {
            await new EventLog(session).AppendAsync(new LoggedEvent(kind, severity, actor, message, _gateway.Account.Id), now - ago, CancellationToken.None);
            return true;
        });
    }

    private Task<IReadOnlyList<AlertRow>> AlertsAsync() => _gateway.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(Alerts.SyslogUnreachable, CancellationToken.None));

    private static string Text(string message) => ByteOrderMark().Split(message)[^1];

    [GeneratedRegex("\uFEFF", RegexOptions.None, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex ByteOrderMark();
}

public sealed class SqliteSyslogTests : SyslogTests<SqliteEngine>;

public sealed class PostgreSqlSyslogTests : SyslogTests<PostgreSqlEngine>;
