using System.Text.Json.Nodes;
using TransportGateway.Cli.Ha;

namespace TransportGateway.Tests.Cluster;

/// <summary>What ha_deploy finds before it changes anything.</summary>
public sealed class DeploymentChecksTests
{
    private static readonly DeploymentRequest Request = new("192.0.2.12", "192.0.2.5", "192.168.1.4", "192.0.2.10", "192.168.1.5", "192.0.2.20", null, null, false, true);

    private static readonly DateTimeOffset Asked = new(2026, 11, 24, 3, 0, 0, TimeSpan.Zero);

    private readonly JsonObject _here = Facts("192.0.2.5/24", "192.168.1.4/30");
    private readonly JsonObject _there = Facts("192.0.2.10/24", "192.168.1.5/30");

    [Fact]
    public void Two_nodes_that_fit_have_no_problem_and_the_prefix_of_their_public_network()
    {
        var (problems, prefix) = DeploymentChecks.Of(Request, _here, _there, Asked);

        Assert.Empty(problems);
        Assert.Equal(24, prefix);
    }

    [Fact]
    public void All_problems_are_told_at_once_each_with_what_to_do()
    {
        _there["missing"] = new JsonArray("pacemaker", "corosync");
        _there["freeBytes"] = 100L * 1024 * 1024;
        _there["version"] = "0.2.0";
        _there["databasePrograms"] = "/usr/lib/postgresql/17/bin";
        _there["time"] = "2026-11-24T03:00:07Z";

        Assert.Equal(
            [
                "The secondary node lacks packages: apt-get install pacemaker corosync",
                "The secondary node has 100 MB free for the database; at least 512 MB are needed. Make room and try again.",
                "This node runs version 0.1.0, the secondary node 0.2.0. Install the same version on both.",
                "The nodes have different versions of PostgreSQL (/usr/lib/postgresql/15/bin, /usr/lib/postgresql/17/bin). Install the same on both.",
                "The clocks of the nodes are 7 s apart. Set up time synchronization (NTP) on both and try again.",
            ],
            DeploymentChecks.Of(Request, _here, _there, Asked).Problems);
    }

    [Theory]
    [InlineData("03:00:02", true)]
    [InlineData("02:59:58", true)]
    [InlineData("02:59:57.9", false)]
    [InlineData("03:00:02.1", false)]
    public void Clocks_may_differ_by_two_seconds_in_either_direction(string theirs, bool fits)
    {
        _there["time"] = $"2026-11-24T{theirs}Z";

        Assert.Equal(fits, DeploymentChecks.Of(Request, _here, _there, Asked).Problems.Count == 0);
    }

    [Theory]
    [InlineData("licences", "'licences' is no IP address")]
    [InlineData("192.0.3.12", "is not in the network of 192.0.2.5/24")]
    [InlineData("2001:db8::12", "is not in the network of 192.0.2.5/24")]
    [InlineData("192.0.2.10", "is a machine's own address")]
    [InlineData("192.0.2.20", "is a machine's own address")]
    public void A_virtual_address_that_cannot_be_is_refused(string address, string expected) =>
        Assert.Contains(expected, Assert.Single(DeploymentChecks.Of(Request with { VirtualAddress = address }, _here, _there, Asked).Problems), StringComparison.Ordinal);

    [Fact]
    public void An_address_that_the_other_node_does_not_have_is_refused_with_those_that_it_has() => Assert.Equal(
        "192.0.2.11 is no address of the secondary node; it has 192.0.2.10, 192.168.1.5.",
        Assert.Single(DeploymentChecks.Of(Request with { PeerPublic = "192.0.2.11" }, _here, _there, Asked).Problems));

    [Fact]
    public void A_virtual_address_of_version_6_fits_into_its_network()
    {
        var request = Request with { VirtualAddress = "2001:db8:1::12", Public = "2001:db8:1::5", PeerPublic = "2001:db8:1::10" };
        var (problems, prefix) = DeploymentChecks.Of(request, Facts("2001:db8:1::5/64", "192.168.1.4/30"), Facts("2001:db8:1::10/64", "192.168.1.5/30"), Asked);

        Assert.Empty(problems);
        Assert.Equal(64, prefix);
    }

    [Fact]
    public void A_node_without_the_fence_agent_is_named_before_anything_is_changed()
    {
        _there["lacksFenceAgent"] = true;
        var request = Request with { Fencing = FencingPlan.FromJson("""{"agent": "fence_ipmilan", "primary-node": {}, "secondary-node": {}}""") };

        Assert.Equal(
            "The secondary node does not have the fence agent fence_ipmilan: apt-get install fence-agents, or correct the fencing file.",
            Assert.Single(DeploymentChecks.Of(request, _here, _there, Asked).Problems));
    }

    [Theory]
    [InlineData(Standing.Behind, true, true, true, "may lack what the other one acknowledged")]
    [InlineData(Standing.Behind, false, false, false, "may lack what the other one acknowledged")]
    [InlineData(Standing.StandAlone, false, false, true, "is in a running cluster that this node is not in")]
    [InlineData(Standing.Last, false, false, true, "Run ha_cluster_start here first.")]
    [InlineData(Standing.Active, true, true, false, "Another machine is this cluster's secondary node")]
    public void What_the_other_node_acknowledged_is_never_overwritten_by_a_node_that_may_lack_it(string standing, bool runsHere, bool hasPeer, bool runsThere, string expected) =>
        Assert.Contains(expected, Assert.Single(ProblemsOf(standing, runsHere, hasPeer, runsThere)), StringComparison.Ordinal);

    [Theory]
    [InlineData(Standing.Active, true, true, true)]
    [InlineData(Standing.Standby, true, true, true)]
    [InlineData(Standing.Active, true, false, false)]
    [InlineData(Standing.Last, false, false, false)]
    [InlineData(Standing.StandAlone, false, false, false)]
    public void A_node_that_has_everything_deploys_again(string standing, bool runsHere, bool hasPeer, bool runsThere) =>
        Assert.Empty(ProblemsOf(standing, runsHere, hasPeer, runsThere));

    [Fact]
    public void A_machine_that_is_named_as_the_other_node_is_renamed_first()
    {
        (_here["hostName"], _there["hostName"]) = ("secondary-node", "primary-node");

        Assert.Equal(
            [
                "This node has the host name secondary-node, and Corosync would take it for the other node. Rename it (hostnamectl set-hostname primary-node) and try again.",
                "The secondary node has the host name primary-node, and Corosync would take it for the other node. Rename it (hostnamectl set-hostname secondary-node) and try again.",
            ],
            DeploymentChecks.Of(Request, _here, _there, Asked).Problems);
    }

    private List<string> ProblemsOf(string standing, bool runsHere, bool hasPeer, bool runsThere)
    {
        (_here["standing"], _here["clusterRuns"], _here["hasPeer"], _there["clusterRuns"]) = (standing, runsHere, hasPeer, runsThere);
        return DeploymentChecks.Of(Request, _here, _there, Asked).Problems;
    }

    private static JsonObject Facts(params string[] addresses) => new()
    {
        ["version"] = "0.1.0",
        ["time"] = "2026-11-24T03:00:00Z",
        ["missing"] = new JsonArray(),
        ["databasePrograms"] = "/usr/lib/postgresql/15/bin",
        ["freeBytes"] = 2L * 1024 * 1024 * 1024,
        ["hostName"] = "gateway",
        ["lacksFenceAgent"] = false,
        ["standing"] = Standing.StandAlone,
        ["hasPeer"] = false,
        ["clusterRuns"] = false,
        ["addresses"] = new JsonArray([.. addresses.Select(address => JsonValue.Create(address))]),
    };
}
