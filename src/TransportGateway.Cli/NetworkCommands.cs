using System.CommandLine;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary><c>tgctl network</c>: how the gateway's machine stands in its network.</summary>
internal static class NetworkCommands
{
    public static Command Create(CommandContext context)
    {
        var show = new Command("show", "Shows interfaces, gateways, name servers, and which port serves what. They are changed on the machine; the proxies with central set and relay set.");
        context.Run(show, async (parsed, api, cancellationToken) => context.Print(parsed, await api.GetAsync("/api/v2/network", cancellationToken), answer =>
        {
            context.Output.WriteLine($"Host name     {Tables.Text(answer, "hostName")}");
            context.Output.WriteLine($"Gateways      {List(answer, "gateways")}");
            context.Output.WriteLine($"Name servers  {List(answer, "dnsServers")}");
            context.Output.WriteLine();
            Tables.Print(
                context.Output,
                answer["interfaces"]!.AsArray(),
                "Showing All {0} Records",
                ("Interface", Tables.Field("name")),
                ("State", row => Tables.Text(row, "up") == "true" ? "up" : "down"),
                ("Physical Address", Tables.Field("physicalAddress")),
                ("Addresses", row => List(row, "addresses")));
            context.Output.WriteLine();
            Tables.Print(
                context.Output,
                answer["listeners"]!.AsArray(),
                "Showing All {0} Records",
                ("Address", Tables.Field("address")),
                ("Port", Tables.Field("port")),
                ("Serves", Tables.Field("serves")));
        }));
        return new Command("network", "How the gateway's machine stands in its network.") { show };
    }

    private static string List(JsonNode row, string name) => Tables.Plain(string.Join(", ", row[name]!.AsArray().Select(entry => entry!.ToString())));
}
