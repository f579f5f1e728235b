using System.Text.Json;
using System.Xml.Linq;

using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>The cluster information base: what runs where, and in which order. Loaded before the first start, so that no step in between is ever live.</summary>
internal static class PacemakerConfiguration
{
    public const string Database = "postgres";
    public const string DatabaseClone = "postgres-clone";
    public const string VirtualAddress = "virtual-address";
    public const string Gateway = "gateway";
    public const string BanOfPrimary = "cli-ban-" + DatabaseClone + "-on-";

    public static string Of(ClusterPlan plan, FencingPlan? fencing)
    {
        var resources = new XElement("resources", DatabasePair(plan), Address(plan), ActiveGateway(plan));
        var constraints = new XElement(
            "constraints",
            Colocation("address-with-primary", VirtualAddress, DatabaseClone, ("with-rsc-role", "Promoted")),
            Colocation("gateway-with-address", Gateway, VirtualAddress),
            Order("primary-before-address", DatabaseClone, "promote", VirtualAddress),
            Order("address-before-gateway", VirtualAddress, "start", Gateway));
        foreach (var node in plan.Nodes.Where(_ => fencing is not null))
        {
            resources.Add(FenceDevice(fencing!, node.Name));
            // A node does not switch itself off.
            constraints.Add(new XElement(
                "rsc_location",
                new XAttribute("id", $"fence-{node.Name}-elsewhere"),
                new XAttribute("rsc", FenceId(node.Name)),
                new XAttribute("node", node.Name),
                new XAttribute("score", "-INFINITY")));
        }

        return new XDocument(new XElement(
            "cib",
            // Not newer than that of any Pacemaker that is meant; each raises it to its own.
            new XAttribute("crm_feature_set", "3.3.0"),
            new XAttribute("validate-with", "pacemaker-3.7"),
            new XAttribute("epoch", 1),
            new XAttribute("num_updates", 0),
            new XAttribute("admin_epoch", 0),
            new XElement("configuration", Properties(plan, fencing), new XElement("nodes"), resources, constraints, Defaults()),
            new XElement("status"))).ToString();
    }

    private static XElement Properties(ClusterPlan plan, FencingPlan? fencing) => new(
        "crm_config",
        Values("cluster_property_set", "cib-bootstrap-options",
        [
            ("cluster-name", plan.Name),
            ("stonith-enabled", fencing is null ? "false" : "true"),
            ("no-quorum-policy", "stop"),
            // The first election waits this long for others; 20 s by default.
            ("dc-deadtime", "3s"),
            ("cluster-recheck-interval", "60s"),
            ("stonith-timeout", "40s"),
            // A busy machine is no reason to delay a failover.
            ("load-threshold", "1000%"),
            // Without a third vote both sides of a cut may fence; the one with the primary shall win.
            .. plan.Witness is null && fencing is not null ? new[] { ("priority-fencing-delay", "4s") } : [],
        ]));

    private static XElement Defaults() => new(
        "rsc_defaults",
        // Nothing falls back by itself.
        Values("meta_attributes", "resource-defaults", [("resource-stickiness", "200")]));

    private static XElement DatabasePair(ClusterPlan plan) => new(
        "clone",
        new XAttribute("id", DatabaseClone),
        Values("meta_attributes", "postgres-clone-meta",
        [
            ("promotable", "true"), ("promoted-max", "1"), ("promoted-node-max", "1"), ("clone-max", "2"), ("clone-node-max", "1"), ("notify", "true"), ("interleave", "true"),
            ("priority", "10"),
        ]),
        Primitive(
            Database,
            "ocf",
            "transport-gateway",
            "postgres",
            [("programs", plan.DatabasePrograms), ("home", HaPaths.Database), ("sockets", HaPaths.DatabaseSockets), ("port", $"{HaPaths.DatabasePort}"), ("nodes", string.Join(' ', plan.Nodes.Select(node => node.Name)))],
            // One failure and the other node takes over; ten seconds later the failed one is tried again, as a standby.
            [("migration-threshold", "1"), ("failure-timeout", "10s")],
            ("start", "0", "300s", null),
            ("stop", "0", "60s", null),
            ("promote", "0", "60s", null),
            ("demote", "0", "60s", null),
            ("notify", "0", "30s", null),
            ("monitor", "2s", "20s", "Promoted"),
            ("monitor", "3s", "20s", "Unpromoted")));

    private static XElement Address(ClusterPlan plan) => Primitive(
        VirtualAddress,
        "ocf",
        "heartbeat",
        "IPaddr2",
        [("ip", plan.VirtualAddress), ("cidr_netmask", $"{plan.PrefixLength}")],
        [("failure-timeout", "60s")],
        ("start", "0", "20s", null),
        ("stop", "0", "20s", null),
        ("monitor", "5s", "20s", null));

    private static XElement ActiveGateway(ClusterPlan plan) => Primitive(
        Gateway,
        "ocf",
        "transport-gateway",
        "gateway",
        [("socket", HaPaths.ControlSocket), ("address", plan.VirtualAddress), ("ports", string.Join(',', plan.Ports))],
        // systemd starts a gateway that died again at once; only one that does not come back moves.
        [("migration-threshold", "2"), ("failure-timeout", "120s")],
        ("start", "0", "60s", null),
        ("stop", "0", "30s", null),
        ("monitor", "3s", "20s", null));

    private static XElement FenceDevice(FencingPlan fencing, string node) => Primitive(
        FenceId(node),
        "stonith",
        null,
        fencing.Agent,
        [.. fencing.Of(node).Select(parameter => (parameter.Key, parameter.Value)), ("pcmk_host_list", node), ("pcmk_host_check", "static-list")],
        [],
        ("monitor", "60s", "30s", null));

    public static string FenceId(string node) => $"fence-{node}";

    private static XElement Primitive(
        string id,
        string resourceClass,
        string? provider,
        string type,
        IEnumerable<(string Name, string Value)> parameters,
        IReadOnlyList<(string Name, string Value)> meta,
        params (string Name, string Interval, string Timeout, string? Role)[] operations)
    {
        var primitive = new XElement("primitive", new XAttribute("id", id), new XAttribute("class", resourceClass));
        if (provider is not null)
        {
            primitive.Add(new XAttribute("provider", provider));
        }

        primitive.Add(new XAttribute("type", type), Values("instance_attributes", $"{id}-parameters", parameters));
        if (meta.Count > 0)
        {
            primitive.Add(Values("meta_attributes", $"{id}-meta", meta));
        }

        primitive.Add(new XElement("operations", operations.Select(operation => new XElement(
            "op",
            new XAttribute("id", $"{id}-{operation.Name}-{operation.Interval}"),
            new XAttribute("name", operation.Name),
            new XAttribute("interval", operation.Interval),
            new XAttribute("timeout", operation.Timeout),
            operation.Role is null ? null : new XAttribute("role", operation.Role)))));
        return primitive;
    }

    private static XElement Values(string element, string id, IEnumerable<(string Name, string Value)> values) => new(
        element,
        new XAttribute("id", id),
        values.Select(value => new XElement("nvpair", new XAttribute("id", $"{id}-{value.Name}"), new XAttribute("name", value.Name), new XAttribute("value", value.Value))));

    private static XElement Colocation(string id, string resource, string with, params (string Name, string Value)[] more) => new(
        "rsc_colocation",
        new XAttribute("id", id),
        new XAttribute("score", "INFINITY"),
        new XAttribute("rsc", resource),
        new XAttribute("with-rsc", with),
        more.Select(attribute => new XAttribute(attribute.Name, attribute.Value)));

    private static XElement Order(string id, string first, string action, string then) => new(
        "rsc_order",
        new XAttribute("id", id),
        new XAttribute("kind", "Mandatory"),
        new XAttribute("first", first),
        new XAttribute("first-action", action),
        new XAttribute("then", then),
        new XAttribute("then-action", "start"));
}

/// <summary>How each node can be switched off from outside. Holds passwords: for root alone.</summary>
internal sealed record FencingPlan(string Agent, IReadOnlyDictionary<string, IReadOnlyDictionary<string, string>> Nodes)
{
    public IReadOnlyDictionary<string, string> Of(string node) => Nodes[node];

    /// <exception cref="TgctlException">It is not what is expected; the sentence says what is.</exception>
    public static FencingPlan FromJson(string text)
    {
        const string Expected = """{"agent": "fence_ipmilan", "primary-node": {"ip": "...", "username": "...", "password": "..."}, "secondary-node": {...}}""";
        try
        {
            using var document = JsonDocument.Parse(text);
            var agent = document.RootElement.GetProperty("agent").GetString()!;
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

    public string ToJson()
    {
        var root = new System.Text.Json.Nodes.JsonObject { ["agent"] = Agent };
        foreach (var (node, parameters) in Nodes)
        {
            root[node] = JsonSerializer.SerializeToNode(parameters);
        }

        return root.ToJsonString();
    }
}
