using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl virtual-account</c>.</summary>
internal static class VirtualAccountCommands
{
    public static Command Create(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        account.Recursive = true;
        var list = new Command("list", "Lists the local virtual accounts of a local account.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync(await PathAsync(parsed, api, cancellationToken), cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("Local Virtual Account", Tables.Field("name")),
                ("Default", row => Tables.Text(row, "isDefault") == "true" ? "yes" : ""),
                ("Description", Tables.Field("description")))));

        var name = new Argument<string>("name") { Description = "name of the local virtual account" };
        var description = new Option<string>("--description") { Description = "what it is for", DefaultValueFactory = _ => "" };
        var create = new Command("create", "Creates a local virtual account.") { name, description };
        context.Run(create, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(
                await PathAsync(parsed, api, cancellationToken), new { name = parsed.GetValue(name), description = parsed.GetValue(description) }, cancellationToken),
            answer => context.Output.WriteLine($"Local virtual account '{Tables.Text(answer, "name")}' was created.")));

        var doomed = new Argument<string>("name") { Description = "name of the local virtual account" };
        var yes = CommandContext.YesOption();
        var delete = new Command("delete", "Deletes a local virtual account with its tokens; its licences go back to Default. Refused while products are registered in it.") { doomed, yes };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            var path = $"{await PathAsync(parsed, api, cancellationToken)}/{Uri.EscapeDataString(parsed.GetValue(doomed)!)}";
            await context.ConfirmAsync(parsed, yes, $"Delete local virtual account '{parsed.GetValue(doomed)}' with its registration tokens?", cancellationToken);
            await api.DeleteAsync(path, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "deleted", ["name"] = parsed.GetValue(doomed) }, $"Local virtual account '{parsed.GetValue(doomed)}' was deleted.");
        });
        return new Command("virtual-account", "Local virtual accounts.") { account, list, create, delete };

        async Task<string> PathAsync(ParseResult parsed, ApiClient api, CancellationToken cancellationToken) =>
            $"/api/v2/accounts/{Uri.EscapeDataString(await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken))}/virtual-accounts";
    }
}
