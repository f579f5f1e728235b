using System.Text.Json;

namespace TransportGateway.Protocol.Cluster;

/// <summary>How far the last switchover from this node got: written by <c>tgctl ha switchover</c>, read by the gateway. It is of this boot, and holds no secret.</summary>
/// <param name="From">The node that served.</param>
/// <param name="State">One of the words below.</param>
/// <param name="Sentence">Why it failed; empty otherwise.</param>
public sealed record SwitchoverProgress(string From, string State, string Sentence, DateTimeOffset At)
{
    public const string UnderWay = "under-way";
    public const string Done = "done";
    public const string Failed = "failed";

    /// <summary>In a folder that only root writes.</summary>
    public const string Path = "/run/transport-gateway-ha/switchover.json";

    /// <summary>While this is there, somebody has asked the gateway on this node for a switchover. A unit of systemd's waits for it, and takes nothing from it.</summary>
    public const string RequestPath = "/run/transport-gateway/switchover";

    public string ToJson() => JsonSerializer.Serialize(this, JsonSerializerOptions.Web);

    /// <summary>Null when the text is not of this kind.</summary>
    public static SwitchoverProgress? FromJson(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<SwitchoverProgress>(text, JsonSerializerOptions.Web) is { From: not null, State: not null, Sentence: not null } read ? read : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
