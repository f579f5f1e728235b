using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary><c>tgctl account</c> and <c>tgctl virtual-account</c>.</summary>
internal static class AccountCommands
{
    public static Command Accounts(CommandContext context)
    {
        var list = new Command("list", "Lists the local accounts.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.GetAsync("/api/v2/accounts", cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("Account", Tables.Field("name")),
                ("Created By", Tables.Field("createdBy")),
                ("Created (UTC)", Tables.Instant("createdAt")))));

        var name = new Argument<string>("name") { Description = "what products will show as their Smart Account" };
        var create = new Command("create", "Creates a local account with its Default virtual account.") { name };
        context.Run(create, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync("/api/v2/accounts", new { name = parsed.GetValue(name) }, cancellationToken),
            answer => context.Output.WriteLine($"Local account '{Tables.Text(answer, "name")}' was created. Next: tgctl token create")));
        return new Command("account", "Local accounts.") { list, create };
    }

    public static Command VirtualAccounts(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        account.Recursive = true;
        var list = new Command("list", "Lists the local virtual accounts of a local account.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.GetAsync(await PathAsync(parsed, api, cancellationToken), cancellationToken),
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
        var delete = new Command("delete", "Deletes a local virtual account with its tokens; refused while products are registered in it.") { doomed };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            await api.DeleteAsync($"{await PathAsync(parsed, api, cancellationToken)}/{Uri.EscapeDataString(parsed.GetValue(doomed)!)}", cancellationToken);
            await context.Output.WriteLineAsync($"Local virtual account '{parsed.GetValue(doomed)}' was deleted.");
        });
        return new Command("virtual-account", "Local virtual accounts.") { account, list, create, delete };

        async Task<string> PathAsync(ParseResult parsed, ApiClient api, CancellationToken cancellationToken) =>
            $"/api/v2/accounts/{Uri.EscapeDataString(await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken))}/virtual-accounts";
    }
}
