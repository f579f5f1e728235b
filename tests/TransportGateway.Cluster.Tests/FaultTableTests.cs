using TransportGateway.Cluster.Tests.Load;

namespace TransportGateway.Cluster.Tests;

/// <summary>Which bars a measurement holds; the cluster itself is not needed for that.</summary>
public sealed class FaultTableTests
{
    [Fact]
    public void Runs_that_hold_every_bar_are_a_row_with_medians_and_worsts()
    {
        FaultResult[] results = [Result("kill-database", gap: 3), Result("kill-database", gap: 8), Result("kill-database", gap: 4)];

        Assert.Empty(FaultTable.Missed(results));
        Assert.EndsWith("| kill-database | 3 | 4.0 | 8.0 | 9.0 | 9.0 | 300 | 0 | 0 | 0 | 0 | nothing lost, < 6 s: holds |\n", FaultTable.Of(results), StringComparison.Ordinal);
    }

    [Fact]
    public void Each_bar_can_be_missed_and_is_named()
    {
        Assert.Equal(["kill-database: the median gap is 6.0 s"], FaultTable.Missed([Result("kill-database", gap: 6)]));
        Assert.Equal(["kill-database: something acknowledged was lost"], FaultTable.Missed([Result("kill-database") with { Lost = ["a registration"] }]));
        Assert.Equal(["kill-database: two nodes were active at once"], FaultTable.Missed([Result("kill-database") with { TwoActive = 1 }]));
        Assert.Equal(["kill-database: a product would have to register again"], FaultTable.Missed([Result("kill-database") with { RegistrationsLost = 1 }]));
        Assert.Equal(["switchover: a patient product saw a failure"], FaultTable.Missed([Result("switchover") with { PatientFailures = ["refused"] }]));
        Assert.Equal(["stalled-receiver-then-power-loss: no product hung up, so the fault was none"], FaultTable.Missed([Result("stalled-receiver-then-power-loss") with { HangUps = 0 }]));
        Assert.Contains("**missed**", FaultTable.Of([Result("kill-database", gap: 6)]), StringComparison.Ordinal);
    }

    [Fact]
    public void What_people_do_has_no_bar_for_its_gap_and_a_power_loss_a_longer_one()
    {
        Assert.Empty(FaultTable.Missed([Result("secondary-replaced", gap: 60), Result("power-loss-of-active", gap: 9.9)]));
        Assert.Single(FaultTable.Missed([Result("power-loss-of-active", gap: 10)]));
    }

    private static FaultResult Result(string fault, double gap = 1) => new(
        Fault.Find(fault), TimeSpan.FromSeconds(gap), Acknowledged: 100, Lost: [], TwoActive: 0, BackToNormal: TimeSpan.FromSeconds(9), RegistrationsLost: 0, PatientFailures: [], HangUps: 3, RoleChange: null, Fenced: []);
}
