using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl sync</c>: synchronisation of local accounts with Software Central.</summary>
internal static class SynchronizationCommands
{
    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(500);

    public static Command Create(CommandContext context) => new("sync", "Synchronises local accounts with Software Central.")
    {
        Status(context), Start(context), History(context), Settings(context), SaveFile(context), LoadFile(context),
    };

    /// <summary><c>--schedule</c>, in words.</summary>
    public static Option<string?> ScheduleOption() =>
        new("--schedule") { Description = "when to synchronise: 'daily HOUR', 'weekly DAY HOUR' (0 is Sunday), 'monthly DAY HOUR' or 'never'; hours in UTC" };

    public static object? ReadSchedule(string? words)
    {
        if (words is null)
        {
            return null;
        }

        var parts = words.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var numbers = parts.Skip(1).Select(part => int.TryParse(part, CultureInfo.InvariantCulture, out var number) ? number : -1).ToArray();
        return (parts.FirstOrDefault(), numbers) switch
        {
            ("never", []) => new { period = "never", hour = 0 },
            ("daily", [var hour]) => new { period = "daily", hour },
            ("weekly" or "monthly", [var day, var hour]) => new { period = parts[0], day, hour },
            _ => throw new TgctlException($"--schedule '{words}' is not one of: 'daily HOUR', 'weekly DAY HOUR', 'monthly DAY HOUR', 'never'."),
        };
    }

    private static Command Status(CommandContext context)
    {
        var status = new Command("status", "Shows when each account synchronised last, when it is due, and what is under way.");
        context.Run(status, async (parsed, api, cancellationToken) => context.Print(
            parsed, await api.ListAsync("/api/v2/synchronizations", cancellationToken), answer => PrintStates(context, answer)));
        return status;
    }

    private static void PrintStates(CommandContext context, JsonNode answer) => Tables.Print(
        context.Output,
        answer.AsArray(),
        "Showing All {0} Records",
        ("Name", Tables.Field("name")),
        ("Smart Account", Tables.Field("smartAccount")),
        ("Virtual Account", Tables.Field("virtualAccount")),
        ("Last Synchronization (UTC)", Tables.Instant("lastSynchronization")),
        ("Synchronization Due (UTC)", Tables.Instant("synchronizationDue")),
        ("Alerts", Tables.Field("alerts")),
        ("Schedule", Tables.Field("schedule")),
        ("Last Run", row => row["lastRun"] is { } run ? Progress(run) : ""));

    private static string Progress(JsonNode run) => Tables.Text(run, "state") switch
    {
        "sending" => $"sending, {Tables.Text(run, "instancesSent")} of {Tables.Text(run, "instancesToSend")} product instances",
        "awaiting-response" when Tables.Text(run, "way") == "file" => "awaiting the response file",
        "awaiting-response" => "waiting for Software Central",
        "failed" => "failed: " + Tables.Text(run, "cause"),
        var state => state,
    };

    private static Command Start(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var all = new Option<bool>("--all") { Description = "all accounts that have a Smart Account" };
        var full = new Option<bool>("--full") { Description = "tell everything, not only what changed" };
        var wait = new Option<bool>("--wait") { Description = "wait for the end; exit code 1 when one failed" };
        var start = new Command("start", "Starts a synchronisation.") { account, all, full, wait };
        context.Run(start, async (parsed, api, cancellationToken) =>
        {
            var body = new { mode = parsed.GetValue(full) ? "full" : "standard" };
            string[] accounts;
            if (parsed.GetValue(all))
            {
                var started = (await api.PostAsync("/api/v2/synchronizations", body, cancellationToken)).AsArray();
                foreach (var refused in started.Where(entry => entry!["problem"] is not null))
                {
                    await context.Errors.WriteLineAsync($"{Tables.Text(refused!, "account")}: {Tables.Text(refused!, "problem")}");
                }

                accounts = [.. started.Where(entry => entry!["run"] is not null).Select(entry => Tables.Text(entry!, "account"))];
            }
            else
            {
                var named = await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken);
                await api.PostAsync($"{Path(named)}/synchronizations", body, cancellationToken);
                accounts = [named];
            }

            if (!parsed.GetValue(wait))
            {
                context.Tell(
                    parsed,
                    new JsonObject { ["result"] = "started", ["accounts"] = new JsonArray([.. accounts.Select(name => (JsonNode)name)]) },
                    $"Started for: {string.Join(", ", accounts)}. Progress: tgctl sync status");
                return;
            }

            await WaitAsync(context, parsed, api, accounts, cancellationToken);
        });
        return start;
    }

    private static async Task WaitAsync(CommandContext context, ParseResult parsed, ApiClient api, string[] accounts, CancellationToken cancellationToken)
    {
        var failed = false;
        foreach (var account in accounts)
        {
            JsonNode run;
            while (Tables.Text(run = (await api.GetAsync($"{Path(account)}/synchronizations?limit=1", cancellationToken))[0]!, "state") is "sending" or "awaiting-response")
            {
                await Task.Delay(PollInterval, cancellationToken);
            }

            failed |= Tables.Text(run, "state") != "succeeded";
            context.Print(parsed, run, run => context.Output.WriteLine(Tables.Text(run, "state") == "succeeded"
                ? $"{account}: Synchronization Successful ({Tables.Text(run, "instancesSent")} product instances sent, {Tables.Text(run, "entitlementsReceived")} entitlements received)"
                : $"{account}: Synchronization Failed: {Tables.Text(run, "cause")}"));
        }

        if (failed)
        {
            throw new TgctlException("Not every synchronisation succeeded.");
        }
    }

    private static Command History(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var limit = new Option<int>("--limit") { Description = "how many, the newest first", DefaultValueFactory = _ => 20 };
        var history = new Command("history", "Lists the synchronisations of an account.") { account, limit };
        context.Run(history, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.GetAsync(
                $"{Path(await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken))}/synchronizations?limit={parsed.GetValue(limit)}", cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing {0} Records",
                ("Started (UTC)", Tables.Instant("startedAt")),
                ("By", Tables.Field("startedBy")),
                ("Mode", Tables.Field("mode")),
                ("Way", Tables.Field("way")),
                ("Outcome", Progress),
                ("Ended (UTC)", Tables.Instant("endedAt")),
                ("Sent", Tables.Field("instancesSent")),
                ("Bytes", Tables.Field("bytesSent")),
                ("Entitlements", Tables.Field("entitlementsReceived")),
                ("Removals", Tables.Field("removalsReceived")))));
        return history;
    }

    private static Command Settings(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var schedule = ScheduleOption();
        var followDefault = new Option<bool>("--follow-default-schedule") { Description = "take away the account's own schedule" };
        var withhold = new Option<string[]>("--withhold") { Description = "what Software Central is not told of products: host-name, ip-address, mac-address, serial-number; none for nothing", AllowMultipleArgumentsPerToken = true };
        var settings = new Command("set", "Sets an account's schedule and what is withheld from Software Central.") { account, schedule, followDefault, withhold };
        context.Run(settings, async (parsed, api, cancellationToken) =>
        {
            var named = await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken);
            var body = new Dictionary<string, object?>(StringComparer.Ordinal) { ["followDefaultSchedule"] = parsed.GetValue(followDefault) };
            if (ReadSchedule(parsed.GetValue(schedule)) is { } read)
            {
                body["schedule"] = read;
            }

            if (parsed.GetValue(withhold) is { Length: > 0 } words)
            {
                body["withhold"] = words is ["none"] ? [] : words;
            }

            await api.PutAsync($"{Path(named)}/synchronization-settings", body, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "set", ["account"] = named }, $"Set for '{named}'.");
        });
        return settings;
    }

    private static Command SaveFile(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var full = new Option<bool>("--full") { Description = "tell everything, not only what changed" };
        var file = new Option<string>("--out") { Description = "where to save the file", Required = true };
        var save = new Command("save-request", "Saves a request file, to be carried to Software Central.") { account, full, file };
        context.Run(save, async (parsed, api, cancellationToken) =>
        {
            var named = await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken);
            var bytes = await api.DownloadAsync(
                $"{Path(named)}/synchronizations/request-file", new { mode = parsed.GetValue(full) ? "full" : "standard" }, parsed.GetValue(file)!, cancellationToken);
            context.Tell(
                parsed,
                new JsonObject { ["result"] = "saved", ["account"] = named, ["file"] = parsed.GetValue(file), ["bytes"] = bytes },
                $"{parsed.GetValue(file)}: {bytes} bytes. Bring the response back with: tgctl sync load-response --account '{named}' --in FILE");
        });
        return save;
    }

    private static Command LoadFile(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var file = new Option<string>("--in") { Description = "the response file", Required = true };
        var load = new Command("load-response", "Loads the response file that Software Central gave for the last request file.") { account, file };
        context.Run(load, async (parsed, api, cancellationToken) =>
        {
            var named = await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken);
            await api.UploadAsync($"{Path(named)}/synchronizations/response-file", parsed.GetValue(file)!, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "succeeded", ["account"] = named }, $"{named}: Synchronization Successful");
        });
        return load;
    }

    private static string Path(string account) => $"/api/v2/accounts/{Uri.EscapeDataString(account)}";
}
