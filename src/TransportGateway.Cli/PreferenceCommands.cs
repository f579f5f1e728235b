using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl account preferences</c>: what an account is told by e-mail, and what Cisco is not told.</summary>
internal static class PreferenceCommands
{
    public static Command Create(CommandContext context) => new("preferences", "What an account is told by e-mail, and what Cisco is not told of its products.") { Show(context), Set(context) };

    private static Command Show(CommandContext context)
    {
        var name = Name();
        var show = new Command("show", "Shows an account's preferences.") { name };
        context.Run(show, async (parsed, api, cancellationToken) =>
            context.Print(parsed, await api.GetAsync(Path(parsed.GetValue(name)!), cancellationToken), answer => Print(context, answer)));
        return show;
    }

    private static Command Set(CommandContext context)
    {
        var name = Name();
        var emails = new Option<string[]>("--email") { Description = "an address that is told; may be repeated, none for nobody", AllowMultipleArgumentsPerToken = true };
        var alerts = new Option<bool?>("--alerts-at-once") { Description = "tell of each alert as it comes and goes (true or false)" };
        var digest = new Option<string?>("--digest") { Description = "none, daily or weekly" };
        var withhold = new Option<string[]>("--withhold") { Description = "what Cisco is not told: host-name, ip-address, mac-address, serial-number; may be repeated, none for nothing", AllowMultipleArgumentsPerToken = true };
        var set = new Command("set", "Changes an account's preferences; what is not given stays as it is.") { name, emails, alerts, digest, withhold };
        context.Run(set, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PutAsync(
                Path(parsed.GetValue(name)!),
                new
                {
                    emails = NotificationCommands.Given(parsed, emails),
                    alertsAtOnce = parsed.GetValue(alerts),
                    digest = parsed.GetValue(digest),
                    withhold = NotificationCommands.Given(parsed, withhold),
                },
                cancellationToken),
            answer => Print(context, answer)));
        return set;
    }

    private static void Print(CommandContext context, JsonNode answer) => Tables.PrintLines(
        context.Output,
        [
            ("E-mail", NotificationCommands.Joined(answer, "emails")),
            ("Alerts at once", Tables.Text(answer, "alertsAtOnce") == "true" ? "yes" : "no"),
            ("Digest", Tables.Text(answer, "digest")),
            ("Next digest (UTC)", Tables.Instant("nextDigestAt")(answer)),
            ("Withheld from Cisco", NotificationCommands.Joined(answer, "withheld")),
        ]);

    private static Argument<string> Name() => new("name") { Description = "name of the local account" };

    private static string Path(string account) => $"/api/v2/accounts/{Uri.EscapeDataString(account)}/preferences";
}
