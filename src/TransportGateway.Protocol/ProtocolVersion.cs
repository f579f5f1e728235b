using System.Globalization;

namespace TransportGateway.Protocol;

/// <summary>Message versions: any 1.x is served and answered in the lower of ours and theirs, compared as numbers (8.7.10).</summary>
public static class ProtocolVersion
{
    public const string Ours = "1.3";

    private const int Minor = 3;

    /// <summary>The version of the answer; null when theirs is too high or no version at all.</summary>
    public static string? Negotiate(string theirs) => Parse(theirs) switch
    {
        (1, var minor) => minor < Minor ? $"1.{minor.ToString(CultureInfo.InvariantCulture)}" : Ours,
        _ => null,
    };

    public static bool IsTooHigh(string theirs) => Parse(theirs) is ( >= 2, _);

    private static (int Major, int Minor)? Parse(string text)
    {
        var parts = text.Split('.');
        return parts.Length == 2
            && int.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var major)
            && int.TryParse(parts[1], NumberStyles.None, CultureInfo.InvariantCulture, out var minor)
            ? (major, minor)
            : null;
    }
}
