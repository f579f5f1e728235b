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
        var list = new Command("list", "Lists the registered product instances.") { account, virtualAccount };
        context.Run(list, async (parsed, api, cancellationToken) =>
        {
            var path = await CommandContext.VirtualAccountPathAsync(api, parsed.GetValue(account), parsed.GetValue(virtualAccount)!, cancellationToken);
            context.Print(parsed, await AllAsync(api, path + "/instances", cancellationToken), answer => PrintList(context, answer.AsArray()));
        });

        var shown = new Argument<string>("id") { Description = "product instance identifier" };
        var show = new Command("show", "Shows a product instance and what it uses.") { shown };
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(
            parsed, await api.GetAsync($"/api/v2/instances/{Uri.EscapeDataString(parsed.GetValue(shown)!)}", cancellationToken), answer => PrintDetail(context, answer)));

        var removed = new Argument<string>("id") { Description = "product instance identifier" };
        var yes = CommandContext.YesOption();
        var remove = new Command("remove", "Removes a product instance and frees its licences; the product learns it at its next contact.") { removed, yes };
        context.Run(remove, async (parsed, api, cancellationToken) =>
        {
            var path = $"/api/v2/instances/{Uri.EscapeDataString(parsed.GetValue(removed)!)}";
            var name = parsed.GetValue(yes) ? "" : Tables.Text(await api.GetAsync(path, cancellationToken), "name");
            await context.ConfirmAsync(parsed, yes, $"Remove {name}? It has to register again to use licences.", cancellationToken);
            await api.DeleteAsync(path, cancellationToken);
            context.Tell(parsed, new JsonObject { ["result"] = "removed", ["id"] = parsed.GetValue(removed) }, $"Product instance {parsed.GetValue(removed)} was removed.");
        });

        var moved = new Argument<string>("id") { Description = "product instance identifier" };
        var target = new Option<string>("--to") { Description = "local virtual account to move it to", Required = true };
        var transfer = new Command("transfer", "Moves a product instance to another local virtual account of its account.") { moved, target };
        context.Run(transfer, async (parsed, api, cancellationToken) => context.Print(
            parsed,
            await api.PostAsync($"/api/v2/instances/{Uri.EscapeDataString(parsed.GetValue(moved)!)}/transfer", new { virtualAccount = parsed.GetValue(target) }, cancellationToken),
            answer => context.Output.WriteLine($"{Tables.Text(answer, "name")} is in '{Tables.Text(answer, "virtualAccount")}' now.")));
        return new Command("instance", "Product instances.") { list, show, remove, transfer };
    }

    private static async Task<JsonArray> AllAsync(ApiClient api, string path, CancellationToken cancellationToken)
    {
        const int PageSize = 1000;
        var all = new JsonArray();
        while (true)
        {
            var page = await api.GetAsync($"{path}?limit={PageSize}&offset={all.Count}", cancellationToken);
            var rows = page["instances"]!.AsArray();
            foreach (var row in rows)
            {
                all.Add(row!.DeepClone());
            }

            if (rows.Count < PageSize)
            {
                return all;
            }
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
