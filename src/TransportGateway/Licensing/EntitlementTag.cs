using System.Text.RegularExpressions;

namespace TransportGateway.Licensing;

/// <summary>The form of a tag: <c>regid.2017-04.com.cisco.CUC_SpeechView,12.0_&lt;uuid&gt;</c> (observed); date and what follows the version may be missing (8.7.32).</summary>
internal static partial class EntitlementTag
{
    public const int MostCharacters = 255;

    public static bool IsWellFormed(string tag) => tag.Length <= MostCharacters && Pattern().IsMatch(tag);

    /// <summary>The part between <c>com.cisco.</c> and the comma, here <c>CUC_SpeechView</c>; null when there is none.</summary>
    public static string? Stem(string tag) => Pattern().Match(tag) is { Success: true } match ? match.Groups["stem"].Value : null;

    /// <summary>The part between the comma and the underscore or the end, here <c>12.0</c>.</summary>
    public static string? Version(string tag) => Pattern().Match(tag) is { Success: true } match ? match.Groups["version"].Value : null;

    [GeneratedRegex(@"^regid\.(?:[A-Za-z0-9-]+\.)+?(?<stem>[A-Za-z0-9_-]+),(?<version>[^_\s,]+)(?:_[A-Za-z0-9-]+)?\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
