using System.Text.RegularExpressions;

namespace TransportGateway.Licensing;

/// <summary>The product type column's codes by software tag, such as <c>UCL</c> and <c>SDNMGMT</c>: those of the catalogue, and before them those that an administrator adds when a product shows its tag.</summary>
internal sealed partial class ProductTypes
{
    private readonly (string Stem, string Type)[] _types;

    private ProductTypes(IEnumerable<(string Stem, string Type)> more) => _types = [.. more, .. Catalogue.ProductTypes];

    /// <param name="entries">Such as <c>ISR*=ROUTER</c>, each without a <see cref="Problem"/>; the first that fits counts.</param>
    public static ProductTypes With(IEnumerable<string> entries) => new(entries.Select(entry => Parts(entry)!.Value));

    /// <summary>What is wrong with an entry; null when it will do.</summary>
    public static string? Problem(string entry) => Parts(entry) is null
        ? $"'{entry}' is not the name in a software tag and a product type, as in ISR*=ROUTER; both are letters, digits, '-' and '_', and a '*' ends a name that only begins so"
        : null;

    /// <summary>For a tag that no entry fits, the name in it.</summary>
    public string Of(string softwareTag)
    {
        var stem = EntitlementTag.Stem(softwareTag);
        return stem is null ? "OTHER" : Array.Find(_types, entry => Fits(entry.Stem, stem)).Type ?? stem;
    }

    private static bool Fits(string pattern, string stem) =>
        pattern.EndsWith('*') ? stem.StartsWith(pattern[..^1], StringComparison.Ordinal) : stem == pattern;

    private static (string Stem, string Type)? Parts(string entry) =>
        Pattern().Match(entry) is { Success: true } match ? (match.Groups["stem"].Value, match.Groups["type"].Value) : null;

    [GeneratedRegex(@"^\s*(?<stem>[A-Za-z0-9_-]+\*?)\s*=\s*(?<type>[A-Za-z0-9_-]{1,32})\s*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
