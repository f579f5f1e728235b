using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl license</c>.</summary>
internal static class LicenseCommands
{
    public static Command Create(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var virtualAccount = CommandContext.VirtualAccountOption();
        var list = new Command("list", "Lists the licences: bought, in use, balance.") { account, virtualAccount };
        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken);
            context.Print(parsed, await api.ListAsync(path + "/licenses", cancellationToken), answer => PrintLicenses(context, answer.AsArray()));
        });

        var moved = new Argument<string>("license") { Description = "name of the licence as the table shows it, or its entitlement tag" };
        var quantity = new Option<long>("--quantity") { Description = "how many", Required = true };
        var target = new Option<string>("--to") { Description = "local virtual account to move them to", Required = true };
        var transfer = new Command("transfer", "Moves purchased licences from a local virtual account to another one of its account.") { moved, quantity, target, account, virtualAccount };
        context.Run(transfer, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken);
            context.Print(
                parsed,
                await api.PostAsync(
                    path + "/licenses/transfer",
                    new { license = parsed.GetValue(moved), quantity = parsed.GetValue(quantity), virtualAccount = parsed.GetValue(target) },
                    cancellationToken),
                answer => context.Output.WriteLine($"{Tables.Text(answer, "quantity")} of {Tables.Text(answer, "license")} are in '{Tables.Text(answer, "virtualAccount")}' now."));
        });
        return new Command("license", "Licences.") { list, Show(context), transfer, Tags(context) };
    }

    private static Command Show(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var virtualAccount = CommandContext.VirtualAccountOption();
        var shown = new Argument<string>("license") { Description = "name of the licence as the table shows it, or its entitlement tag" };
        var show = new Command("show", "Shows a licence with its terms and the product instances that use it.") { shown, account, virtualAccount };
        context.Run(show, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken) + "/licenses";
            var named = parsed.GetValue(shown)!;
            var tag = (await api.ListAsync(path, cancellationToken)).FirstOrDefault(row => string.Equals(Tables.Raw(row!, "license"), named, StringComparison.OrdinalIgnoreCase)) is { } row
                ? Tables.Raw(row, "tag")
                : named;
            path += "/" + Uri.EscapeDataString(tag);
            var license = (await api.GetAsync(path, cancellationToken)).AsObject();
            license["instances"] = await api.ListAsync(path + "/instances", cancellationToken);
            context.Print(parsed, license, answer => PrintLicense(context, answer));
        });
        return show;
    }

    private static void PrintLicense(CommandContext context, JsonNode answer)
    {
        var license = answer["license"]!;
        Tables.PrintLines(
            context.Output,
            [
                ("License", Tables.Text(license, "license")),
                ("Description", Tables.Text(license, "description")),
                ("Tag", Tables.Text(license, "tag")),
                ("License tags", Names(license["licenseTags"]!)),
                ("Billing", Tables.Text(license, "billing")),
                ("Purchased", Tables.Text(license, "purchased")),
                ("In use", Tables.Text(license, "inUse")),
                ("Substitution", Tables.Text(license, "substitution")),
                ("Balance", Tables.Text(license, "balance")),
                ("Status", Tables.Text(license, "status")),
            ]);
        Tables.Print(
            context.Output,
            answer["terms"]!.AsArray(),
            "{0} term(s)",
            ("Quantity", Tables.Field("quantity")),
            ("Begins (UTC)", Tables.Instant("startDate")),
            ("Ends (UTC)", row => Tables.Instant("endDate")(row) is { Length: > 0 } end ? end : "never"),
            ("Subscription", Tables.Field("subscriptionId")),
            ("Status", Tables.Field("status")));
        Tables.Print(
            context.Output, answer["instances"]!.AsArray(), "{0} product instance(s)", ("Name", Tables.Field("name")), ("In Use", Tables.Field("quantity")), ("Id", Tables.Field("id")));
    }

    private static void PrintLicenses(CommandContext context, JsonArray licenses)
    {
        (string Heading, Func<JsonNode, string> Cell)[] columns =
        [
            ("License", Tables.Field("license")),
            ("Billing", Tables.Field("billing")),
            ("Purchased", Tables.Field("purchased")),
            ("In Use", Tables.Field("inUse")),
            ("Substitution", row => Tables.Text(row, "substitution") is "0" ? "" : Tables.Text(row, "substitution")),
            ("Balance", Tables.Field("balance")),
            ("Alerts", Tables.Field("alert")),
        ];
        if (licenses.Any(row => Tables.Text(row!, "relayed") != "0"))
        {
            columns = [.. columns, ("Relayed", Tables.Field("relayed"))];
        }

        if (licenses.Any(row => row!["licenseTags"]!.AsArray().Count > 0))
        {
            columns = [.. columns, ("License Tags", row => Names(row["licenseTags"]!))];
        }

        Tables.Print(context.Output, licenses, "Showing All {0} Records", columns);
    }

    private static Command Tags(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        account.Recursive = true;
        var list = new Command("list", "Lists the license tags of a local account with the licences that have them.");
        context.Run(list, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.ListAsync(await PathAsync(parsed, api, cancellationToken), cancellationToken),
            answer => Tables.Print(
                context.Output,
                answer.AsArray(),
                "Showing All {0} Records",
                ("License Tag", Tables.Field("name")),
                ("Created By", Tables.Field("createdBy")),
                ("Licenses", row => string.Join("; ", row["licenses"]!.AsArray().Select(license => Tables.Text(license!, "license")))))));

        var name = new Argument<string>("name") { Description = "name of the license tag" };
        var create = new Command("create", "Creates a license tag.") { name };
        context.Run(create, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync(await PathAsync(parsed, api, cancellationToken), new { name = parsed.GetValue(name) }, cancellationToken),
            answer => context.Output.WriteLine($"License tag '{Tables.Text(answer, "name")}' was created.")));

        var renamed = new Argument<string>("name") { Description = "name of the license tag" };
        var newName = new Argument<string>("new-name") { Description = "what it is called from now on" };
        var rename = new Command("rename", "Renames a license tag; the licences keep it.") { renamed, newName };
        context.Run(rename, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PatchAsync(await PathAsync(parsed, api, cancellationToken, parsed.GetValue(renamed)), new { name = parsed.GetValue(newName) }, cancellationToken),
            answer => context.Output.WriteLine($"License tag '{parsed.GetValue(renamed)}' is called '{Tables.Text(answer, "name")}' now.")));

        var doomed = new Argument<string>("name") { Description = "name of the license tag" };
        var yes = CommandContext.YesOption();
        var delete = new Command("delete", "Deletes a license tag; the licences stay and lose it.") { doomed, yes };
        context.Run(delete, async (parsed, api, cancellationToken) =>
        {
            var path = await PathAsync(parsed, api, cancellationToken, parsed.GetValue(doomed));
            await context.ConfirmAsync(parsed, yes, $"Delete license tag '{parsed.GetValue(doomed)}'?", cancellationToken);
            await api.DeleteAsync(path, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "deleted", ["name"] = parsed.GetValue(doomed) }, $"License tag '{parsed.GetValue(doomed)}' was deleted.");
        });
        return new Command("tag", "License tags: labels on the licences of a local account.")
        {
            account, list, create, rename, delete, Mark("assign", "Puts a license tag on licences."), Mark("unassign", "Takes a license tag off licences."),
        };

        Command Mark(string verb, string description)
        {
            var tag = new Argument<string>("name") { Description = "name of the license tag" };
            var licenses = new Argument<string[]>("license") { Description = "names of licences as the table shows them, or their entitlement tags", Arity = ArgumentArity.OneOrMore };
            var command = new Command(verb, description) { tag, licenses };
            context.Run(command, async (parsed, api, cancellationToken) => context.Print(
                parsed,
                await api.PostAsync(await PathAsync(parsed, api, cancellationToken, parsed.GetValue(tag)) + "/" + verb, new { licenses = parsed.GetValue(licenses) }, cancellationToken),
                answer => context.Output.WriteLine($"License tag '{Tables.Text(answer, "name")}' is on {answer["licenses"]!.AsArray().Count} licence(s) now.")));
            return command;
        }

        async Task<string> PathAsync(ParseResult parsed, ApiClient api, CancellationToken cancellationToken, string? tag = null) =>
            $"/api/v2/accounts/{Uri.EscapeDataString(await CommandContext.AccountAsync(api, parsed.GetValue(account), cancellationToken))}/license-tags"
            + (tag is null ? "" : "/" + Uri.EscapeDataString(tag));
    }

    private static string Names(JsonNode names) => string.Join(", ", names.AsArray().Select(name => Tables.Plain(name!.ToString())));
}
