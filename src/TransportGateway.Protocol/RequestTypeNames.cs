using System.Collections.Frozen;

namespace TransportGateway.Protocol;

/// <summary>Which texts on the wire mean which request type: those of <see cref="WireNames"/>, and those that an administrator adds when a capture shows them.</summary>
public sealed class RequestTypeNames
{
    private const int MostCharacters = WireLimits.TextLength;

    private readonly FrozenDictionary<string, RequestType> _more;

    private RequestTypeNames(IEnumerable<KeyValuePair<string, RequestType>> more) => _more = more.ToFrozenDictionary(StringComparer.Ordinal);

    public static RequestTypeNames Standard { get; } = new([]);

    /// <param name="entries">Such as <c>REGISTER=REGISTRATION</c>, each without a <see cref="Problem"/>; of two for one name the last counts.</param>
    public static RequestTypeNames With(IEnumerable<string> entries) =>
        new(entries.Select(Parts).GroupBy(parts => parts.Name, StringComparer.Ordinal).Select(same => KeyValuePair.Create(same.Key, WireNames.TypeOf(same.Last().Type))));

    /// <summary>What is wrong with an entry; null when it will do.</summary>
    public static string? Problem(string entry)
    {
        var (name, type) = Parts(entry);
        return name.Length is 0 or > MostCharacters || name.Any(char.IsControl) || WireNames.TypeOf(type) == RequestType.Unknown
            ? $"'{entry}' is not a name and what it means, as in REGISTER=REGISTRATION; what is served is {string.Join(", ", WireNames.RequestTypes.Values.Select(known => known.Canonical).Order(StringComparer.Ordinal))}"
            : WireNames.TypeOf(name) is var known && known != RequestType.Unknown && known != WireNames.TypeOf(type)
                ? $"'{name}' means {WireNames.RequestTypes[known]} already"
                : null;
    }

    public RequestType TypeOf(string text) =>
        WireNames.TypeOf(text) is var known && known != RequestType.Unknown ? known : _more.GetValueOrDefault(text, RequestType.Unknown);

    private static (string Name, string Type) Parts(string entry)
    {
        var at = entry.IndexOf('=', StringComparison.Ordinal);
        return at < 0 ? ("", "") : (entry[..at].Trim(), entry[(at + 1)..].Trim());
    }
}
