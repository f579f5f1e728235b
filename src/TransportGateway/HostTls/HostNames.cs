using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;

namespace TransportGateway.HostTls;

/// <summary>What can be the host part of the URL that products dial, and in which spelling it is kept.</summary>
internal static partial class HostNames
{
    public const int MostAlternativeNames = 100;

    /// <summary>Upper bound of X.520 for a common name.</summary>
    private const int MostCommonNameCharacters = 64;

    private const int MostNameCharacters = 253;
    private const int MostLabelCharacters = 63;

    private static readonly IdnMapping Idn = new() { UseStd3AsciiRules = true };

    /// <summary>Null when the name will do, else the sentence that says what would.</summary>
    public static string? Problem(string name) => Read(name).Problem;

    /// <summary>The stricter rule for the common name itself.</summary>
    /// <param name="dualStack">The gateway listens on IPv4 and IPv6; one address cannot be dialled over both.</param>
    public static string? CommonNameProblem(string name, bool dualStack) => Read(name) switch
    {
        (_, { } problem) => problem,
        ({ Length: > MostCommonNameCharacters }, _) =>
            $"'{name}' is longer than the {MostCommonNameCharacters} characters of a common name; choose a shorter name and give this one as an additional name",
        ({ } canonical, _) when dualStack && IPAddress.TryParse(canonical, out _) =>
            $"'{name}' is an address, but the gateway listens on IPv4 and IPv6: use a fully qualified name, as in licences.example.com, or let listen-https name addresses of one family alone",
        _ => null,
    };

    /// <summary>The name as certificates hold it (lower case, an internationalised name as A-labels, an address in its one spelling), or what is wrong with it.</summary>
    public static (string? Canonical, string? Problem) Read(string name)
    {
        if (name.Length > 4 * MostNameCharacters)
        {
            return Wrong($"the name is longer than the {MostNameCharacters} characters of a host name");
        }

        if (name.Length == 0)
        {
            return Wrong("a name or an address is needed, as in licences.example.com");
        }

        return NotAHostPart(name) is { } problem ? Wrong(problem)
            : IPAddress.TryParse(name, out var address) ? ReadAddress(name, address)
            : name.Contains(':', StringComparison.Ordinal) ? Wrong($"'{name}' names a port; leave it out")
            : ReadName(name);
    }

    /// <summary>True where both families are listened on; a socket on [::] takes IPv4, too.</summary>
    public static bool AreDualStack(IEnumerable<IPEndPoint> listeners)
    {
        var addresses = listeners.Select(listener => listener.Address).ToArray();
        return addresses.Contains(IPAddress.IPv6Any) || addresses.Select(address => address.AddressFamily).Distinct().Count() > 1;
    }

    private static (string? Canonical, string? Problem) Wrong(string problem) => (null, problem);

    /// <summary>What people paste in place of a host name.</summary>
    private static string? NotAHostPart(string name) => name switch
    {
        _ when name.Any(letter => char.IsWhiteSpace(letter) || char.IsControl(letter)) =>
            $"'{string.Concat(name.Where(letter => !char.IsControl(letter)))}' has a blank or a control character in it; leave it out",
        _ when name.Contains('/', StringComparison.Ordinal) => $"'{name}' is a URL; only the host part is needed, as in licences.example.com",
        ['[', .. var inner, ']'] => $"'{name}' is written as in a URL; leave out the brackets: {inner}",
        ['[', ..] => $"'{name}' names a port; leave it out, and the brackets, too",
        _ when name.Contains('*', StringComparison.Ordinal) => $"'{name}' is a wildcard; products need the exact name that they dial",
        _ when name.Contains('_', StringComparison.Ordinal) => $"'{name}' has an underscore, which host names cannot have; use a hyphen",
        _ when name.Contains('%', StringComparison.Ordinal) => $"'{name}' names an interface of one machine; use an address that products can reach",
        _ => null,
    };

    private static (string? Canonical, string? Problem) ReadAddress(string name, IPAddress address)
    {
        if (address.AddressFamily == AddressFamily.InterNetwork && address.ToString() != name)
        {
            return Wrong($"'{name}' is not a whole address; write its four numbers, as in 192.0.2.1");
        }

        if (address.IsIPv4MappedToIPv6)
        {
            return Wrong($"'{name}' is an IPv4 address in IPv6 form; write {address.MapToIPv4()}");
        }

        var nobodys = address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any) || address.Equals(IPAddress.Broadcast)
            || address.IsIPv6Multicast || (address.AddressFamily == AddressFamily.InterNetwork && address.GetAddressBytes()[0] is >= 224 and < 240);
        return nobodys ? Wrong($"'{name}' is an address that nobody can dial; use one of this gateway, or the virtual one of its cluster") : (address.ToString(), null);
    }

    private static (string? Canonical, string? Problem) ReadName(string name)
    {
        if (name.EndsWith('.'))
        {
            return Wrong($"'{name}' ends with a dot; leave it out");
        }

        var lower = name.ToLowerInvariant();
        foreach (var label in lower.Split('.'))
        {
            if (label.Length > MostLabelCharacters)
            {
                return Wrong($"the part '{label}' has {label.Length} characters; between two dots {MostLabelCharacters} are the most");
            }
        }

        if (Encode(lower) is not { } encoded)
        {
            return Wrong($"'{name}' cannot be encoded as an internationalised name; give it in its encoded form, as in xn--mnchen-3ya.example");
        }

        return encoded switch
        {
            { Length: > MostNameCharacters } => Wrong($"'{name}' is longer than the {MostNameCharacters} characters of a host name"),
            _ when !Pattern().IsMatch(encoded) =>
                Wrong($"'{name}' is not a host name; labels of letters, digits and hyphens, {MostLabelCharacters} characters at most, separated by dots"),
            _ when encoded[(encoded.LastIndexOf('.') + 1)..].All(char.IsAsciiDigit) =>
                Wrong($"'{name}' is neither a name nor an address; an address has four numbers of at most 255, as in 192.0.2.1"),
            _ => (encoded, null),
        };
    }

    /// <summary>The name in ASCII; null when it has letters that no look-up would find again.</summary>
    /// <remarks>Without ICU nothing is composed here, so a letter with a separate accent would become another name than the one that is meant.</remarks>
    private static string? Encode(string lower)
    {
        if (!lower.EnumerateRunes().All(rune => rune.IsAscii || Rune.IsLetterOrDigit(rune) || Rune.GetUnicodeCategory(rune) == UnicodeCategory.SpacingCombiningMark))
        {
            return null;
        }

        var international = !lower.All(char.IsAscii) || lower.Split('.').Any(label => label.StartsWith("xn--", StringComparison.Ordinal));
        if (!international)
        {
            return lower;
        }

        try
        {
            var encoded = Idn.GetAscii(lower);
            return Idn.GetAscii(Idn.GetUnicode(encoded)) == encoded ? encoded : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    [GeneratedRegex(@"^(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*\z", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Pattern();
}

/// <summary>The names that a host certificate is for, each in its canonical spelling.</summary>
internal sealed record HostIdentity(string CommonName, IReadOnlyList<string> AlternativeNames)
{
    /// <summary>The common name first; it is among the subject alternative names, too, since clients look nowhere else.</summary>
    public IReadOnlyList<string> AllNames { get; } = [.. AlternativeNames.Prepend(CommonName).Distinct(StringComparer.Ordinal)];

    public bool IsSameAs(HostIdentity other) => CommonName == other.CommonName && AllNames.ToHashSet().SetEquals(other.AllNames);

    public override string ToString() => string.Join(", ", AllNames);

    /// <summary>Reads what an administrator gave; null with the sentence that says what would do.</summary>
    public static (HostIdentity? Identity, string? Problem) Read(string commonName, IReadOnlyList<string> alternativeNames, bool dualStack)
    {
        if (alternativeNames.Count > HostNames.MostAlternativeNames)
        {
            return (null, $"{alternativeNames.Count} additional names are too many; a certificate takes {HostNames.MostAlternativeNames} here");
        }

        if (HostNames.CommonNameProblem(commonName, dualStack) is { } wrong)
        {
            return (null, wrong);
        }

        var read = alternativeNames.Select(HostNames.Read).ToArray();
        return read.FirstOrDefault(name => name.Problem is not null).Problem is { } problem
            ? (null, problem)
            : (new HostIdentity(HostNames.Read(commonName).Canonical!, [.. read.Select(name => name.Canonical!).Distinct(StringComparer.Ordinal)]), null);
    }
}
