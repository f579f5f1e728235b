using System.Collections.Immutable;
using System.Text;
using System.Text.Json;

namespace TransportGateway.Protocol;

/// <summary>How sure it is that a name stands on the wire as written here.</summary>
public enum Evidence
{
    /// <summary>Seen in a published device message, in this place.</summary>
    Observed,

    /// <summary>Seen elsewhere in the same ecosystem (offline file, REST twin, data model, device display); its place in the message is deduced.</summary>
    ObservedElsewhere,

    /// <summary>Chosen by this project in the observed style; the first capture decides.</summary>
    Inferred,
}

/// <summary>One name of the device protocol: how it is written, which other spellings are read, and why it is believed.</summary>
public sealed class WireName
{
    private readonly ImmutableArray<byte[]> spellings;

    internal WireName(string canonical, Evidence evidence, string source, params string[] alsoAccepted)
    {
        Canonical = canonical;
        Evidence = evidence;
        Source = source;
        AlsoAccepted = [.. alsoAccepted];
        Encoded = JsonEncodedText.Encode(canonical);
        spellings = [Encoding.UTF8.GetBytes(canonical), .. alsoAccepted.Select(Encoding.UTF8.GetBytes)];
    }

    public string Canonical { get; }

    public Evidence Evidence { get; }

    /// <summary>The publication that shows the name, or the reason for the choice.</summary>
    public string Source { get; }

    /// <summary>Spellings that are read as this name; never written.</summary>
    public ImmutableArray<string> AlsoAccepted { get; }

    internal JsonEncodedText Encoded { get; }

    public override string ToString() => Canonical;

    internal bool Matches(in JsonProperty property)
    {
        foreach (var spelling in spellings)
        {
            if (property.NameEquals(spelling))
            {
                return true;
            }
        }

        return false;
    }
}
