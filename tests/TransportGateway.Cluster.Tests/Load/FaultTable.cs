using System.Globalization;

namespace TransportGateway.Cluster.Tests.Load;

/// <summary>What came of many faults: the table of the operator's guide, and which bars hold.</summary>
internal static class FaultTable
{
    private const string Head =
        """
        | fault | runs | gap, median s | gap, worst s | normal again, median s | worst s | acknowledged | lost | two active | registrations lost | patient failures | bar |
        |---|---|---|---|---|---|---|---|---|---|---|---|
        """;

    public static string Of(IEnumerable<FaultResult> results) => string.Concat(ByFault(results).Select(Row).Prepend(Head + "\n"));

    /// <summary>A sentence for each bar that a fault missed.</summary>
    public static IReadOnlyList<string> Missed(IEnumerable<FaultResult> results) => [.. ByFault(results).SelectMany(MissedBy)];

    private static IEnumerable<FaultResult[]> ByFault(IEnumerable<FaultResult> results) => results.GroupBy(result => result.Fault).Select(group => group.ToArray());

    private static string Row(FaultResult[] runs)
    {
        var gaps = Seconds(runs, run => run.Gap);
        var backs = Seconds(runs, run => run.BackToNormal);
        var missed = MissedBy(runs).Any();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"| {runs[0].Fault.Name} | {runs.Length} | {Median(gaps):0.0} | {gaps[^1]:0.0} | {Median(backs):0.0} | {backs[^1]:0.0} | {runs.Sum(run => run.Acknowledged)} | {runs.Sum(run => run.Lost.Count)} | {runs.Sum(run => run.TwoActive)} | {runs.Sum(run => run.RegistrationsLost)} | {runs.Sum(run => run.PatientFailures.Count)} | {Bar(runs[0].Fault)}: {(missed ? "**missed**" : "holds")} |\n");
    }

    private static string Bar(Fault fault) => fault switch
    {
        { IsPlanned: true } => "nothing lost, no failed request",
        { GapBar: { } bar } => string.Create(CultureInfo.InvariantCulture, $"nothing lost, < {bar.TotalSeconds:0} s"),
        _ => "nothing lost",
    };

    private static IEnumerable<string> MissedBy(FaultResult[] runs)
    {
        var fault = runs[0].Fault;
        var gap = Median(Seconds(runs, run => run.Gap));
        foreach (var (isMissed, bar) in new[]
        {
            (runs.Any(run => run.Lost.Count > 0), "something acknowledged was lost"),
            (runs.Any(run => run.TwoActive > 0), "two nodes were active at once"),
            (runs.Any(run => run.RegistrationsLost > 0), "a product would have to register again"),
            (fault.IsPlanned && runs.Any(run => run.PatientFailures.Count > 0), "a patient product saw a failure"),
            (gap >= fault.GapBar?.TotalSeconds, string.Create(CultureInfo.InvariantCulture, $"the median gap is {gap:0.0} s")),
            (fault.HasHangUps && runs.Any(run => run.HangUps == 0), "no product hung up, so the fault was none"),
        })
        {
            if (isMissed)
            {
                yield return $"{fault.Name}: {bar}";
            }
        }
    }

    private static double[] Seconds(FaultResult[] runs, Func<FaultResult, TimeSpan> time) => [.. runs.Select(run => time(run).TotalSeconds).Order()];

    private static double Median(double[] ordered) => (ordered[(ordered.Length - 1) / 2] + ordered[ordered.Length / 2]) / 2;
}
