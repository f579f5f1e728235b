using System.Globalization;
using System.Text.Json;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>How each node can be switched off from outside. Holds passwords: for root alone.</summary>
internal sealed record FencingPlan(string Agent, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Nodes)
{
    private const string Timeout = "timeout";

    /// <summary>No device: each node's hardware watchdog ends it when it loses its peer and the third vote.</summary>
    public bool IsWatchdog => Agent == ClusterPlan.Watchdog;

    public string WatchdogTimeout => Nodes[ClusterPlan.PrimaryNode][Timeout];

    public IReadOnlyDictionary<string, string> Of(string node) => Nodes[node];

    /// <exception cref="TgctlException">It is not what is expected; the sentence says what is.</exception>
    public static FencingPlan FromJson(string text)
    {
        const string Expected = """{"agent": "fence_ipmilan", "primary-node": {"ip": "...", "username": "...", "password": "..."}, "secondary-node": {...}}""";
        try
        {
            using var document = JsonDocument.Parse(text);
            var agent = document.RootElement.GetProperty("agent").GetString()!;
            if (agent == ClusterPlan.Watchdog)
            {
                return OfWatchdog(document.RootElement.GetProperty(Timeout).GetString()!);
            }

            if (!agent.StartsWith("fence_", StringComparison.Ordinal) || agent.Contains('/', StringComparison.Ordinal))
            {
                throw new TgctlException($"'{Tables.Plain(agent)}' is no fence agent; their names begin with fence_, as in fence_ipmilan.");
            }

            return new FencingPlan(agent, new[] { ClusterPlan.PrimaryNode, ClusterPlan.SecondaryNode }.ToDictionary(
                node => node,
                IReadOnlyDictionary<string, string> (node) => document.RootElement.GetProperty(node).EnumerateObject()
                    .ToDictionary(property => property.Name, property => property.Value.ToString(), StringComparer.Ordinal),
                StringComparer.Ordinal));
        }
        catch (Exception exception) when (exception is JsonException or KeyNotFoundException or InvalidOperationException or NullReferenceException)
        {
            throw new TgctlException($"The fencing file is not understood. It looks like this: {Expected}");
        }
    }

    private static FencingPlan OfWatchdog(string timeout)
    {
        if (!(timeout.EndsWith('s') && int.TryParse(timeout[..^1], CultureInfo.InvariantCulture, out var seconds) && seconds is >= 2 and <= 300))
        {
            throw new TgctlException($"'{Tables.Plain(timeout)}' is no timeout of a watchdog. Give twice SBD_WATCHDOG_TIMEOUT, as in \"10s\".");
        }

        var same = new Dictionary<string, string>(StringComparer.Ordinal) { [Timeout] = timeout };
        return new FencingPlan(ClusterPlan.Watchdog, new Dictionary<string, IReadOnlyDictionary<string, string>>(StringComparer.Ordinal) { [ClusterPlan.PrimaryNode] = same, [ClusterPlan.SecondaryNode] = same });
    }

    public string ToJson()
    {
        if (IsWatchdog)
        {
            return new System.Text.Json.Nodes.JsonObject { ["agent"] = Agent, [Timeout] = WatchdogTimeout }.ToJsonString();
        }

        var root = new System.Text.Json.Nodes.JsonObject { ["agent"] = Agent };
        foreach (var (node, parameters) in Nodes)
        {
            root[node] = JsonSerializer.SerializeToNode(parameters);
        }

        return root.ToJsonString();
    }
}
