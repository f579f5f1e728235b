using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary><c>tgctl message</c>: the message of the day.</summary>
internal static class MessageCommands
{
    private const string Resource = "/api/v2/message-of-the-day";

    public static Command Create(CommandContext context)
    {
        var show = new Command("show", "Shows the message of the day.");
        context.Run(show, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.GetAsync(Resource, cancellationToken), answer => context.Output.WriteLine(Tables.Text(answer, "text"))));
        var text = new Argument<string>("text") { Description = "what every page shows, before sign-in too; empty for nothing" };
        var set = new Command("set", "Changes the message of the day.") { text };
        context.Run(set, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.PutAsync(Resource, new { text = parsed.GetValue(text) }, cancellationToken), answer => context.Output.WriteLine(Tables.Text(answer, "text"))));
        return new Command("message", "The message of the day.") { show, set };
    }
}
