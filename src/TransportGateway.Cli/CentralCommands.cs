using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl central</c>: where Software Central is.</summary>
internal static class CentralCommands
{
    public static Command Create(CommandContext context) => new("central", "Where Software Central is, and how this gateway signs in there.") { Show(context), Set(context), Test(context) };

    private static Command Show(CommandContext context)
    {
        var show = new Command("show", "Shows the settings; secrets are never shown.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/central", cancellationToken), answer => PrintSettings(context, answer)));
        return show;
    }

    private static Command Set(CommandContext context)
    {
        var address = new Option<string?>("--address") { Description = "base URL of Software Central; empty for files only" };
        var tokenAddress = new Option<string?>("--token-address") { Description = "URL of its OAuth token endpoint" };
        var clientId = new Option<string?>("--client-id-at-cisco") { Description = "OAuth client id" };
        var secretFile = new Option<FileInfo?>("--client-secret-file") { Description = "file that holds the OAuth client secret; - for standard input" };
        var exchangeAnchors = new Option<FileInfo?>("--exchange-anchors") { Description = "PEM file with the root that Software Central's documents chain to" };
        var route = new RouteOptions();
        var schedule = SynchronizationCommands.ScheduleOption();
        var set = new Command("set", "Changes settings; what is not given stays as it is.")
        {
            address, tokenAddress, clientId, secretFile, exchangeAnchors, schedule,
        };
        route.AddTo(set);
        context.Run(set, async (parsed, api, cancellationToken) =>
        {
            var body = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["address"] = parsed.GetValue(address),
                ["tokenAddress"] = parsed.GetValue(tokenAddress),
                ["clientId"] = parsed.GetValue(clientId),
                ["clientSecret"] = parsed.GetValue(secretFile) is { } secret ? (await Files.ReadPasswordAsync(secret, cancellationToken)).Trim() : null,
                ["exchangeAnchors"] = parsed.GetValue(exchangeAnchors) is { } anchors ? await Files.ReadCertificatesAsync(anchors, cancellationToken) : null,
                ["schedule"] = SynchronizationCommands.ReadSchedule(parsed.GetValue(schedule)),
            };
            await route.WriteAsync(parsed, body, cancellationToken);
            context.Print(
                parsed,
                await api.PutAsync("/api/v2/central", body.Where(entry => entry.Value is not null).ToDictionary(StringComparer.Ordinal), cancellationToken),
                answer => PrintSettings(context, answer));
        });
        return set;
    }

    private static Command Test(CommandContext context)
    {
        var smartAccount = new Argument<string>("smart-account") { Description = "a Smart Account to look for" };
        var test = new Command("test", "Signs in at Software Central and looks for a Smart Account; changes nothing.") { smartAccount };
        context.Run(test, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync("/api/v2/central/test", new { smartAccount = parsed.GetValue(smartAccount) }, cancellationToken),
            answer => context.Output.WriteLine(Tables.Text(answer, "smartAccountFound") == "true"
                ? $"Software Central was reached. The Smart Account has the virtual accounts: {string.Join(", ", answer["virtualAccounts"]!.AsArray())}"
                : "Software Central was reached, but it knows no such Smart Account, or this client may not see it.")));
        return test;
    }

    private static void PrintSettings(CommandContext context, JsonNode answer)
    {
        (string Heading, string Text)[] lines =
        [
            ("Address", Tables.Text(answer, "address") is { Length: > 0 } address ? address : "none: synchronisation by files only"),
            ("Token address", Tables.Text(answer, "tokenAddress")),
            ("Client id", Tables.Text(answer, "clientId")),
            ("Client secret", Tables.Text(answer, "hasClientSecret") == "true" ? "set" : "not set"),
            ("Proxy", Tables.Text(answer, "proxy")),
            ("Exchange anchors", string.Join(", ", answer["exchangeAnchors"]!.AsArray())),
            ("TLS anchors", answer["tlsAnchors"]!.AsArray() is { Count: > 0 } anchors ? string.Join(", ", anchors) : "those of the machine"),
            ("Default schedule", Tables.Text(answer, "schedule")),
        ];
        Tables.PrintLines(context.Output, lines);
    }
}
