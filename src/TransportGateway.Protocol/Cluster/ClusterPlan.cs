using System.Text.Json;
using System.Text.Json.Serialization;

namespace TransportGateway.Protocol.Cluster;

/// <summary>Who is in the cluster and under which addresses: <c>/etc/transport-gateway/cluster.json</c>, the same on both nodes but for <see cref="ThisNode"/>. Holds no secret.</summary>
public sealed record ClusterPlan
{
    public const string PrimaryNode = "primary-node";
    public const string SecondaryNode = "secondary-node";

    /// <summary>What stands for a fence agent where each node's own watchdog ends it.</summary>
    public const string Watchdog = "watchdog";

    /// <summary>While the file is there, HA is enabled.</summary>
    public const string Path = "/etc/transport-gateway/cluster.json";

    private static readonly JsonSerializerOptions Format = new(JsonSerializerDefaults.Web) { WriteIndented = true, RespectRequiredConstructorParameters = true, RespectNullableAnnotations = true };

    public required string Name { get; init; }

    public required string VirtualAddress { get; init; }

    /// <summary>Length of the network prefix of the virtual address.</summary>
    public required int PrefixLength { get; init; }

    public required IReadOnlyList<ClusterNode> Nodes { get; init; }

    /// <summary>Address of the third vote; null when the cluster was deployed without one.</summary>
    public required string? Witness { get; init; }

    /// <summary>Name of the fence agent; null when the cluster was deployed without fencing.</summary>
    public required string? FenceAgent { get; init; }

    /// <summary>Which of the nodes this machine is.</summary>
    public required string ThisNode { get; init; }

    /// <summary>Folder with PostgreSQL's programs.</summary>
    public required string DatabasePrograms { get; init; }

    /// <summary>Until the deployment has given the gateway the cluster's name as host common name; a teardown before that leaves the name as it is.</summary>
    public bool KeepsHostName { get; init; }

    [JsonIgnore]
    public ClusterNode This => Nodes.Single(node => node.Name == ThisNode);

    [JsonIgnore]
    public ClusterNode Peer => Nodes.Single(node => node.Name != ThisNode);

    public string ToJson() => JsonSerializer.Serialize(this, Format);

    /// <exception cref="JsonException">It is not a plan.</exception>
    public static ClusterPlan FromJson(string text) => JsonSerializer.Deserialize<ClusterPlan>(text, Format) ?? throw new JsonException("The plan is empty.");
}

/// <param name="Name"><c>primary-node</c> or <c>secondary-node</c>; names do not swap on failover.</param>
public sealed record ClusterNode(string Name, string PublicAddress, string PrivateAddress);
