using System.Xml.Linq;
using TransportGateway.Cluster;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Tests.Harness;

/// <summary>What a gateway finds on a machine that is a node of a cluster, without the cluster: the plan, and what Pacemaker said last.</summary>
internal sealed class SimulatedCluster : IDisposable
{
    private const string Facts = "1795490608;25276514304;24253800448;2040373248;1815965696;0.1.0";

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-cluster-").FullName;

    public SimulatedCluster()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Files.SwitchoverRequest)!);
        Show();
    }

    public static ClusterPlan Plan { get; } = new()
    {
        Name = "transport-gateway",
        VirtualAddress = "192.0.2.12",
        PrefixLength = 24,
        Nodes = [new(ClusterPlan.PrimaryNode, "192.0.2.5", "192.168.1.4"), new(ClusterPlan.SecondaryNode, "192.0.2.10", "192.168.1.5")],
        Witness = "192.0.2.20",
        FenceAgent = "fence_ipmilan",
        ThisNode = ClusterPlan.PrimaryNode,
        DatabasePrograms = "/usr/lib/postgresql/15/bin",
    };

    public ClusterFiles Files => new(
        Path.Combine(_folder, "cluster.json"), Path.Combine(_folder, "status.xml"), Path.Combine(_folder, "switchover.json"), Path.Combine(_folder, "gateway", "switchover"));

    /// <summary>As crm_mon of Pacemaker 2.1.5 prints it, shortened; everything runs.</summary>
    public static XElement Document() => XElement.Parse(
        $"""
        <pacemaker-result api-version="2.25" request="crm_mon --one-shot --output-as=xml">
          <summary><current_dc present="true" name="secondary-node" with_quorum="true"/></summary>
          <nodes>
            <node name="primary-node" id="1" online="true" pending="false" unclean="false"/>
            <node name="secondary-node" id="2" online="true" pending="false" unclean="false"/>
          </nodes>
          <resources>
            <clone id="postgres-clone" multi_state="true">
              <resource id="postgres" resource_agent="ocf:transport-gateway:postgres" role="Promoted" failed="false"><node name="primary-node" id="1"/></resource>
              <resource id="postgres" resource_agent="ocf:transport-gateway:postgres" role="Unpromoted" failed="false"><node name="secondary-node" id="2"/></resource>
            </clone>
            <resource id="virtual-address" resource_agent="ocf:heartbeat:IPaddr2" role="Started" failed="false"><node name="primary-node" id="1"/></resource>
            <resource id="gateway" resource_agent="ocf:transport-gateway:gateway" role="Started" failed="false"><node name="primary-node" id="1"/></resource>
            <resource id="fence-primary-node" resource_agent="stonith:fence_ipmilan" role="Started" failed="false"><node name="secondary-node" id="2"/></resource>
            <resource id="fence-secondary-node" resource_agent="stonith:fence_ipmilan" role="Started" failed="false"><node name="primary-node" id="1"/></resource>
          </resources>
          <node_attributes>
            <node name="primary-node">
              <attribute name="master-postgres" value="1000"/><attribute name="tg-facts" value="{Facts}"/><attribute name="tg-witness" value="1"/>
            </node>
            <node name="secondary-node">
              <attribute name="master-postgres" value="100"/><attribute name="tg-facts" value="{Facts}"/><attribute name="tg-witness" value="1"/>
            </node>
          </node_attributes>
          <status code="0" message="OK"/>
        </pacemaker-result>
        """);

    public static XElement Node(XElement document, string name) => document.Element("nodes")!.Elements().Single(node => node.Attribute("name")!.Value == name);

    /// <summary>Writes what Pacemaker says, here until it says something else.</summary>
    public void Show(Action<XElement>? change = null, ClusterPlan? plan = null)
    {
        var document = Document();
        change?.Invoke(document);
        File.WriteAllText(Files.Plan, (plan ?? Plan).ToJson());
        File.WriteAllText(Files.Snapshot, document.ToString());
        File.SetLastWriteTimeUtc(Files.Snapshot, DateTime.MaxValue.AddYears(-1));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);
}
