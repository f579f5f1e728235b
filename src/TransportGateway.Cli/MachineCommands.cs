using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl machine</c> and <c>tgctl product-urls</c>.</summary>
internal static class MachineCommands
{
    public static Command Load(CommandContext context)
    {
        var machine = new Command("machine", "Shows how busy the gateway's machine is: processor, memory, disk, interfaces.");
        context.Run(machine, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/machine", cancellationToken), answer =>
        {
            Tables.PrintLines(
                context.Output,
                [
                    ("CPU", string.Create(CultureInfo.InvariantCulture, $"{answer["cpuPercent"]!.GetValue<double>():0.0} %")),
                    ("RAM", Share(answer, "memoryUsedBytes", "memoryBytes")),
                    ("Disk", Share(answer, "diskUsedBytes", "diskBytes")),
                ]);
            Tables.Print(
                context.Output,
                answer["interfaces"]!.AsArray(),
                "Showing All {0} Records",
                ("Interface", Tables.Field("name")),
                ("Received (bytes/s)", Tables.Field("received")),
                ("Sent (bytes/s)", Tables.Field("sent")));
        }));
        return machine;
    }

    public static Command ProductUrls(CommandContext context)
    {
        var product = new Argument<string?>("product") { Description = "part of a product's name, to see what to type into it; without one the addresses alone are shown", Arity = ArgumentArity.ZeroOrOne };
        var urls = new Command("product-urls", "Shows the addresses that products dial, and what to type into a product.") { product };
        context.Run(urls, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/product-urls", cancellationToken), answer =>
        {
            Tables.PrintLines(context.Output, answer["urls"]!.AsArray().Select(url => (Tables.Text(url!, "name"), Tables.Text(url!, "url"))));
            var recipes = answer["recipes"]!.AsArray();
            if (parsed.GetValue(product) is not { } wanted)
            {
                context.Output.WriteLine($"Recipes: {string.Join(", ", recipes.Select(recipe => Tables.Text(recipe!, "product")))}. Show one: tgctl product-urls PRODUCT");
                return;
            }

            var found = recipes.Where(recipe => Tables.Text(recipe!, "product").Contains(wanted, StringComparison.OrdinalIgnoreCase)).ToArray();
            if (found.Length == 0)
            {
                throw new TgctlException($"There is no recipe for '{wanted}'. There are: {string.Join(", ", recipes.Select(recipe => Tables.Text(recipe!, "product")))}.");
            }

            foreach (var recipe in found)
            {
                context.Output.WriteLine();
                context.Output.WriteLine(Tables.Text(recipe!, "product") + ":");
                context.Output.WriteLine(Tables.Raw(recipe!, "lines"));
            }
        }));
        return urls;
    }

    private static string Share(JsonNode answer, string used, string all)
    {
        const double Gibibyte = 1024 * 1024 * 1024;
        var (part, whole) = (answer[used]!.GetValue<long>(), answer[all]!.GetValue<long>());
        return string.Create(CultureInfo.InvariantCulture, $"{part / Gibibyte:0.0} of {whole / Gibibyte:0.0} GiB ({(whole == 0 ? 0 : 100.0 * part / whole):0} %)");
    }
}
