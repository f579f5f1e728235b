using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary><c>tgctl message</c>, <c>language</c> and <c>time</c>: the tabs of the settings of these names.</summary>
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

    /// <summary><c>tgctl language</c>: the language of the pages for whoever has not chosen one.</summary>
    public static Command Language(CommandContext context)
    {
        const string Setting = "/api/v2/language";
        var show = new Command("show", "Shows the language of the pages for whoever has not chosen one.");
        context.Run(show, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.GetAsync(Setting, cancellationToken), answer => context.Output.WriteLine(Tables.Text(answer, "language"))));
        var language = new Argument<string>("language") { Description = "en, zh-Hant, or browser for the one that each browser asks for" };
        var set = new Command("set", "Changes it.") { language };
        context.Run(set, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.PutAsync(Setting, new { language = parsed.GetValue(language) }, cancellationToken), answer => context.Output.WriteLine(Tables.Text(answer, "language"))));
        return new Command("language", "The language of the pages for whoever has not chosen one.") { show, set };
    }

    /// <summary><c>tgctl time</c>: the clock of the gateway's machine.</summary>
    public static Command Time(CommandContext context)
    {
        var show = new Command("show", "Shows the machine's time and zone, whether its clock is synchronised, and how far the other node's is ahead.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/time", cancellationToken), answer => context.Output.WriteLine(
            $"""
            Now (UTC)      {Tables.Instant("now")(answer)}
            Zone           {Tables.Text(answer, "zone")}
            Synchronised   {Tables.Text(answer, "synchronized") switch { "true" => "yes", "false" => "no", _ => "not known" }}{(Tables.Text(answer, "keptBy") is { Length: > 0 } by ? $" ({by})" : "")}
            Other node     {(Tables.Text(answer, "peerAheadSeconds") is { Length: > 0 } seconds ? seconds + " s ahead" : "none, or it does not answer")}
            """)));
        return new Command("time", "The clock of the gateway's machine.") { show };
    }
}
