using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

internal static class DeregisterCommand
{
    public static Command Create(TimeProvider clock)
    {
        var command = new Command("deregister", "Gives a registration back. The product forgets it even when the gateway cannot be reached.");
        var options = new ProductOptions(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var gateway = options.Gateway(parsed);
            using var product = options.Open(parsed, gateway, clock);
            return Outcome.Write(product, await product.DeregisterAsync(cancellationToken), parsed.InvocationConfiguration);
        });
        return command;
    }
}
