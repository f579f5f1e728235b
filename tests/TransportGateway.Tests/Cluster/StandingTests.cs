using TransportGateway.Cli.Ha;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Tests.Cluster;

/// <summary>Whether a node's database may replace the other one's.</summary>
public sealed class StandingTests
{
    private static readonly ClusterPlan Plan = new()
    {
        Name = "test",
        VirtualAddress = "192.0.2.12",
        PrefixLength = 24,
        Nodes = [new(ClusterPlan.PrimaryNode, "192.0.2.5", "192.168.1.4"), new(ClusterPlan.SecondaryNode, "192.0.2.10", "192.168.1.5")],
        Witness = null,
        FenceAgent = null,
        ThisNode = ClusterPlan.PrimaryNode,
        DatabasePrograms = "/usr/lib/postgresql/15/bin",
    };

    [Theory]
    [InlineData(true, false, false, false, Standing.Active)]
    [InlineData(false, true, true, false, Standing.Standby)]
    // Two histories: it was alone, and the other one is primary now.
    [InlineData(false, false, true, true, Standing.Behind)]
    [InlineData(false, false, true, false, Standing.Behind)]
    // Both were down, and nobody is primary yet.
    [InlineData(false, false, false, true, Standing.Last)]
    [InlineData(false, false, false, false, Standing.Behind)]
    public void It_follows_from_what_the_cluster_says(bool isPrimary, bool mayBePromoted, bool otherIsPrimary, bool wasLast, string expected) =>
        Assert.Equal(expected, Standing.Of(Report(isPrimary, mayBePromoted, otherIsPrimary), Plan, wasLast));

    [Theory]
    [InlineData(true, Standing.Last)]
    [InlineData(false, Standing.Behind)]
    public void On_a_stopped_node_it_follows_from_what_the_node_remembers(bool wasLast, string expected) => Assert.Equal(expected, Standing.Of(null, Plan, wasLast));

    private static ClusterReport Report(bool isPrimary, bool mayBePromoted, bool otherIsPrimary) => new()
    {
        Plan = Plan,
        HasQuorum = true,
        Members = [Member(0, isPrimary, mayBePromoted), Member(1, otherIsPrimary, mayBePromoted: false)],
        Failures = [],
        Fencings = [],
        FenceDevices = new Dictionary<string, bool>(),
    };

    private static ClusterMember Member(int node, bool isPrimary, bool mayBePromoted) => new()
    {
        Node = Plan.Nodes[node],
        Online = true,
        IsLeaving = false,
        Unclean = false,
        DatabaseRuns = true,
        IsPrimary = isPrimary,
        MayBePromoted = mayBePromoted,
        HoldsAddress = isPrimary,
        Serves = isPrimary,
        WitnessVotes = false,
        Facts = null,
    };
}
