using System.CommandLine;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl archive</c>.</summary>
internal static class ArchiveCommands
{
    private const string Resource = "/api/v2/archived-messages";

    public static Command Create(CommandContext context)
    {
        var instance = new Option<string?>("--instance") { Description = "only those of the product instance with this identifier, its registration included" };
        var refused = new Option<bool>("--refused") { Description = "those whose sender could not be proved, instead" };
        var limit = new Option<int>("--limit") { Description = "how many, the newest first", DefaultValueFactory = _ => 100 };
        var list = new Command("list", "Lists the messages that products sent and how each was answered, the newest first.") { instance, refused, limit };
        list.Validators.Add(result =>
        {
            if (result.GetValue(refused) && result.GetValue(instance) is not null)
            {
                result.AddError("Who sent a refused message could not be proved, so there are none of one product instance: leave --instance out, or --refused.");
            }
        });
        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var path = parsed.GetValue(refused) ? "/api/v2/refused-messages" : Resource;
            var ofInstance = parsed.GetValue(instance) is { } id ? $"&instance={Uri.EscapeDataString(id)}" : "";
            context.Print(parsed, await api.GetAsync($"{path}?limit={parsed.GetValue(limit)}{ofInstance}", cancellationToken), answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing {0} Records",
                [
                    ("Time (UTC)", Tables.Instant("receivedAt")),
                    .. parsed.GetValue(refused) ? [] : new (string, Func<JsonNode, string>)[] { ("Type", Tables.Field("requestType")) },
                    ("Transport", Tables.Field("transport")),
                    ("Source", Tables.Field("source")),
                    .. parsed.GetValue(refused)
                        ? new (string, Func<JsonNode, string>)[] { ("Refused Because", Tables.Field("reason")) }
                        : [("Product", Product), ("Status", Tables.Field("status"))],
                    ("Id", Tables.Field("id")),
                ]));
        });

        var shown = new Argument<string>("id") { Description = "the message's id, as archive list shows it" };
        var show = new Command("show", "Shows a message as it came and what was answered, which may hold a registration token; this is entered in the event log.") { shown };
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(
            parsed, await api.GetAsync($"{Resource}/{Uri.EscapeDataString(parsed.GetValue(shown)!)}", cancellationToken), answer => PrintWhole(context, answer)));
        return new Command("archive", "What products sent, and what they were answered.") { list, show };
    }

    private static string Product(JsonNode message) => Tables.Text(message, "product") is { Length: > 0 } name ? name : Tables.Text(message, "instanceId");

    private static void PrintWhole(CommandContext context, JsonNode message)
    {
        Tables.PrintLines(context.Output, new (string, string)[]
        {
            ("Message", Tables.Text(message, "id")),
            ("Received (UTC)", Tables.Instant("receivedAt")(message)),
            ("Type", Tables.Text(message, "requestType")),
            ("Transport", Tables.Text(message, "transport")),
            ("Source", Tables.Text(message, "source")),
            ("Product", Tables.Text(message, "product")),
            ("Product instance", Tables.Text(message, "instanceId")),
            ("Status", Tables.Text(message, "status")),
            ("Refused because", Tables.Text(message, "reason")),
            ("Signed with", Tables.Text(message, "signerSerial")),
        }.Where(line => line.Item2.Length > 0));
        context.Output.WriteLine();
        context.Output.WriteLine(Tables.Text(message, "requestMayBeCut") == "true" ? "As it came, the beginning:" : "As it came:");
        context.Output.WriteLine((message["request"], message["requestBytes"]) switch
        {
            ({ } text, _) when text.ToString().Length == 0 => "Nothing was kept of it.",
            ({ } text, _) => Readable(text.ToString()),
            var (_, bytes) => $"It is no text. In base64: {bytes}",
        });
        context.Output.WriteLine();
        context.Output.WriteLine(message["response"] is { } response ? $"What was answered:\n{Readable(response.ToString())}" : "What was answered was not kept.");
    }

    /// <summary>JSON indented, the levels that travel as texts opened; anything else line by line.</summary>
    private static string Readable(string text) => Opened(text) is { } levels
        ? levels.ToJsonString(CommandContext.Indented)
        : string.Join(Environment.NewLine, text.Split('\n').Select(line => Tables.Plain(line.TrimEnd('\r'))));

    /// <summary>Null for a text that is no JSON object.</summary>
    private static JsonObject? Opened(string text)
    {
        try
        {
            if (!text.AsSpan().TrimStart().StartsWith('{') || JsonNode.Parse(text) is not JsonObject level)
            {
                return null;
            }

            foreach (var (name, value) in level.ToArray())
            {
                if (value?.GetValueKind() == JsonValueKind.String && Opened(value.GetValue<string>()) is { } inner)
                {
                    level[name] = inner;
                }
            }

            return level;
        }
        // Members of one name twice are found only when they are looked at.
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            return null;
        }
    }
}
