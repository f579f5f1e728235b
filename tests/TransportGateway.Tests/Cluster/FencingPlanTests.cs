using System.Xml.Linq;
using TransportGateway.Cli;
using TransportGateway.Cli.Ha;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Tests.Cluster;

/// <summary>How each node is switched off, and what becomes of it in Pacemaker's configuration.</summary>
public sealed class FencingPlanTests
{
    private const string Ipmi = """{"agent":"fence_ipmilan","primary-node":{"ip":"192.0.2.105"},"secondary-node":{"ip":"192.0.2.110"}}""";

    private static readonly ClusterPlan Plan = new()
    {
        Name = "test",
        VirtualAddress = "192.0.2.12",
        PrefixLength = 24,
        Nodes = [new(ClusterPlan.PrimaryNode, "192.0.2.5", "192.168.1.4"), new(ClusterPlan.SecondaryNode, "192.0.2.10", "192.168.1.5")],
        Witness = "192.0.2.20",
        FenceAgent = null,
        ThisNode = ClusterPlan.PrimaryNode,
        DatabasePrograms = "/usr/lib/postgresql/15/bin",
    };

    [Fact]
    public void An_agent_is_a_device_for_each_node_that_runs_on_the_other_one()
    {
        var configuration = XDocument.Parse(PacemakerConfiguration.Of(Plan, FencingPlan.FromJson(Ipmi)));

        Assert.Equal(["fence-primary-node", "fence-secondary-node"], configuration.Descendants("primitive").Where(primitive => (string?)primitive.Attribute("class") == "stonith").Select(primitive => (string)primitive.Attribute("id")!));
        Assert.Equal(2, configuration.Descendants("rsc_location").Count());
        Assert.Equal("true", Property(configuration, "stonith-enabled"));
        Assert.Null(Property(configuration, "stonith-watchdog-timeout"));
    }

    [Fact]
    public void Watchdogs_need_no_device_and_a_time_after_which_they_have_done_their_work()
    {
        var plan = FencingPlan.FromJson("""{"agent": "watchdog", "timeout": "10s"}""");
        var configuration = XDocument.Parse(PacemakerConfiguration.Of(Plan, plan));

        Assert.DoesNotContain(configuration.Descendants("primitive"), primitive => (string?)primitive.Attribute("class") == "stonith");
        Assert.Equal(("true", "10s"), (Property(configuration, "stonith-enabled"), Property(configuration, "stonith-watchdog-timeout")));
        Assert.Equal(plan.WatchdogTimeout, FencingPlan.FromJson(plan.ToJson()).WatchdogTimeout);
    }

    [Theory]
    [InlineData("""{"agent": "watchdog", "timeout": "soon"}""", "'soon' is no timeout of a watchdog")]
    [InlineData("""{"agent": "watchdog", "timeout": "1s"}""", "'1s' is no timeout of a watchdog")]
    [InlineData("""{"agent": "watchdog"}""", "It looks like this:")]
    [InlineData("""{"agent": "reboot"}""", "'reboot' is no fence agent")]
    [InlineData("""{"agent": "fence_ipmilan"}""", "It looks like this:")]
    [InlineData("nothing", "It looks like this:")]
    public void What_is_no_plan_is_refused_with_what_one_is(string text, string expected) =>
        Assert.Contains(expected, Assert.Throws<TgctlException>(() => FencingPlan.FromJson(text)).Message, StringComparison.Ordinal);

    [Fact]
    public void A_plan_comes_back_as_it_was() => Assert.Equal(Ipmi, FencingPlan.FromJson(Ipmi).ToJson());

    private static string? Property(XDocument configuration, string name) =>
        configuration.Descendants("crm_config").Descendants("nvpair").SingleOrDefault(pair => (string?)pair.Attribute("name") == name)?.Attribute("value")?.Value;
}
