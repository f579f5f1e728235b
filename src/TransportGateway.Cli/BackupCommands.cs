using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl backup</c>: encrypted backups, their schedule, drills, and the way back.</summary>
internal static class BackupCommands
{
    private static readonly (string, Func<JsonNode, string>)[] Columns =
    [
        ("Backup", Tables.Field("id")), ("Made", Tables.Instant("startedAt")), ("By", Tables.Field("startedBy")), ("Machine", Tables.Field("node")), ("State", Tables.Field("state")),
        ("Bytes", Tables.Field("bytes")), ("Rows", Tables.Field("rows")), ("Restore drill", backup => $"{backup["drillResult"]}"), ("Problem", Tables.Field("problem")),
    ];

    public static Command Create(CommandContext context)
    {
        var id = new Argument<string>("backup") { Description = "as tgctl backup list shows it" };
        return new Command("backup", "Encrypted backups of everything: schedule, download, restore drill, restore.")
        {
            List(context), RunNow(context), Download(context, id), Drill(context, id), Delete(context, id), Settings(context), RecoveryKey(context), Restore(context),
        };
    }

    private static Command List(CommandContext context)
    {
        var list = new Command("list", "Lists the backups, the newest first.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(parsed, await api.ListAsync("/api/v2/backups", cancellationToken), answer =>
            Tables.Print(context.Output, answer.AsArray(), "Showing All {0} Records", Columns)));
        return list;
    }

    private static Command RunNow(CommandContext context)
    {
        var run = new Command("run", "Makes a backup now, while the gateway serves, and tries whether it can be restored.");
        context.Run(run, async (parsed, api, cancellationToken) =>
        {
            var made = await api.PostAsync("/api/v2/backups", new { }, cancellationToken);
            context.Print(parsed, await api.PostAsync($"/api/v2/backups/{made["id"]}/drill", new { }, cancellationToken), answer =>
                context.Output.WriteLine($"{Tables.Plain($"{answer["file"]}")}: {answer["bytes"]} bytes. Restore drill: {Tables.Plain($"{answer["drillResult"]}")}"));
        });
        return run;
    }

    private static Command Download(CommandContext context, Argument<string> id)
    {
        var file = new Option<string>("--out") { Description = "file to write", Required = true };
        var download = new Command("download", "Saves a backup; it stays encrypted.") { id, file };
        context.Run(download, async (parsed, api, cancellationToken) =>
        {
            var target = parsed.GetValue(file)!;
            var bytes = await api.DownloadAsync($"/api/v2/backups/{Uri.EscapeDataString(parsed.GetValue(id)!)}/file", body: null, target, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "saved", ["file"] = target, ["bytes"] = bytes }, $"{target}: {bytes} bytes. Without the recovery key nobody can open it.");
        });
        return download;
    }

    private static Command Drill(CommandContext context, Argument<string> id)
    {
        var drill = new Command("drill", "Tries whether a backup can be restored, without touching anything.") { id };
        context.Run(drill, async (parsed, api, cancellationToken) =>
        {
            var answer = await api.PostAsync($"/api/v2/backups/{Uri.EscapeDataString(parsed.GetValue(id)!)}/drill", new { }, cancellationToken);
            context.Print(parsed, answer, _ => context.Output.WriteLine(Tables.Plain($"{answer["drillResult"]}")));
            if (answer["drillPassed"]?.GetValue<bool>() != true)
            {
                throw new TgctlException("This backup would not serve. Make a new one: tgctl backup run");
            }
        });
        return drill;
    }

    private static Command Delete(CommandContext context, Argument<string> id)
    {
        var yes = CommandContext.YesOption();
        var delete = new Command("delete", "Deletes a backup.") { id, yes };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, $"Backup {parsed.GetValue(id)} will be gone.", cancellationToken);
            await api.DeleteAsync($"/api/v2/backups/{Uri.EscapeDataString(parsed.GetValue(id)!)}", cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "deleted" }, "The backup was deleted.");
        });
        return delete;
    }

    private static Command Settings(CommandContext context)
    {
        var show = new Command("show", "Shows when backups are made, and how many are kept.");
        context.Run(show, async (parsed, api, cancellationToken) => Print(context, parsed, await api.GetAsync("/api/v2/backup-settings", cancellationToken)));
        var period = new Option<string>("--period") { Description = "daily, weekly, monthly or never", Required = true };
        period.AcceptOnlyFromAmong("daily", "weekly", "monthly", "never");
        var day = new Option<int?>("--day") { Description = "weekly: 0 (Sunday) to 6; monthly: 1 to 28" };
        var hour = new Option<int>("--hour") { Description = "0 to 23, UTC", DefaultValueFactory = _ => 3 };
        var keep = new Option<int>("--keep") { Description = "how many stay", DefaultValueFactory = _ => 14 };
        var set = new Command("set", "Says when backups are made, and how many are kept.") { period, day, hour, keep };
        context.Run(set, async (parsed, api, cancellationToken) => Print(context, parsed, await api.PutAsync(
            "/api/v2/backup-settings",
            new { period = parsed.GetValue(period), day = parsed.GetValue(day), hour = parsed.GetValue(period) == "never" ? 0 : parsed.GetValue(hour), keep = parsed.GetValue(keep) },
            cancellationToken)));
        return new Command("schedule", "When backups are made, and how many are kept.") { show, set };
    }

    private static void Print(CommandContext context, ParseResult parsed, JsonNode settings) => context.Print(parsed, settings, answer => context.Output.WriteLine(
        $"Backups are made {answer["words"]}; {answer["keep"]} are kept.{(answer["hasRecoveryKey"]!.GetValue<bool>() ? "" : " There is no recovery key yet: tgctl backup recovery-key")}"));

    private static Command RecoveryKey(CommandContext context)
    {
        var yes = CommandContext.YesOption();
        var key = new Command("recovery-key", "Makes a new recovery key, which opens the backups from now on. It is shown this once.") { yes };
        context.Run(key, async (parsed, api, cancellationToken) =>
        {
            await context.ConfirmAsync(parsed, yes, "Backups that were made before open with the earlier recovery key alone.", cancellationToken);
            context.Print(parsed, await api.PostAsync("/api/v2/backup-recovery-key", new { }, cancellationToken), answer =>
            {
                context.Output.WriteLine($"{answer["recoveryKey"]}");
                context.Errors.WriteLine("Keep it outside this machine. Without it no backup can be opened, and it is not shown again.");
            });
        });
        return key;
    }

    private static Command Restore(CommandContext context)
    {
        var file = new Argument<string>("file") { Description = "a backup" };
        var key = new Option<FileInfo>("--recovery-key-file") { Description = "file with the recovery key, or - for standard input", Required = true };
        var yes = CommandContext.YesOption();
        var restore = new Command("restore", "Puts everything back as the backup has it. On the gateway's own machine alone.") { file, key, yes };
        context.Run(restore, async (parsed, api, cancellationToken) =>
        {
            var recoveryKey = (await Files.ReadPasswordAsync(parsed.GetValue(key)!, cancellationToken)).Trim();
            await context.ConfirmAsync(parsed, yes, "Everything that this gateway holds is replaced by what the backup has: accounts, products, licences, users, certificates.", cancellationToken);
            context.Print(
                parsed,
                await api.UploadAsync("/api/v2/restore", parsed.GetValue(file)!, cancellationToken, "application/octet-stream", ("Recovery-Key", recoveryKey)),
                answer => context.Output.WriteLine($"{answer["rows"]} rows of the backup of {answer["madeAt"]} ({answer["hostName"]}) are restored. The gateway starts anew; synchronise the accounts: tgctl sync start --all --wait"));
        });
        return restore;
    }
}
