using System.Globalization;

namespace TransportGateway.Simulators.Commands;

/// <summary>What the product's own licensing page shows.</summary>
internal static class ProductDisplay
{
    public static void WriteProduct(TextWriter output, ProductDefinition product, ProductState state)
    {
        var nameWidth = product.Profile.Licenses.Max(license => license.Name.Length) + 2;
        WriteLine(output, "Product", $"{product.Profile.Name} ({product.Sudi.UdiPid}, serial number {product.Sudi.UdiSerialNumber})");
        WriteLine(output, "Registration Status", Registration(state));
        WriteLine(output, "License Authorization Status", Authorization(state));
        WriteLine(output, "Smart Account", state.SmartAccount ?? "-");
        WriteLine(output, "Virtual Account", state.VirtualAccount ?? "-");
        WriteLine(output, "Product Instance Name", state.ProductInstanceName ?? product.HostName ?? "-");
        WriteLine(
            output,
            "Export-Controlled Functionality",
            state.ExportControlAllowed switch { true => "Allowed", false => "Not Allowed", null => "-" });
        if (state.IsRegistered)
        {
            WriteLine(output, "Product Instance Identifier", state.ProductInstanceIdentifier!);
            WriteLine(output, "Next Renewal Attempt", Instant(state.RenewAt));
            WriteLine(output, "Registration Expires", Instant(state.RegistrationExpiresAt));
            WriteLine(output, "Next Communication Attempt", Instant(state.NextCommunication));
            WriteLine(output, "Communication Deadline", Instant(state.CommunicationDeadline));
        }

        if (state.LastFailure is { } failure)
        {
            WriteLine(output, "Failure Reason", failure);
        }

        output.WriteLine();
        output.WriteLine($"{"License".PadRight(nameWidth)}{"Count",6}  Status");
        foreach (var license in product.Profile.Licenses)
        {
            var wanted = state.Requested.FirstOrDefault(entitlement => entitlement.Tag == license.Tag)?.Count ?? 0;
            var answered = state.Licenses.FirstOrDefault(entitlement => entitlement.Tag == license.Tag);
            var status = wanted == 0 ? product.Profile.NotInUseText : answered?.Status ?? "Waiting";
            output.WriteLine($"{license.Name.PadRight(nameWidth)}{wanted,6}  {status}");
        }
    }

    private static void WriteLine(TextWriter output, string name, string value) => output.WriteLine($"{name + ":",-34}{value}");

    private static string Registration(ProductState state) => state.Registration switch
    {
        RegistrationStatus.Registered => $"Registered ({Instant(state.RegisteredAt)})",
        RegistrationStatus.RetryInProgress => "Registration pending, next attempt " + Instant(state.Pending?.NextAttempt),
        RegistrationStatus.Failed => "Registration failed",
        _ => "Unregistered",
    };

    private static string Authorization(ProductState state) => state.Authorization switch
    {
        AuthorizationStatus.Authorized => $"Authorized ({Instant(state.AuthorizedAt)})",
        AuthorizationStatus.OutOfCompliance => $"Out of Compliance ({Instant(state.AuthorizedAt)})",
        AuthorizationStatus.NoLicensesInUse => $"No Licenses in Use ({Instant(state.AuthorizedAt)})",
        AuthorizationStatus.Expired => $"Authorization Expired (deadline {Instant(state.CommunicationDeadline)})",
        _ => "-",
    };

    private static string Instant(DateTimeOffset? instant) =>
        instant?.UtcDateTime.ToString("yyyy-MMM-dd HH:mm:ss", CultureInfo.InvariantCulture) ?? "-";
}
