using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary><c>tgctl event</c>.</summary>
internal static class EventCommands
{
    public static Command Create(CommandContext context)
    {
        (string Parameter, Option<string?> Option)[] filters =
        [
            ("kind", new Option<string?>("--kind") { Description = "only events of this kind, as in instance-registered" }),
            ("severity", new Option<string?>("--severity") { Description = "only info, warning or error" }),
            ("actor", new Option<string?>("--actor") { Description = "only what was done by whoever has this in the name" }),
            ("text", new Option<string?>("--text") { Description = "only events with this text in message, actor or kind" }),
            ("account", new Option<string?>("--account") { Description = "only events of this local account" }),
            ("virtualAccount", new Option<string?>("--virtual-account") { Description = "only events of this local virtual account of the account" }),
            ("instance", new Option<string?>("--instance") { Description = "only events of the product instance with this identifier" }),
            ("license", new Option<string?>("--license") { Description = "only events about the licence with this entitlement tag" }),
            ("from", new Option<string?>("--from") { Description = "from this day of UTC or instant on, as in 2021-06-20 or 2021-06-20T18:39:00Z" }),
            ("to", new Option<string?>("--to") { Description = "until the end of this day of UTC, or until this instant" }),
        ];
        var limit = new Option<int>("--limit") { Description = "how many, the newest first", DefaultValueFactory = _ => 100 };
        var list = new Command("list", "Lists what happened, the newest first.") { limit };
        foreach (var (_, option) in filters)
        {
            list.Options.Add(option);
        }

        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var query = string.Concat(filters.Where(filter => parsed.GetValue(filter.Option) is not null).Select(filter => $"&{filter.Parameter}={Uri.EscapeDataString(parsed.GetValue(filter.Option)!)}"));
            context.Print(parsed, await api.GetAsync($"/api/v2/events?limit={parsed.GetValue(limit)}{query}", cancellationToken), answer => Tables.Print(
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
}
