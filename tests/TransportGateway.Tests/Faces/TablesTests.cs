using System.Text.Json.Nodes;
using TransportGateway.Cli;

namespace TransportGateway.Tests.Faces;

public sealed class TablesTests
{
    [Fact]
    public void A_name_from_a_product_cannot_command_the_terminal()
    {
        using var output = new StringWriter();
        Tables.Print(output, [new JsonObject { ["name"] = "\u001b[2Jgone\r\nRoot [red]" }], "{0}", ("Name", Tables.Field("name")));
        Assert.DoesNotContain('\u001b', output.ToString());
        Assert.Contains("?[2Jgone??Root [red]", output.ToString(), StringComparison.Ordinal);
    }
}
