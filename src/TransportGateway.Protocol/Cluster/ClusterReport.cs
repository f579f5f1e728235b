using System.Globalization;
using System.Xml;
using System.Xml.Linq;

namespace TransportGateway.Protocol.Cluster;

/// <summary>What Pacemaker knows of the cluster, as <c>crm_mon --output-as=xml</c> prints it (observed with 2.1.5).</summary>
public sealed record ClusterReport
{
    public static readonly Sentence NormalSentence = new("The status of the high availability cluster is normal.");

    /// <summary>The words of the product that stands here today, missing full stop included.</summary>
    public static readonly Sentence NodeOfflineSentence = new("The cluster is degraded One of the cluster nodes is offline");

    private const string DatabaseClone = "postgres-clone";
    private const string VirtualAddress = "virtual-address";
    private const string Gateway = "gateway";
    private const string ScoreAttribute = "master-postgres";
    private const string FactsAttribute = "tg-facts";

    public required ClusterPlan Plan { get; init; }

    public required bool HasQuorum { get; init; }

    public required IReadOnlyList<ClusterMember> Members { get; init; }

    /// <summary>Operations that failed lately, in Pacemaker's words.</summary>
    public required IReadOnlyList<string> Failures { get; init; }

    public required IReadOnlyList<FenceEvent> Fencings { get; init; }

    /// <summary>Whether each fence device is started somewhere; empty without fencing.</summary>
    public required IReadOnlyDictionary<string, bool> FenceDevices { get; init; }

    /// <summary>The node that serves: its database is the primary, the virtual address is there, and its gateway is ready. Null when none does, or more than one.</summary>
    public ClusterMember? Active => Serving.ToArray() is [var only] ? only : null;

    public bool HeartbeatIsConnected => Members.All(member => member.Online);

    /// <summary>Both nodes are there, one serves, and the other one has everything that the first acknowledged.</summary>
    public bool IsNormal => Problem is null;

    /// <summary>One node serves, and the other one could take over: it has everything that the first acknowledged. Witness and fencing may be missing.</summary>
    public bool HasStandby => Active is { } active && Members.All(member => member == active || member is { Online: true, DatabaseRuns: true, MayBePromoted: true });

    public Sentence Sentence => Problem ?? NormalSentence;

    /// <summary>Whether each node could be switched off from outside now.</summary>
    /// <remarks>With watchdogs there is no device; Pacemaker does not run at all unless sbd has opened one.</remarks>
    public bool FencingIsReady => Plan.FenceAgent == ClusterPlan.Watchdog || (FenceDevices.Count > 0 && FenceDevices.Values.All(started => started));

    /// <summary>What people have to know while it lasts: what was taken on at the deployment, and what the cluster waits for.</summary>
    public IEnumerable<Sentence> Risks
    {
        get
        {
            if (Waits is { } waits)
            {
                yield return waits;
            }

            if (Plan.Witness is null)
            {
                yield return new Sentence("There is no witness: when the link between the nodes is cut, none of them knows whether it may go on. Deploy again with --witness.");
            }

            if (Plan.FenceAgent is null)
            {
                yield return new Sentence("There is no fencing: a node that does not answer cannot be known to be dead, and acknowledged changes can be lost. Deploy again with --fencing.");
            }
        }
    }

    /// <summary>Why a node does not serve, as far as Pacemaker knows.</summary>
    public string WhyAway(string node)
    {
        if (Members.SingleOrDefault(member => member.Node.Name == node) is { Online: true } there)
        {
            return there.IsLeaving ? $"the cluster was stopped on {node}"
                : Failures.FirstOrDefault(failure => failure.Contains($" on {node} ", StringComparison.Ordinal)) is { } failure
                ? $"something failed on {node}: {failure}"
                : $"the role was moved from {node}";
        }

        return Fencings.FirstOrDefault(fencing => fencing.Target == node && fencing.Status == "success") is { } fenced
            ? $"{node} was switched off by fencing ({fenced.Action}) at {fenced.Completed:yyyy-MM-dd HH:mm:ss} UTC"
            : $"{node} left the cluster";
    }

    /// <summary>Why a node that is there does not serve: both were down, and only together they know who acknowledged last, or have a majority.</summary>
    private Sentence? Waits
    {
        get
        {
            var away = Members.FirstOrDefault(member => !member.Online)?.Node.Name;
            var waiting = Members.FirstOrDefault(member => member is { Online: true, MayBePromoted: false } && (member.DatabaseRuns || !HasQuorum))?.Node.Name;
            return away is null || waiting is null || Members.Any(member => member.IsPrimary)
                ? null
                : HasQuorum
                ? new Sentence("{0} may lack what {1} acknowledged last, and waits for it: start {1}. If that one is gone for good, run ha_teardown on {0}: it goes on alone with what it has.", waiting, away)
                : new Sentence("{0} alone has too few votes to serve, and waits for {1}: start {1}. If that one is gone for good, run ha_teardown on {0}: it goes on alone with what it has.", waiting, away);
        }
    }

    private IEnumerable<ClusterMember> Serving => Members.Where(member => member is { IsPrimary: true, HoldsAddress: true, Serves: true });

    private Sentence? Problem
    {
        get
        {
            if (!HeartbeatIsConnected)
            {
                return NodeOfflineSentence;
            }

            if (!HasQuorum)
            {
                return new Sentence("The cluster is degraded: too few votes are present");
            }

            if (Active is not { } active)
            {
                return Serving.Any() ? new Sentence("The cluster is degraded: both nodes serve, each without the other")
                    : Members.Any(member => member.IsPrimary) ? new Sentence("The cluster is degraded: no node serves yet")
                    : new Sentence("The cluster is degraded: no database is primary");
            }

            var standby = Members.Single(member => member != active);
            return standby switch
            {
                { DatabaseRuns: false } => new Sentence("The cluster is degraded: the database on {0} does not run", standby.Node.Name),
                { MayBePromoted: false } => new Sentence("The cluster is degraded: {0} does not have everything yet", standby.Node.Name),
                _ when Plan.Witness is not null && !active.WitnessVotes => new Sentence("The cluster is degraded: the witness does not answer"),
                _ when FenceDevices.Values.Any(started => !started) =>
                    new Sentence("The cluster is degraded: fencing does not work ({0})", string.Join(", ", FenceDevices.Where(device => !device.Value).Select(device => device.Key))),
                _ => null,
            };
        }
    }

    /// <summary>Null when the cluster does not run on the machine that was asked, or the text is not a report.</summary>
    public static ClusterReport? Parse(string xml, ClusterPlan plan)
    {
        XElement root;
        try
        {
            using var reader = XmlReader.Create(new StringReader(xml), new XmlReaderSettings { DtdProcessing = DtdProcessing.Prohibit });
            root = XElement.Load(reader);
        }
        catch (XmlException)
        {
            return null;
        }

        if (root.Element("nodes") is not { } nodes || root.Element("status")?.Attribute("code")?.Value != "0")
        {
            return null;
        }

        var resources = root.Element("resources")?.Descendants("resource").ToArray() ?? [];
        return new ClusterReport
        {
            Plan = plan,
            HasQuorum = root.Element("summary")?.Element("current_dc")?.Attribute("with_quorum")?.Value == "true",
            Members = [.. plan.Nodes.Select(node => Member(node, root, nodes, resources))],
            Failures = [.. root.Element("failures")?.Elements("failure").Select(Failure) ?? []],
            Fencings = [.. root.Element("fence_history")?.Elements("fence_event").Select(Fencing) ?? []],
            FenceDevices = resources.Where(resource => Text(resource, "resource_agent").StartsWith("stonith:", StringComparison.Ordinal))
                .ToDictionary(resource => Text(resource, "id"), resource => Text(resource, "role") == "Started" && Text(resource, "failed") != "true", StringComparer.Ordinal),
        };
    }

    private static ClusterMember Member(ClusterNode node, XElement root, XElement nodes, XElement[] resources)
    {
        var element = nodes.Elements("node").SingleOrDefault(candidate => Text(candidate, "name") == node.Name);
        var attributes = root.Element("node_attributes")?.Elements("node").Where(candidate => Text(candidate, "name") == node.Name).Elements("attribute")
            .ToDictionary(attribute => Text(attribute, "name"), attribute => Text(attribute, "value"), StringComparer.Ordinal) ?? [];
        var database = resources.FirstOrDefault(resource => IsOn(resource, node) && resource.Parent is { } parent && Text(parent, "id") == DatabaseClone);
        return new ClusterMember
        {
            Node = node,
            Online = element is not null && Text(element, "online") == "true" && Text(element, "pending") != "true",
            IsLeaving = element is not null && Text(element, "shutdown") == "true",
            Unclean = element is not null && Text(element, "unclean") == "true",
            DatabaseRuns = database is not null && Text(database, "failed") != "true",
            IsPrimary = database is not null && Text(database, "role") is "Promoted" or "Master",
            MayBePromoted = attributes.TryGetValue(ScoreAttribute, out var score) && int.TryParse(score, CultureInfo.InvariantCulture, out var points) && points > 0,
            HoldsAddress = resources.Any(resource => Text(resource, "id") == VirtualAddress && IsOn(resource, node)),
            Serves = resources.Any(resource => Text(resource, "id") == Gateway && IsOn(resource, node)),
            WitnessVotes = attributes.GetValueOrDefault("tg-witness") == "1",
            Facts = NodeFacts.Parse(attributes.GetValueOrDefault(FactsAttribute)),
        };
    }

    private static bool IsOn(XElement resource, ClusterNode node) => resource.Elements("node").Any(place => Text(place, "name") == node.Name);

    private static string Failure(XElement failure) =>
        $"{Text(failure, "op_key")} on {Text(failure, "node")} '{Text(failure, "exitstatus")}' ({Text(failure, "exitcode")}): call={Text(failure, "call")}, status={Text(failure, "status")}, "
        + $"exitreason='{Text(failure, "exitreason")}', last-rc-change='{Text(failure, "last-rc-change")}', queued={Text(failure, "queued")}ms, exec={Text(failure, "exec")}ms";

    private static FenceEvent Fencing(XElement fencing) => new(
        Text(fencing, "target"),
        Text(fencing, "action"),
        Text(fencing, "status"),
        DateTimeOffset.TryParse(Text(fencing, "completed"), CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at : null);

    private static string Text(XElement element, string attribute) => element.Attribute(attribute)?.Value ?? "";
}

/// <summary>One of the two nodes.</summary>
public sealed record ClusterMember
{
    public required ClusterNode Node { get; init; }

    public required bool Online { get; init; }

    /// <summary>It is being stopped, and hands over first.</summary>
    public required bool IsLeaving { get; init; }

    /// <summary>It is not known whether it is dead; it waits to be fenced.</summary>
    public required bool Unclean { get; init; }

    public required bool DatabaseRuns { get; init; }

    public required bool IsPrimary { get; init; }

    /// <summary>It has everything that was acknowledged.</summary>
    public required bool MayBePromoted { get; init; }

    public required bool HoldsAddress { get; init; }

    public required bool Serves { get; init; }

    /// <summary>The node counts the witness's vote.</summary>
    public required bool WitnessVotes { get; init; }

    /// <summary>Null while the node is away.</summary>
    public required NodeFacts? Facts { get; init; }
}

/// <param name="Seen">When the node said this; its last heartbeat as far as people are concerned.</param>
public sealed record NodeFacts(DateTimeOffset Seen, long MemoryBytes, long MemoryFreeBytes, long DiskBytes, long DiskFreeBytes, string Version)
{
    /// <summary>What the resource agent publishes: six fields with semicolons in between.</summary>
    public static NodeFacts? Parse(string? text)
    {
        var fields = text?.Split(';') ?? [];
        return fields.Length == 6
            && long.TryParse(fields[0], CultureInfo.InvariantCulture, out var seen)
            && seen is > 0 and < 253402300800
            && long.TryParse(fields[1], CultureInfo.InvariantCulture, out var memory)
            && long.TryParse(fields[2], CultureInfo.InvariantCulture, out var memoryFree)
            && long.TryParse(fields[3], CultureInfo.InvariantCulture, out var disk)
            && long.TryParse(fields[4], CultureInfo.InvariantCulture, out var diskFree)
            ? new NodeFacts(DateTimeOffset.FromUnixTimeSeconds(seen), memory, memoryFree, disk, diskFree, fields[5])
            : null;
    }
}

/// <param name="Action"><c>reboot</c> or <c>off</c>.</param>
/// <param name="Status"><c>success</c>, <c>failed</c> or <c>pending</c>.</param>
public sealed record FenceEvent(string Target, string Action, string Status, DateTimeOffset? Completed);
