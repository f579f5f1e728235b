using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl license</c>, <c>alert</c>, <c>event</c> and <c>status</c>.</summary>
internal static class OverviewCommands
{
    public static Command Licenses(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var virtualAccount = CommandContext.VirtualAccountOption();
        var list = new Command("list", "Lists the licences: bought, in use, balance.") { account, virtualAccount };
        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken);
            context.Print(parsed, await api.GetAsync(path + "/licenses", cancellationToken), answer => PrintLicenses(context, answer.AsArray()));
        });

        var moved = new Argument<string>("license") { Description = "name of the licence as the table shows it, or its entitlement tag" };
        var quantity = new Option<long>("--quantity") { Description = "how many", Required = true };
        var target = new Option<string>("--to") { Description = "local virtual account to move them to", Required = true };
        var transfer = new Command("transfer", "Moves purchased licences from a local virtual account to another one of its account.") { moved, quantity, target, account, virtualAccount };
        context.Run(transfer, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken);
            context.Print(
                parsed,
                await api.PostAsync(
                    path + "/licenses/transfer",
                    new { license = parsed.GetValue(moved), quantity = parsed.GetValue(quantity), virtualAccount = parsed.GetValue(target) },
                    cancellationToken),
                answer => context.Output.WriteLine($"{Tables.Text(answer, "quantity")} of {Tables.Text(answer, "license")} are in '{Tables.Text(answer, "virtualAccount")}' now."));
        });
        return new Command("license", "Licences.") { list, transfer };
    }

    private static void PrintLicenses(CommandContext context, JsonArray licenses)
    {
        (string Heading, Func<JsonNode, string> Cell)[] columns =
        [
            ("License", Tables.Field("license")),
            ("Billing", Tables.Field("billing")),
            ("Purchased", Tables.Field("purchased")),
            ("In Use", Tables.Field("inUse")),
            ("Substitution", row => Tables.Text(row, "substitution") is "0" ? "" : Tables.Text(row, "substitution")),
            ("Balance", Tables.Field("balance")),
            ("Alerts", Tables.Field("alert")),
        ];
        if (licenses.Any(row => Tables.Text(row!, "relayed") != "0"))
        {
            columns = [.. columns, ("Relayed", Tables.Field("relayed"))];
        }

        Tables.Print(context.Output, licenses, "Showing All {0} Records", columns);
    }

    public static Command Alerts(CommandContext context)
    {
        var list = new Command("list", "Lists the open alerts.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.GetAsync("/api/v2/alerts", cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("Severity", Tables.Field("severity")),
                ("Alert", Tables.Field("messageType")),
                ("Source", Tables.Field("source")),
                ("Account", Tables.Field("account")),
                ("Since (UTC)", Tables.Instant("raisedAt")),
                ("Message", Tables.Field("message")))));
        return new Command("alert", "Alerts.") { list };
    }

    public static Command Events(CommandContext context)
    {
        var kind = new Option<string?>("--kind") { Description = "only events of this kind, as in instance-registered" };
        var limit = new Option<int>("--limit") { Description = "how many, the newest first", DefaultValueFactory = _ => 100 };
        var list = new Command("list", "Lists what happened, the newest first.") { kind, limit };
        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var query = $"?limit={parsed.GetValue(limit)}" + (parsed.GetValue(kind) is { } wanted ? $"&kind={Uri.EscapeDataString(wanted)}" : "");
            context.Print(parsed, await api.GetAsync("/api/v2/events" + query, cancellationToken), answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing {0} Records",
                ("Time (UTC)", Tables.Instant("occurredAt")),
                ("Severity", Tables.Field("severity")),
                ("Event", Tables.Field("kind")),
                ("By", Tables.Field("actor")),
                ("Message", Tables.Field("message"))));
        });
        return new Command("event", "The event log.") { list };
    }

    public static Command Status(CommandContext context)
    {
        var status = new Command("status", "Shows whether the gateway works and what it holds.");
        context.Run(status, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.GetAsync("/api/v2/status", cancellationToken),
            answer =>
            {
                foreach (var (label, value) in new (string, string)[]
                {
                    ("Version", Tables.Text(answer, "version")),
                    ("Uptime", Describe(answer)),
                    ("Role", Tables.Text(answer, "role")),
                    ("Database", Tables.Text(answer, "database")),
                    ("Host name", Tables.Text(answer, "hostName")),
                    ("Host certificate", $"until {Tables.Instant("hostCertificateExpires")(answer)} UTC"),
                    ("Signing certificate", $"until {Tables.Instant("signingCertificateExpires")(answer)} UTC"),
                    ("Product instances", Tables.Text(answer, "productInstances") + (Tables.Text(answer, "relayedInstances") is "0" ? "" : $", and {Tables.Text(answer, "relayedInstances")} relayed")),
                    ("Open alerts", Tables.Text(answer, "openAlerts")),
                })
                {
                    context.Output.WriteLine($"{label,-22}{value}");
                }
            }));
        return status;
    }

    private static string Describe(JsonNode answer)
    {
        var uptime = TimeSpan.FromSeconds(answer["uptimeSeconds"]!.GetValue<long>());
        return uptime.TotalDays >= 1 ? $"{uptime.Days} days {uptime:hh\\:mm\\:ss}" : uptime.ToString("hh\\:mm\\:ss", System.Globalization.CultureInfo.InvariantCulture);
    }
}
