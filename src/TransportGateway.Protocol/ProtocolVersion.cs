using System.Globalization;

namespace TransportGateway.Protocol;

/// <summary>Message versions, compared as numbers. Agents with 1.1 and 1.3 are observed.</summary>
public static class ProtocolVersion
{
    /// <summary>The highest version this server speaks.</summary>
    public const string Ours = "1.3";

    private const int OurMajor = 1;
    private const int OurMinor = 3;

    /// <summary>The version of an answer: the lower of ours and theirs, ours when theirs is missing, unreadable or of another major version.</summary>
    public static string Negotiate(string? theirs) =>
        theirs switch
        {
            "1.3" => Ours,
            "1.1" => "1.1",
            _ when TryParse(theirs, out var major, out var minor) && major == OurMajor && minor < OurMinor =>
                string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}"),
            _ => Ours,
        };

    internal static bool IsTooHigh(int major) => major > OurMajor;

    internal static bool IsServed(int major) => major == OurMajor;

    /// <summary>Reads "major.minor" or "major"; nothing else is a version.</summary>
    internal static bool TryParse(string? text, out int major, out int minor)
    {
        (major, minor) = (0, 0);
        if (text is null)
        {
            return false;
        }

        var dot = text.IndexOf('.', StringComparison.Ordinal);
        return dot < 0
            ? TryParseNumber(text, out major)
            : TryParseNumber(text.AsSpan(0, dot), out major) && TryParseNumber(text.AsSpan(dot + 1), out minor);
    }

    private static bool TryParseNumber(ReadOnlySpan<char> text, out int number)
    {
        number = 0;
        return text.Length <= 6 && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out number);
    }
}
