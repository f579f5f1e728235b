using System.Net;
using System.Text.RegularExpressions;

namespace TransportGateway.Hosting;

/// <summary>What can be the host part of the URL that products dial.</summary>
internal static partial class HostNames
{
    /// <summary>Null when the name will do, else the sentence that says what would.</summary>
    public static string? Problem(string name) => name switch
    {
        "" => "a name or an address is needed",
        _ when IPAddress.TryParse(name, out _) => null,
        _ when name.Contains("://", StringComparison.Ordinal) || name.Contains('/', StringComparison.Ordinal)
            => $"'{name}' is a URL; only the host part is needed, as in licences.example.com",
        _ when name.Contains(':', StringComparison.Ordinal) => $"'{name}' names a port; leave it out",
        _ when name.Contains('*', StringComparison.Ordinal) => $"'{name}' is a wildcard; products need the exact name that they dial",
        _ when name.Contains('_', StringComparison.Ordinal) => $"'{name}' has an underscore, which host names cannot have",
        { Length: > 64 } => $"'{name}' is longer than the 64 characters of a common name",
        _ when !Pattern().IsMatch(name) => $"'{name}' is not a host name; labels of letters, digits and hyphens, 63 characters at most, separated by dots",
        _ => null,
    };

    [GeneratedRegex(@"^(?!-)[A-Za-z0-9-]{1,63}(?<!-)(\.(?!-)[A-Za-z0-9-]{1,63}(?<!-))*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}
