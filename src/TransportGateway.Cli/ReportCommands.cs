using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl report</c>: what an account has and uses, as a file.</summary>
internal static class ReportCommands
{
    public static Command Create(CommandContext context)
    {
        var report = new Argument<string>("report") { Description = "licenses, product-instances or usage-history" };
        report.AcceptOnlyFromAmong("licenses", "product-instances", "usage-history");
        var file = new Option<string>("--out") { Description = "file to write; its ending says the format: .csv, .xlsx or .json", Required = true };
        var account = CommandContext.AccountOption();
        var part = new Option<string?>("--virtual-account") { Description = "the one local virtual account that it is to be about; all when left out" };
        var save = new Command("save", "Saves a report of a local account.") { report, file, account, part };
        context.Run(save, async (parsed, api, cancellationToken) =>
        {
            var target = parsed.GetValue(file)!;
            var format = Path.GetExtension(target).TrimStart('.').ToLowerInvariant();
            if (format is not ("csv" or "xlsx" or "json"))
            {
                throw new TgctlException($"--out {target}: the name has to end with .csv, .xlsx or .json.");
            }

            var path = $"/api/v2/accounts/{Uri.EscapeDataString(await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken))}/reports/{parsed.GetValue(report)}?format={format}"
                + (parsed.GetValue(part) is { } only ? "&virtualAccount=" + Uri.EscapeDataString(only) : "");
            var bytes = await api.DownloadAsync(path, body: null, target, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "saved", ["file"] = target, ["bytes"] = bytes }, $"{target}: {bytes} bytes.");
        });
        return new Command("report", "Reports of what a local account has and uses.") { save };
    }
}
