using System.Xml.Linq;
using TransportGateway.Protocol.Cluster;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Cluster;

/// <summary>What is made of Pacemaker's words.</summary>
public sealed class ClusterReportTests
{
    private readonly XElement _document = SimulatedCluster.Document();

    [Fact]
    public void A_cluster_in_which_everything_runs_is_normal_and_shows_both_nodes()
    {
        var report = Report();

        Assert.True(report.IsNormal);
        Assert.Same(ClusterReport.NormalSentence, report.Sentence);
        Assert.True(report.HeartbeatIsConnected);
        Assert.Equal(ClusterPlan.PrimaryNode, report.Active!.Node.Name);
        Assert.Equal(new NodeFacts(new DateTimeOffset(2026, 11, 24, 3, 23, 28, TimeSpan.Zero), 25276514304, 24253800448, 2040373248, 1815965696, "0.1.0"), report.Members[1].Facts);
        Assert.Empty(report.Risks);
    }

    [Fact]
    public void A_node_that_is_away_degrades_the_cluster_in_the_words_that_administrators_know()
    {
        Node("secondary-node").SetAttributeValue("online", "false");

        var report = Report();

        Assert.Equal("The cluster is degraded One of the cluster nodes is offline", report.Sentence.ToString());
        Assert.False(report.HeartbeatIsConnected);
        Assert.NotNull(report.Active);
    }

    [Theory]
    [InlineData("/summary/current_dc", "with_quorum", "false", "too few votes are present")]
    [InlineData("/clone/resource[1]", "role", "Unpromoted", "no database is primary")]
    [InlineData("/resource[@id='gateway']/node", "name", "secondary-node", "no node serves yet")]
    [InlineData("/clone/resource[2]", "failed", "true", "the database on secondary-node does not run")]
    [InlineData("/node[@name='secondary-node']/attribute[@name='master-postgres']", "value", "-INFINITY", "secondary-node does not have everything yet")]
    [InlineData("/node[@name='primary-node']/attribute[@name='tg-witness']", "value", "0", "the witness does not answer")]
    [InlineData("/resource[@id='fence-primary-node']", "role", "Stopped", "fencing does not work (fence-primary-node)")]
    public void Each_part_that_is_missing_degrades_the_cluster_and_is_named(string place, string attribute, string value, string expected)
    {
        System.Xml.XPath.Extensions.XPathSelectElement(_document, "/" + place)!.SetAttributeValue(attribute, value);

        var report = Report();

        Assert.False(report.IsNormal);
        Assert.Equal($"The cluster is degraded: {expected}", report.Sentence.ToString());
    }

    [Theory]
    [InlineData("/summary/current_dc", "with_quorum", "true", true)]
    [InlineData("/node[@name='primary-node']/attribute[@name='tg-witness']", "value", "0", true)]
    [InlineData("/resource[@id='fence-primary-node']", "role", "Stopped", true)]
    [InlineData("/resource[@id='gateway']/node", "name", "secondary-node", false)]
    [InlineData("/clone/resource[2]", "failed", "true", false)]
    [InlineData("/node[@name='secondary-node']/attribute[@name='master-postgres']", "value", "-INFINITY", false)]
    [InlineData("/nodes/node[@name='secondary-node']", "online", "false", false)]
    public void Neither_witness_nor_fencing_keeps_a_standby_from_being_one(string place, string attribute, string value, bool hasStandby)
    {
        System.Xml.XPath.Extensions.XPathSelectElement(_document, "/" + place)!.SetAttributeValue(attribute, value);

        Assert.Equal(hasStandby, Report().HasStandby);
    }

    [Fact]
    public void Two_halves_of_an_unfenced_cluster_that_both_serve_are_shown_as_that()
    {
        _document.Element("resources")!.Element("clone")!.Elements().Last().SetAttributeValue("role", "Promoted");
        foreach (var resource in _document.Element("resources")!.Elements("resource"))
        {
            resource.Add(new XElement("node", new XAttribute("name", "secondary-node"), new XAttribute("id", "2")));
        }

        Assert.Null(Report().Active);
        Assert.Equal("The cluster is degraded: both nodes serve, each without the other", Report().Sentence.ToString());
    }

    [Fact]
    public void What_was_accepted_at_deployment_is_a_risk_for_as_long_as_it_lasts()
    {
        var report = Report(SimulatedCluster.Plan with { Witness = null, FenceAgent = null });

        Assert.Collection(
            report.Risks,
            risk => Assert.StartsWith("There is no witness", risk.ToString(), StringComparison.Ordinal),
            risk => Assert.StartsWith("There is no fencing", risk.ToString(), StringComparison.Ordinal));
    }

    [Fact]
    public void A_change_of_roles_has_the_cause_that_Pacemaker_knows()
    {
        _document.Add(
            new XElement("failures", new XElement("failure", new XAttribute("op_key", "postgres_monitor_2000"), new XAttribute("node", "primary-node"), new XAttribute("exitstatus", "not running"))),
            new XElement("fence_history", new XElement(
                "fence_event", new XAttribute("target", "secondary-node"), new XAttribute("action", "reboot"), new XAttribute("status", "success"), new XAttribute("completed", "2026-11-24 03:20:00Z"))));
        Assert.StartsWith("something failed on primary-node: postgres_monitor_2000 on primary-node 'not running'", Report().WhyAway("primary-node"), StringComparison.Ordinal);
        Assert.Equal("the role was moved from secondary-node", Report().WhyAway("secondary-node"));

        Node("secondary-node").SetAttributeValue("online", "false");
        Assert.Equal("secondary-node was switched off by fencing (reboot) at 2026-11-24 03:20:00 UTC", Report().WhyAway("secondary-node"));

        _document.Element("fence_history")!.Remove();
        Assert.Equal("secondary-node left the cluster", Report().WhyAway("secondary-node"));
    }

    [Fact]
    public void A_node_that_is_being_stopped_is_the_cause_and_not_somebody_who_moved_the_role()
    {
        Node("primary-node").SetAttributeValue("shutdown", "true");

        Assert.Equal("the cluster was stopped on primary-node", Report().WhyAway("primary-node"));
    }

    [Fact]
    public void Fencing_without_a_device_is_not_ready()
    {
        Assert.True(Report().FencingIsReady);
        _document.Element("resources")!.Elements("resource").Where(resource => resource.Attribute("resource_agent")!.Value.StartsWith("stonith:", StringComparison.Ordinal)).Remove();

        Assert.False(Report().FencingIsReady);
    }

    [Fact]
    public void A_node_that_waits_for_the_other_one_says_so_and_what_to_do()
    {
        Node("primary-node").SetAttributeValue("online", "false");
        foreach (var resource in _document.Element("resources")!.Descendants("resource").Where(resource => resource.Element("node")!.Attribute("name")!.Value == "primary-node").ToArray())
        {
            resource.Remove();
        }

        System.Xml.XPath.Extensions.XPathSelectElement(_document, "//node[@name='secondary-node']/attribute[@name='master-postgres']")!.Remove();

        Assert.Equal(
            "secondary-node may lack what primary-node acknowledged last, and waits for it: start primary-node. If that one is gone for good, run ha_teardown on secondary-node: it goes on alone with what it has.",
            Assert.Single(Report().Risks).ToString());

        _document.Element("summary")!.Element("current_dc")!.SetAttributeValue("with_quorum", "false");
        Assert.StartsWith("secondary-node alone has too few votes to serve, and waits for primary-node: start primary-node.", Assert.Single(Report().Risks).ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("crm_mon: Connection to cluster failed")]
    [InlineData("<pacemaker-result><status code=\"102\" message=\"Not connected\"/></pacemaker-result>")]
    [InlineData("<!DOCTYPE r [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><pacemaker-result><nodes>&e;</nodes><status code=\"0\"/></pacemaker-result>")]
    public void What_is_no_report_is_none(string text) => Assert.Null(ClusterReport.Parse(text, SimulatedCluster.Plan));

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("1;2;3;4;5")]
    [InlineData("99999999999999;2;3;4;5;0.1.0")]
    [InlineData("-1;2;3;4;5;0.1.0")]
    [InlineData("x;2;3;4;5;0.1.0")]
    public void Facts_that_are_not_six_fields_are_none(string? text) => Assert.Null(NodeFacts.Parse(text));

    [Fact]
    public void A_plan_comes_back_from_its_file_as_it_was()
    {
        var read = ClusterPlan.FromJson(SimulatedCluster.Plan.ToJson());

        Assert.Equal(SimulatedCluster.Plan.ToJson(), read.ToJson());
        Assert.Equal("192.168.1.4", read.This.PrivateAddress);
        Assert.Equal("192.168.1.5", read.Peer.PrivateAddress);
        Assert.Throws<System.Text.Json.JsonException>(() => ClusterPlan.FromJson("""{"name": "transport-gateway"}"""));
    }

    private XElement Node(string name) => SimulatedCluster.Node(_document, name);

    private ClusterReport Report(ClusterPlan? plan = null) => ClusterReport.Parse(_document.ToString(), plan ?? SimulatedCluster.Plan)!;
}
