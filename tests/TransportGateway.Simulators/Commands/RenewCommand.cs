using System.CommandLine;

namespace TransportGateway.Simulators.Commands;

internal static class RenewCommand
{
    public static Command Create(TimeProvider clock)
    {
        var command = new Command("renew", "Renews the ID certificate of a registered product.");
        var options = new ProductOptions(command);
        var newKey = new Option<bool>("--new-key") { Description = "Ask for a certificate for a new key." };
        command.Options.Add(newKey);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var gateway = options.Gateway(parsed);
            using var product = options.Open(parsed, gateway, clock);
            using var key = parsed.GetValue(newKey) ? ProductKey.Create() : null;
            return Outcome.Write(product, await product.RenewIdCertificateAsync(key, cancellationToken), parsed.InvocationConfiguration);
        });
        return command;
    }
}
