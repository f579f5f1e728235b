using System.CommandLine;
using System.Globalization;

namespace TransportGateway.Simulators.Commands;

internal static class AuthorizeCommand
{
    public static Command Create(TimeProvider clock)
    {
        var command = new Command("authorize", "Reports the licences a registered product uses.");
        var options = new ProductOptions(command);
        var licenses = new Option<string[]>("--license")
        {
            Description = "NAME=COUNT, any number of them: the whole list from now on, by the names the product displays or by tag. "
                + "A licence left out is given back. [default: the same as last time]",
        };
        command.Options.Add(licenses);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            using var gateway = options.Gateway(parsed);
            using var product = options.Open(parsed, gateway, clock);
            Entitlement[]? wanted = parsed.GetValue(licenses) is { Length: > 0 } given
                ? [.. given.Select(text => Read(text, product.Product.Profile))]
                : null;
            return Outcome.Write(product, await product.AuthorizeAsync(wanted, cancellationToken), parsed.InvocationConfiguration);
        });
        return command;
    }

    private static Entitlement Read(string text, ProductProfile profile)
    {
        // A tag may hold anything but ends before the last equals sign.
        var at = text.LastIndexOf('=');
        if (at <= 0 || !int.TryParse(text[(at + 1)..], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            throw new UsageException($"{text} is not NAME=COUNT with a count from 0, such as Enhanced=3.");
        }

        var name = text[..at];
        var known = profile.Licenses.FirstOrDefault(license => license.Name.Equals(name, StringComparison.OrdinalIgnoreCase));
        return known is not null ? new Entitlement(known.Tag, count)
            : name.StartsWith("regid.", StringComparison.Ordinal) ? new Entitlement(name, count)
            : throw new UsageException(
                $"{profile.Name} has no licence {name}; it has {string.Join(", ", profile.Licenses.Select(license => license.Name))}. "
                + "A tag (regid. ...) works too.");
    }
}
