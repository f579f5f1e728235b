using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

internal static class SeedCommand
{
    public static Command Create(TimeProvider clock)
    {
        var command = new Command("seed", "Registers annanr-39, cucmpub, pi37 and cucm-pub-30 with the licences of the story, one after the other.");
        var options = new ProductOptions(command, named: false);
        var token = RegisterCommand.TokenOption();
        var force = RegisterCommand.ForceOption();
        command.Options.Add(token);
        command.Options.Add(force);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            var worst = ExitCode.Accepted;
            using var gateway = options.Gateway(parsed);
            foreach (var definition in SeedProducts.All)
            {
                using var product = options.Open(parsed, gateway, definition, clock, wireClock: null);
                var exit = await RegisterCommand.RegisterAsync(
                    product, parsed.GetRequiredValue(token), parsed.GetValue(force), parsed.InvocationConfiguration, cancellationToken);
                parsed.InvocationConfiguration.Output.WriteLine();
                worst = Math.Max(worst, exit);
            }

            return worst;
        });
        return command;
    }
}
