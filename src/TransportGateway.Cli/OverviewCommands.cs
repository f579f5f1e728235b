using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl alert</c> and <c>status</c>.</summary>
internal static class OverviewCommands
{
    public static Command Alerts(CommandContext context)
    {
        var list = new Command("list", "Lists the open alerts.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync("/api/v2/alerts", cancellationToken),
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
