using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl syslog</c> and <c>tgctl email</c>: who is told of what.</summary>
internal static class NotificationCommands
{
    private const string SyslogResource = "/api/v2/settings/syslog";
    private const string EmailResource = "/api/v2/settings/email";

    public static Command Syslog(CommandContext context) => new("syslog", "The server that the event log is forwarded to.")
    {
        Show(context, SyslogResource, PrintSyslog), SetSyslog(context), Off(context, SyslogResource, "Forwards the event log nowhere any more.", PrintSyslog), TestSyslog(context),
    };

    public static Command Email(CommandContext context) => new("email", "The mail server, who is told of the gateway, and what became of the mails.")
    {
        Show(context, EmailResource, PrintEmail), SetEmail(context), Off(context, EmailResource, "Sends no e-mail any more; what is on its way is given up.", PrintEmail), TestEmail(context), Outbox(context),
    };

    private static Command Show(CommandContext context, string resource, Action<CommandContext, JsonNode> print)
    {
        var show = new Command("show", "Shows the settings and how things stand; secrets are never shown.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(resource, cancellationToken), answer => print(context, answer)));
        return show;
    }

    private static Command Off(CommandContext context, string resource, string description, Action<CommandContext, JsonNode> print)
    {
        var off = new Command("off", description);
        context.Run(off, async (parsed, api, cancellationToken) => context.Print(parsed, await api.PutAsync(resource, new { server = "" }, cancellationToken), answer => print(context, answer)));
        return off;
    }

    private static Command SetSyslog(CommandContext context)
    {
        var server = new Option<string?>("--to") { Description = "name or address of the syslog server" };
        var port = new Option<int?>("--port") { Description = "0 for the usual one: 514, with TLS 6514" };
        var transport = new Option<string?>("--transport") { Description = "udp, tcp or tls" };
        var anchors = new Option<FileInfo?>("--tls-anchors") { Description = "PEM file with the roots of its certificate; those of the machine when never given" };
        var severity = new Option<string?>("--least-severity") { Description = "info, warning or error" };
        var facility = new Option<string?>("--facility") { Description = "local0 to local7" };
        var leaveOut = new Option<string[]>("--leave-out") { Description = "an event kind that is not forwarded, or how such kinds begin; may be repeated, none for nothing", AllowMultipleArgumentsPerToken = true };
        var set = new Command("set", "Changes settings; what is not given stays as it is.") { server, port, transport, anchors, severity, facility, leaveOut };
        context.Run(set, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PutAsync(
                SyslogResource,
                new
                {
                    server = parsed.GetValue(server),
                    port = parsed.GetValue(port),
                    transport = parsed.GetValue(transport),
                    tlsAnchors = parsed.GetValue(anchors) is { } file ? await Files.ReadCertificatesAsync(file, cancellationToken) : null,
                    leastSeverity = parsed.GetValue(severity),
                    facility = parsed.GetValue(facility),
                    leaveOut = Given(parsed, leaveOut),
                },
                cancellationToken),
            answer => PrintSyslog(context, answer)));
        return set;
    }

    private static Command TestSyslog(CommandContext context)
    {
        var test = new Command("test", "Sends a message that says nothing but that it is a test.");
        context.Run(test, async (parsed, api, cancellationToken) =>
        {
            await api.PostAsync(SyslogResource + "/test", new { }, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "sent" }, "It was sent. Over UDP nobody tells whether it arrived: look for it at the server.");
        });
        return test;
    }

    private static Command SetEmail(CommandContext context)
    {
        var server = new Option<string?>("--smtp") { Description = "name or address of the SMTP server" };
        var port = new Option<int?>("--port") { Description = "0 for the usual one: 587, with TLS from the start 465, with neither 25" };
        var security = new Option<string?>("--security") { Description = "starttls, tls (from the start) or none" };
        var anchors = new Option<FileInfo?>("--tls-anchors") { Description = "PEM file with the roots of its certificate; those of the machine when never given" };
        var sender = new Option<string?>("--sender") { Description = "address that mails come from" };
        var user = new Option<string?>("--user") { Description = "user at the server; empty for no sign-in" };
        var passwordFile = new Option<FileInfo?>("--password-file") { Description = "file that holds the password of --user; - for standard input" };
        var recipients = new Option<string[]>("--recipient") { Description = "an address that is told of the whole gateway; may be repeated, none for nobody", AllowMultipleArgumentsPerToken = true };
        var allAlerts = new Option<bool?>("--all-alerts") { Description = "tell them of minor alerts, too (true or false)" };
        var language = new Option<string?>("--language") { Description = "en or zh-Hant" };
        var set = new Command("set", "Changes settings; what is not given stays as it is.") { server, port, security, anchors, sender, user, passwordFile, recipients, allAlerts, language };
        context.Run(set, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PutAsync(
                EmailResource,
                new
                {
                    server = parsed.GetValue(server),
                    port = parsed.GetValue(port),
                    security = parsed.GetValue(security),
                    tlsAnchors = parsed.GetValue(anchors) is { } file ? await Files.ReadCertificatesAsync(file, cancellationToken) : null,
                    sender = parsed.GetValue(sender),
                    user = parsed.GetValue(user),
                    password = parsed.GetValue(passwordFile) is { } secret ? (await Files.ReadPasswordAsync(secret, cancellationToken)).Trim() : null,
                    recipients = Given(parsed, recipients),
                    allAlerts = parsed.GetValue(allAlerts),
                    language = parsed.GetValue(language),
                },
                cancellationToken),
            answer => PrintEmail(context, answer)));
        return set;
    }

    private static Command TestEmail(CommandContext context)
    {
        var recipient = new Option<string?>("--recipient") { Description = "where to; those who are told of the gateway when left out" };
        var test = new Command("test", "Sends a mail at once and shows what the server said.") { recipient };
        context.Run(test, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(EmailResource + "/test", new { recipient = parsed.GetValue(recipient) }, cancellationToken),
            answer => Tables.PrintLines(context.Output, [("Sent to", Joined(answer, "recipients")), ("The server said", Tables.Text(answer, "answer"))])));
        return test;
    }

    private static Command Outbox(CommandContext context)
    {
        var outbox = new Command("outbox", "Lists the last mails, and what became of each.");
        context.Run(outbox, async (parsed, api, cancellationToken) => context.Print(parsed, await api.ListAsync(EmailResource + "/outbox", cancellationToken), answer => Tables.Print(
            context.Output,
            answer.AsArray(),
            "Showing {0} Records",
            ("Created (UTC)", Tables.Instant("createdAt")),
            ("Recipient", Tables.Field("recipient")),
            ("Subject", Tables.Field("subject")),
            ("State", Tables.Field("state")),
            ("Attempts", Tables.Field("attempts")),
            ("Next Attempt (UTC)", Tables.Instant("nextAttemptAt")),
            ("Outcome", Tables.Field("outcome")))));
        return outbox;
    }

    private static void PrintSyslog(CommandContext context, JsonNode answer) => Tables.PrintLines(
        context.Output,
        Tables.Text(answer, "server") is not { Length: > 0 } server
            ? [("Server", "none: the event log is not forwarded")]
            :
            [
                ("Server", $"{server}:{Tables.Text(answer, "port")} ({Tables.Text(answer, "transport")})"),
                ("TLS anchors", Anchors(answer)),
                ("Least severity", Tables.Text(answer, "leastSeverity")),
                ("Facility", Tables.Text(answer, "facility")),
                ("Left out", Joined(answer, "leaveOut")),
                ("Last sent (UTC)", Tables.Instant("lastSentAt")(answer)),
                ("Away since (UTC)", Tables.Instant("awaySince")(answer)),
                ("Last problem", Tables.Text(answer, "lastProblem")),
            ]);

    private static void PrintEmail(CommandContext context, JsonNode answer) => Tables.PrintLines(
        context.Output,
        Tables.Text(answer, "server") is not { Length: > 0 } server
            ? [("Server", "none: no e-mail is sent")]
            :
            [
                ("Server", $"{server}:{Tables.Text(answer, "port")} ({Tables.Text(answer, "security")})"),
                ("TLS anchors", Anchors(answer)),
                ("Sender", Tables.Text(answer, "sender")),
                ("User", Tables.Text(answer, "user")),
                ("Password", Tables.Text(answer, "hasPassword") == "true" ? "set" : ""),
                ("Recipients", Joined(answer, "recipients")),
                ("Minor alerts, too", Tables.Text(answer, "allAlerts") == "true" ? "yes" : "no"),
                ("Language", Tables.Text(answer, "language")),
            ]);

    /// <summary>What a list option holds, with the word none for an empty list; null when it was not given, so that the list stays as it is.</summary>
    public static string[]? Given(ParseResult parsed, Option<string[]> option) => parsed.GetValue(option) is { Length: > 0 } words ? words is ["none"] ? [] : words : null;

    public static string Joined(JsonNode answer, string list) => string.Join(", ", answer[list]!.AsArray().Select(entry => Tables.Plain(entry!.ToString())));

    private static string Anchors(JsonNode answer) => answer["tlsAnchors"]!.AsArray().Count > 0 ? Joined(answer, "tlsAnchors") : "those of the machine";
}
