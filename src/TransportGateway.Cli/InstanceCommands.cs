using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl instance</c>.</summary>
internal static class InstanceCommands
{
    public static Command Create(CommandContext context)
    {
        var account = CommandContext.AccountOption();
        var virtualAccount = CommandContext.VirtualAccountOption();
        var search = new Option<string?>("--search") { Description = "only those with this in their name, product type or serial number" };
        var sort = new Option<string?>("--sort") { Description = "registration, name, type, contact or status; with - before it the other way round, as in --sort=-contact" };
        var list = new Command("list", "Lists the registered product instances.") { account, virtualAccount, search, sort };
        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken);
            var query = string.Join('&', new[] { ("search", parsed.GetValue(search)), ("sort", parsed.GetValue(sort)) }
                .Where(entry => entry.Item2 is not null).Select(entry => $"{entry.Item1}={Uri.EscapeDataString(entry.Item2!)}"));
            context.Print(
                parsed,
                await api.ListAsync(path + "/instances" + (query.Length > 0 ? "?" + query : ""), cancellationToken, "instances"),
                answer => PrintList(context, answer.AsArray()));
        });

        var shown = new Argument<string>("id") { Description = "product instance identifier" };
        var show = new Command("show", "Shows a product instance and what it uses.") { shown };
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(
            parsed, await api.GetAsync($"/api/v2/instances/{Uri.EscapeDataString(parsed.GetValue(shown)!)}", cancellationToken), answer => PrintDetail(context, answer)));

        var removed = Ids();
        var yes = CommandContext.YesOption();
        var remove = new Command("remove", "Removes product instances and frees their licences; each product learns it at its next contact.") { removed, yes };
        context.Run(remove, async (parsed, api, cancellationToken) =>
        {
            var ids = parsed.GetValue(removed)!;
            var what = ids.Length > 1 ? $"{ids.Length} product instances" : parsed.GetValue(yes) ? "" : Tables.Text(await api.GetAsync(Path(ids[0]), cancellationToken), "name");
            await context.ConfirmAsync(parsed, yes, $"Remove {what}? It takes a new registration to use licences again.", cancellationToken);
            if (ids.Length > 1)
            {
                PrintResults(context, parsed, await api.PostAsync("/api/v2/instances/remove", new { ids }, cancellationToken), "removed");
                return;
            }

            await api.DeleteAsync(Path(ids[0]), cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "removed", ["id"] = ids[0] }, $"Product instance {ids[0]} was removed.");
        });

        var moved = Ids();
        var target = new Option<string>("--to") { Description = "local virtual account to move it to", Required = true };
        var transfer = new Command("transfer", "Moves product instances to another local virtual account of their account.") { moved, target };
        context.Run(transfer, async (parsed, api, cancellationToken) =>
        {
            var ids = parsed.GetValue(moved)!;
            if (ids.Length > 1)
            {
                PrintResults(context, parsed, await api.PostAsync("/api/v2/instances/transfer", new { ids, virtualAccount = parsed.GetValue(target) }, cancellationToken), "moved");
                return;
            }

            context.Print(
                parsed,
                await api.PostAsync(Path(ids[0]) + "/transfer", new { virtualAccount = parsed.GetValue(target) }, cancellationToken),
                answer => context.Output.WriteLine($"{Tables.Text(answer, "name")} is in '{Tables.Text(answer, "virtualAccount")}' now."));
        });
        return new Command("instance", "Product instances.") { list, show, remove, transfer };
    }

    private static Argument<string[]> Ids() => new("id") { Description = "product instance identifier; several may be given", Arity = ArgumentArity.OneOrMore };

    private static string Path(string id) => "/api/v2/instances/" + Uri.EscapeDataString(id);

    /// <summary>What became of each; one that failed makes the command fail.</summary>
    private static void PrintResults(CommandContext context, ParseResult parsed, JsonNode results, string done)
    {
        context.Print(parsed, results, answer => Tables.Print(
            context.Output,
            answer.AsArray(),
            "{0} Records",
            ("Id", Tables.Field("id")),
            ("Result", row => row["done"]!.GetValue<bool>() ? done : Tables.Text(row, "reason"))));
        var failed = results.AsArray().Count(row => !row!["done"]!.GetValue<bool>());
        if (failed > 0)
        {
            throw new TgctlException($"{failed} of {results.AsArray().Count} were not {done}.");
        }
    }

    private static void PrintList(CommandContext context, JsonArray instances)
    {
        (string Heading, Func<JsonNode, string> Cell)[] columns =
        [
            ("Name", Tables.Field("name")),
            ("Product Type", Tables.Field("productType")),
            ("Last Contact (UTC)", Tables.Instant("lastContactAt")),
            ("Alerts", row => Tables.Text(row, "authorizationStatus") == "OUT_OF_COMPLIANCE" ? "Out Of Compliance" : ""),
            ("Id", Tables.Field("id")),
        ];
        // Where nothing is relayed, a column for it would only be in the way.
        if (instances.Any(row => Tables.Text(row!, "relayed") == "true"))
        {
            columns = [.. columns, ("Relayed To", Tables.Field("relayedTo"))];
        }

        Tables.Print(context.Output, instances, "Showing All {0} Records", columns);
    }

    private static void PrintDetail(CommandContext context, JsonNode instance)
    {
        foreach (var (label, value) in new (string, string)[]
        {
            ("Name", Tables.Text(instance, "name")),
            ("Product instance", Tables.Text(instance, "id")),
            ("Product type", Tables.Text(instance, "productType")),
            ("State", Tables.Text(instance, "state")),
            ("Authorization", Tables.Text(instance, "authorizationStatus")),
            ("Account", Tables.Text(instance, "account")),
            ("Virtual account", Tables.Text(instance, "virtualAccount")),
            ("UDI", $"PID:{Tables.Text(instance, "udiPid")} SN:{Tables.Text(instance, "udiSerialNumber")} VID:{Tables.Text(instance, "udiVid")} UUID:{Tables.Text(instance, "uuid")}"),
            ("Software tag", Tables.Text(instance, "softwareTag")),
            ("Agent version", Tables.Text(instance, "agentVersion")),
            ("Export-controlled", Tables.Text(instance, "exportControlled") == "true" ? "Allowed" : "Not Allowed"),
            ("Registered (UTC)", Tables.Instant("registeredAt")(instance)),
            ("Authorized (UTC)", Tables.Instant("authorizedAt")(instance)),
            ("Last contact (UTC)", Tables.Instant("lastContactAt")(instance)),
            ("Relayed to", Tables.Text(instance, "relayedTo")),
            ("At Cisco", string.Join(" / ", new[] { Tables.Text(instance, "smartAccount"), Tables.Text(instance, "cloudVirtualAccount") }.Where(name => name.Length > 0))),
        }.Where(line => line.Item2.Length > 0 || line.Item1 is not ("Relayed to" or "At Cisco")))
        {
            context.Output.WriteLine($"{label,-20}{value}");
        }

        Tables.Print(
            context.Output, instance["licenses"]?.AsArray() ?? [], "{0} licence(s) in use", ("License", Tables.Field("license")), ("In Use", Tables.Field("quantity")), ("Tag", Tables.Field("tag")));
    }
}
