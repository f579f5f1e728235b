using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl webhook</c>: who is told of alerts and synchronisations.</summary>
internal static class WebhookCommands
{
    public static Command Create(CommandContext context) =>
        new("webhook", "Addresses that are told of alerts and of synchronisations.") { List(context), Add(context), Test(context), Deliveries(context), Remove(context) };

    private static Command List(CommandContext context)
    {
        var list = new Command("list", "Lists the webhooks.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(parsed, await api.ListAsync("/api/v2/webhooks", cancellationToken), answer => Tables.Print(
            context.Output,
            answer.AsArray(),
            "Showing All {0} Records",
            ("Id", Tables.Field("id")),
            ("Name", Tables.Field("name")),
            ("Address", Tables.Field("address")),
            ("Created By", Tables.Field("createdBy")))));
        return list;
    }

    private static Command Add(CommandContext context)
    {
        var name = new Argument<string>("name") { Description = "what to call it" };
        var address = new Option<string>("--address") { Description = "https URL to post to", Required = true };
        var anchors = new Option<FileInfo?>("--tls-anchors") { Description = "PEM file with the roots of its certificate; those of the machine when left out" };
        var create = new Command("create", "Has an address told. The secret that signs the messages is shown this once.") { name, address, anchors };
        context.Run(create, async (parsed, api, cancellationToken) =>
        {
            var tlsAnchors = parsed.GetValue(anchors) is { } file ? await Files.ReadCertificatesAsync(file, cancellationToken) : null;
            context.Print(
                parsed,
                await api.PostAsync("/api/v2/webhooks", new { name = parsed.GetValue(name), address = parsed.GetValue(address), tlsAnchors }, cancellationToken),
                answer => Tables.PrintLines(context.Output, [("Id", Tables.Text(answer["webhook"]!, "id")), ("Secret, shown once", Tables.Text(answer, "secret"))]));
        });
        return create;
    }

    private static Command Test(CommandContext context)
    {
        var id = Id();
        var test = new Command("test", "Puts a test message on its way; 'deliveries' shows what came of it.") { id };
        context.Run(test, async (parsed, api, cancellationToken) =>
        {
            await api.PostAsync(Path(parsed.GetValue(id)!) + "/test", new { }, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "on its way", ["id"] = parsed.GetValue(id) }, $"It is on its way. See what came of it: tgctl webhook deliveries {parsed.GetValue(id)}");
        });
        return test;
    }

    private static Command Deliveries(CommandContext context)
    {
        var id = Id();
        var deliveries = new Command("deliveries", "Lists the last messages to a webhook, and what came of each.") { id };
        context.Run(deliveries, async (parsed, api, cancellationToken) => context.Print(parsed, await api.ListAsync(Path(parsed.GetValue(id)!) + "/deliveries", cancellationToken), answer => Tables.Print(
            context.Output,
            answer.AsArray(),
            "Showing {0} Records",
            ("Created", Tables.Instant("createdAt")),
            ("Message", Tables.Field("kind")),
            ("State", Tables.Field("state")),
            ("Attempts", Tables.Field("attempts")),
            ("Outcome", Tables.Field("outcome")))));
        return deliveries;
    }

    private static Command Remove(CommandContext context)
    {
        var id = Id();
        var yes = CommandContext.YesOption();
        var remove = new Command("remove", "Removes a webhook, with what is on its way to it.") { id, yes };
        context.Run(remove, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Remove webhook {parsed.GetValue(id)}?", cancellationToken);
            await api.DeleteAsync(Path(parsed.GetValue(id)!), cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "removed", ["id"] = parsed.GetValue(id) }, "The webhook was removed.");
        });
        return remove;
    }

    private static Argument<string> Id() => new("id") { Description = "identifier, as 'tgctl webhook list' shows it" };

    private static string Path(string id) => "/api/v2/webhooks/" + Uri.EscapeDataString(id);
}
