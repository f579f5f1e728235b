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
        foreach (var node in plan.Nodes.Where(_ => fencing is { IsWatchdog: false }))
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
            // So long after it lost its peer a node may take that one's own watchdog to have ended it.
            .. fencing is { IsWatchdog: true } ? new[] { ("stonith-watchdog-timeout", fencing.WatchdogTimeout) } : [],
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
        [("socket", HaPaths.ControlSocket), ("address", plan.VirtualAddress)],
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
