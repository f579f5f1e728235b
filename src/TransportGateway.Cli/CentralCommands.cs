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
        var secretFile = new Option<string?>("--client-secret-file") { Description = "file that holds the OAuth client secret; - for standard input" };
        var proxy = new Option<string?>("--proxy") { Description = "HTTP proxy, as in http://proxy.example.com:3128; empty for none" };
        var proxyUser = new Option<string?>("--proxy-user") { Description = "user at the proxy" };
        var proxyPasswordFile = new Option<string?>("--proxy-password-file") { Description = "file that holds the password at the proxy" };
        var exchangeAnchors = new Option<string?>("--exchange-anchors") { Description = "PEM file with the root that Software Central's documents chain to" };
        var tlsAnchors = new Option<string?>("--tls-anchors") { Description = "PEM file with roots for TLS; those of the machine when never given" };
        var schedule = SynchronizationCommands.ScheduleOption();
        var set = new Command("set", "Changes settings; what is not given stays as it is.")
        {
            address, tokenAddress, clientId, secretFile, proxy, proxyUser, proxyPasswordFile, exchangeAnchors, tlsAnchors, schedule,
        };
        context.Run(set, async (parsed, api, cancellationToken) =>
        {
            var body = new Dictionary<string, object?>(StringComparer.Ordinal)
            {
                ["address"] = parsed.GetValue(address),
                ["tokenAddress"] = parsed.GetValue(tokenAddress),
                ["clientId"] = parsed.GetValue(clientId),
                ["clientSecret"] = await SecretAsync(parsed.GetValue(secretFile), cancellationToken),
                ["proxy"] = parsed.GetValue(proxy),
                ["proxyUser"] = parsed.GetValue(proxyUser),
                ["proxyPassword"] = await SecretAsync(parsed.GetValue(proxyPasswordFile), cancellationToken),
                ["exchangeAnchors"] = await PemAsync(parsed.GetValue(exchangeAnchors), cancellationToken),
                ["tlsAnchors"] = await PemAsync(parsed.GetValue(tlsAnchors), cancellationToken),
                ["schedule"] = SynchronizationCommands.ReadSchedule(parsed.GetValue(schedule)),
            };
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
        foreach (var (heading, text) in lines)
        {
            context.Output.WriteLine($"{heading + ":",-18} {text}");
        }
    }

    private static async Task<string?> SecretAsync(string? file, CancellationToken cancellationToken) => file switch
    {
        null => null,
        "-" => await Console.In.ReadLineAsync(cancellationToken) ?? throw new TgctlException("Standard input holds no secret."),
        _ => (await ReadAsync(file, cancellationToken)).Trim(),
    };

    private static async Task<string?> PemAsync(string? file, CancellationToken cancellationToken)
    {
        if (file is null)
        {
            return null;
        }

        var text = await ReadAsync(file, cancellationToken);
        return text.Contains("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal)
            ? text
            : throw new TgctlException($"{file} holds no certificate in PEM, which begins with -----BEGIN CERTIFICATE-----.");
    }

    private static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(file, cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TgctlException($"{file} cannot be read: {exception.Message}");
        }
    }
}
