using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl api-toolkit</c>: whether programs are let in at all.</summary>
internal static class ApiToolkitCommands
{
    private const string Resource = "/api/v2/api-toolkit";

    public static Command Create(CommandContext context)
    {
        var show = new Command("show", "Shows whether the REST API is on.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync(Resource, cancellationToken), answer => context.Output.WriteLine(Words(answer))));
        var on = new Command("on", "Switches the REST API on.");
        context.Run(on, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.PutAsync(Resource, new { enabled = true }, cancellationToken), answer => context.Output.WriteLine(Words(answer))));
        var yes = CommandContext.YesOption();
        var off = new Command("off", "Switches the REST API off: programs and their access tokens are refused, also this console from elsewhere.") { yes };
        context.Run(off, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, "Switch the REST API off? Every program loses its access at once; only the pages and the control socket stay.", cancellationToken);
            context.Print(parsed, await api.PutAsync(Resource, new { enabled = false }, cancellationToken), answer => context.Output.WriteLine(Words(answer)));
        });
        return new Command("api-toolkit", "Whether programs are let in.") { show, on, off };
    }

    private static string Words(JsonNode answer) => Tables.Text(answer, "enabled") == "true" ? "The REST API is on." : "The REST API is off: programs are refused.";
}
