using System.Text.RegularExpressions;

namespace TransportGateway.Tests.Architecture;

/// <summary>Capabilities of the server depend on one another in one direction only.</summary>
public sealed partial class FolderOrderTests
{
    /// <summary>A folder uses folders to its left.</summary>
    private static readonly string[] Order =
    [
        "Http", "Persistence", "Events", "Cluster", "Jobs", "Access", "Accounts", "Authority", "HostTls", "Licensing", "Registration", "Upstream", "SignOn", "Reports", "Webhooks", "Notifications", "Backups", "Support", "DeviceGateway", "Compatible", "Web", "Hosting",
    ];

    [Fact]
    public void Every_folder_uses_only_folders_to_its_left()
    {
        Assert.Empty(Sources().SelectMany(source => Violations(source.Folder, source.Text).Select(used => $"{source.File} uses {used}")));
    }

    [Fact]
    public void Every_folder_has_its_place_in_the_order()
    {
        Assert.Equal(Order.Order(), Sources().Select(source => source.Folder).Distinct().Order());
    }

    [Fact]
    public void Nothing_but_the_program_stands_beside_the_folders()
    {
        Assert.Equal(["Program.cs"], Directory.GetFiles(Server, "*.cs").Select(Path.GetFileName));
    }

    [Fact]
    public void An_arrow_to_the_right_is_found()
    {
        Assert.Equal(["Registration"], Violations("Licensing", "using TransportGateway.Registration;\nusing TransportGateway.Events;"));
        Assert.Equal(["Hosting"], Violations("Http", "var x = TransportGateway.Hosting.Gateway.Start();"));
    }

    [Fact]
    public void Purchased_quantities_are_written_by_synchronisation_alone()
    {
        // One statement sets them, one use case runs it, and that one is called by what verified Software Central's answer and by the clock.
        // Another statement moves them between the virtual accounts of an account; what it gives it takes.
        Assert.Equal(["LicensePools.cs"], Files(source => Purchase().IsMatch(source)));
        Assert.Equal(["LicensePools.cs", "SettlePurchases.cs"], Files(source => source.Contains("SetPurchasedAsync(", StringComparison.Ordinal)));
        Assert.Equal(["LicensePools.cs", "TransferLicenses.cs"], Files(source => source.Contains("MovePurchasedAsync(", StringComparison.Ordinal)));
        Assert.Equal(["ApplyResponse.cs", "SettlePurchases.cs"], Files(source => source.Contains("SettlePurchases.ExecuteAsync(", StringComparison.Ordinal)));
        Assert.Equal(["ApplyResponse.cs"], Files(source => source.Contains("new Entitlements(session);", StringComparison.Ordinal)));

        static IEnumerable<string> Files(Func<string, bool> holds) => Sources().Where(source => holds(source.Text)).Select(source => source.File).Order(StringComparer.Ordinal);
    }

    [Fact]
    public void A_table_is_named_only_by_the_folder_that_owns_it()
    {
        var tables = Directory.GetFiles(Path.Combine(Server, "Persistence", "Migrations"), "*.sql")
            .SelectMany(file => Table().Matches(File.ReadAllText(file)).Select(match => match.Groups["table"].Value)).ToArray();
        Assert.NotEmpty(tables);
        var users = tables.ToDictionary(
            table => table,
            table => Sources().Where(source => new[] { "INTO", "UPDATE", "DELETE FROM" }.Any(verb => source.Text.Contains($"{verb} {table}", StringComparison.Ordinal))).Select(source => source.File).ToArray());
        Assert.All(users, user => Assert.True(user.Value.Length <= 1, $"{user.Key} is written by: {string.Join(", ", user.Value)}"));
    }

    private static string Server => Path.Combine(Repository.Root, "src", "TransportGateway");

    private static IEnumerable<(string Folder, string File, string Text)> Sources() =>
        Directory.GetDirectories(Server).SelectMany(folder => Directory.GetFiles(folder, "*.cs", SearchOption.AllDirectories)
            .Select(file => (Path.GetFileName(folder), Path.GetFileName(file), File.ReadAllText(file))));

    private static IEnumerable<string> Violations(string folder, string text) =>
        Use().Matches(text).Select(match => match.Groups["used"].Value).Distinct()
            .Where(used => Order.Contains(used) && Array.IndexOf(Order, used) > Array.IndexOf(Order, folder));

    [GeneratedRegex(@"TransportGateway\.(?<used>[A-Z][A-Za-z]+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Use();

    [GeneratedRegex(@"SET\s[^;""]*\bpurchased\s*=|INSERT INTO license_pools\s*\([^)]*purchased", RegexOptions.None, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Purchase();

    [GeneratedRegex(@"CREATE TABLE (?<table>\w+)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Table();
}
