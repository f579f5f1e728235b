using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

internal static class RegisterCommand
{
    public static Option<string> TokenOption() => new("--token")
    {
        Description = "Registration token, as tgctl token create shows it.",
        Required = true,
    };

    public static Option<bool> ForceOption() => new("--force")
    {
        Description = "Register even if the gateway knows this product already.",
    };

    public static Command Create(TimeProvider clock)
    {
        var command = new Command("register", "Registers a product, reports the licences it uses and prints what it would display.");
        var options = new ProductOptions(command);
        var token = TokenOption();
        var force = ForceOption();
        command.Options.Add(token);
        command.Options.Add(force);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var gateway = options.Gateway(parsed);
            using var product = options.Open(parsed, gateway, clock);
            return await RegisterAsync(
                product, parsed.GetRequiredValue(token), parsed.GetValue(force), parsed.InvocationConfiguration, cancellationToken);
        });
        return command;
    }

    /// <summary>Registration and first report belong together: without the second the gateway counts nothing.</summary>
    public static async Task<int> RegisterAsync(
        SimulatedProduct product, string token, bool force, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        var result = await product.RegisterAsync(token, force, cancellationToken);
        if (result is ProductResult.Accepted)
        {
            result = await product.AuthorizeAsync(cancellationToken: cancellationToken);
        }

        return Outcome.Write(product, result, console);
    }
}
