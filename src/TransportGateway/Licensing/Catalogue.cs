using System.Reflection;
using System.Text.Json;

namespace TransportGateway.Licensing;

/// <summary>Names for tags, from catalogue.json: data, because the real tags are not public and a capture may correct them.</summary>
internal static class Catalogue
{
    private static readonly Data Loaded = Load();

    private static readonly Dictionary<string, LicenseEntry> Licenses = Loaded.Licenses.ToDictionary(entry => entry.Stem, StringComparer.Ordinal);

    /// <summary>In the order in which they are tried; a stem may end with <c>*</c>.</summary>
    public static IEnumerable<(string Stem, string Type)> ProductTypes => Loaded.ProductTypes.Select(entry => (entry.Stem, entry.Type));

    /// <summary>A licence's display name and description; for a tag that the catalogue lacks, its stem made readable.</summary>
    public static LicenseName NameOf(string tag)
    {
        var stem = EntitlementTag.Stem(tag);
        if (stem is null)
        {
            return new LicenseName(tag, "");
        }

        var version = EntitlementTag.Version(tag)!;
        return Licenses.TryGetValue(stem, out var entry)
            ? new LicenseName(entry.Name.Replace("{major}", version.Split('.')[0], StringComparison.Ordinal), entry.Description)
            : new LicenseName($"{stem.Replace('_', ' ')} ({version})", "");
    }

    /// <summary>The name that Cisco gave the licence with what it granted; without one, that of the catalogue.</summary>
    public static LicenseName NameOf(string tag, IReadOnlyDictionary<string, Entitlements.TagFacts> facts) =>
        facts.TryGetValue(tag, out var fact) && fact.DisplayName.Length > 0 ? new LicenseName(fact.DisplayName, fact.Description) : NameOf(tag);

    private static Data Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("catalogue.json")!;
        return JsonSerializer.Deserialize<Data>(stream, JsonSerializerOptions.Web)!;
    }

    private sealed record Data(ProductTypeEntry[] ProductTypes, LicenseEntry[] Licenses);

    private sealed record ProductTypeEntry(string Stem, string Type);

    private sealed record LicenseEntry(string Stem, string Name, string Description);
}

internal sealed record LicenseName(string DisplayName, string Description);
