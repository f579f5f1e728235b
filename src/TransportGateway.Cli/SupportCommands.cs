using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl support</c>: health checks, and the bundle for somebody who helps.</summary>
internal static class SupportCommands
{
    public static Command Create(CommandContext context)
    {
        var check = new Command("check", "Looks at what an administrator would look at first.");
        context.Run(check, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/health-checks", cancellationToken), answer => Tables.Print(
            context.Output,
            answer.AsArray(),
            "Showing All {0} Records",
            ("Check", Tables.Field("name")),
            ("State", Tables.Field("state")),
            ("Finding", Tables.Field("sentence")))));

        var file = new Option<string>("--out") { Description = "file to write, a zip archive", Required = true };
        var bundle = new Command("bundle", "Saves settings, checks, alerts and the event log for somebody who helps. No secret is in it.") { file };
        context.Run(bundle, async (parsed, api, cancellationToken) =>
        {
            var target = parsed.GetValue(file)!;
            var bytes = await api.DownloadAsync("/api/v2/support-bundle", body: null, target, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "saved", ["file"] = target, ["bytes"] = bytes }, $"{target}: {bytes} bytes. Names of people, products and machines are in it.");
        });
        return new Command("support", "Health checks, and a bundle for somebody who helps.") { check, bundle };
    }
}
