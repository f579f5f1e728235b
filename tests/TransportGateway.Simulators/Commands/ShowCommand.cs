using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

internal static class ShowCommand
{
    public static Command Create()
    {
        var command = new Command("show", "Prints what a product displays, without asking the gateway.");
        var options = new ProductOptions(command, gateway: false);
        command.SetAction(parsed =>
        {
            var definition = options.Definition(parsed);
            ProductDisplay.WriteProduct(parsed.InvocationConfiguration.Output, definition, options.Read(parsed, definition));
        });
        return command;
    }
}
