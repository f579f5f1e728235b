using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl relay</c>: where messages go that were not issued here.</summary>
internal static class RelayCommands
{
    public static Command Create(CommandContext context) =>
        new("relay", "Passes messages of products that another server registered on to it, byte for byte.") { Show(context), Set(context), Off(context), Test(context), Account(context) };

    private static Command Show(CommandContext context)
    {
        var show = new Command("show", "Shows the settings, and how the upstreams fare.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/relay", cancellationToken), answer => PrintRelay(context, answer)));
        return show;
    }

    private static Command Set(CommandContext context)
    {
        var callHome = new Option<string?>("--call-home") { Description = "https URL for messages that come over Call Home; empty for none" };
        var smartTransport = new Option<string?>("--smart-transport") { Description = "https URL for messages that come over Smart Transport; empty for none" };
        var account = new Option<string?>("--account") { Description = "local account that relayed products are filed under when none stands for their virtual account at Cisco" };
        var timeout = new Option<int?>("--timeout") { Description = "seconds that a relayed message may take; 30 when never given" };
        var alert = new Option<int?>("--alert-after") { Description = "minutes that an upstream may be away before an alert says so; 5 when never given" };
        var route = new RouteOptions();
        var set = new Command("set", "Turns the relay on, or changes it; what is not given stays as it is.") { callHome, smartTransport, account, timeout, alert };
        route.AddTo(set);
        context.Run(set, async (parsed, api, cancellationToken) =>
        {
            var body = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["enabled"] = true,
                ["callHome"] = parsed.GetValue(callHome),
                ["smartTransport"] = parsed.GetValue(smartTransport),
                ["account"] = parsed.GetValue(account),
                ["timeoutSeconds"] = parsed.GetValue(timeout),
                ["alertMinutes"] = parsed.GetValue(alert),
            };
            await route.WriteAsync(parsed, body, cancellationToken);
            context.Print(
                parsed,
                await api.PutAsync("/api/v2/relay", body.Where(entry => entry.Value is not null).ToDictionary(StringComparer.Ordinal), cancellationToken),
                answer => PrintRelay(context, answer));
        });
        return set;
    }

    private static Command Off(CommandContext context)
    {
        var off = new Command("off", "Turns the relay off; its settings stay. Products that need it are refused from then on.");
        context.Run(off, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.PutAsync("/api/v2/relay", new { enabled = false }, cancellationToken), answer => PrintRelay(context, answer)));
        return off;
    }

    private static Command Test(CommandContext context)
    {
        var test = new Command("test", "Dials the upstreams without a message, and shows what came of it.");
        context.Run(test, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.PostAsync("/api/v2/relay/test", new { }, cancellationToken), answer => PrintUpstreams(context, answer)));
        return test;
    }

    private static Command Account(CommandContext context)
    {
        var name = new Argument<string>("account") { Description = "local account" };
        var state = new Argument<string>("state") { Description = "on or off" };
        state.AcceptOnlyFromAmong("on", "off");
        var account = new Command("account", "Says whether relayed products that are filed under a local account are relayed, or refused.") { name, state };
        context.Run(account, async (parsed, api, cancellationToken) =>
        {
            var on = parsed.GetValue(state) == "on";
            await api.PutAsync($"/api/v2/accounts/{Uri.EscapeDataString(parsed.GetValue(name)!)}/relay", new { enabled = on }, cancellationToken);
            context.Tell(
                parsed,
                new JsonObject { ["account"] = parsed.GetValue(name), ["relayed"] = on },
                $"Relayed products of '{parsed.GetValue(name)}' are {(on ? "relayed" : "refused")} from now on.");
        });
        return account;
    }

    private static void PrintRelay(CommandContext context, JsonNode answer)
    {
        Tables.PrintLines(context.Output,
        [
            ("Relay", Tables.Text(answer, "enabled") == "true" ? "on" : "off"),
            ("Call Home to", OrNone(Tables.Text(answer, "callHome"))),
            ("Smart Transport to", OrNone(Tables.Text(answer, "smartTransport"))),
            ("Filed under", Tables.Text(answer, "account")),
            ("Not relayed", string.Join(", ", answer["accountsNotRelayed"]!.AsArray().Select(name => Tables.Plain(name!.ToString())))),
            ("Proxy", OrNone(Tables.Text(answer, "proxy"))),
            ("TLS anchors", answer["tlsAnchors"]!.AsArray() is { Count: > 0 } anchors ? string.Join(", ", anchors) : "those of the machine"),
            ("Timeout", Tables.Text(answer, "timeoutSeconds") + " s"),
            ("Alert after", Tables.Text(answer, "alertMinutes") + " min"),
        ]);
        PrintUpstreams(context, answer);
    }

    private static void PrintUpstreams(CommandContext context, JsonNode answer)
    {
        if (answer["upstreams"]!.AsArray() is { Count: > 0 } upstreams)
        {
            Tables.Print(
                context.Output,
                upstreams,
                "{0} upstream(s)",
                ("Upstream", Tables.Field("address")),
                ("State", Tables.Field("state")),
                ("Last Answer (UTC)", Tables.Instant("lastAnswer")),
                ("Away Since (UTC)", Tables.Instant("awaySince")),
                ("Cause", Tables.Field("cause")));
        }
    }

    private static string OrNone(string text) => text.Length > 0 ? text : "none";
}
