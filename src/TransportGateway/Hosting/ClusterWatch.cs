using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>Enters what becomes of the cluster into the event log, and keeps an alert open while it is degraded.</summary>
internal sealed class ClusterWatch(ClusterSnapshot snapshot, Database database, NodeRole role, TimeProvider clock) : IJob
{
    private static readonly AlertSubject Subject = new("", "", Alerts.ClusterDegraded, "cluster");

    private string? _sentence;

    // Cancelled as soon as this node took over anew: what the other one entered meanwhile is not known here.
    private CancellationToken _activation;

    public string Name => "cluster watch";

    public TimeSpan Interval => TimeSpan.FromSeconds(3);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var activation = role.NextActivation;
        // While this node does not serve behind the virtual address, the roles are still moving.
        if (snapshot.Report() is not { } report || report.Active?.Node.Name != report.Plan.ThisNode || (report.Sentence.ToString() == _sentence && !_activation.IsCancellationRequested))
        {
            return;
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (report.IsNormal)
        {
            await new Alerts(session).ClearAsync(Subject, now, cancellationToken);
        }
        else
        {
            await new Alerts(session).RaiseAsync(Subject, AlertSeverity.Major, report.Sentence.ToString(), now, cancellationToken);
        }

        var names = string.Join("; ", report.Members.Where(member => !member.Online).Select(member => report.WhyAway(member.Node.Name)));
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                report.IsNormal ? EventKinds.ClusterNormal : EventKinds.ClusterDegraded,
                report.IsNormal ? Severity.Info : Severity.Warning,
                "gateway",
                names.Length == 0 ? report.Sentence.ToString() : $"{report.Sentence}: {names}"),
            now,
            cancellationToken);
        await session.CommitAsync();
        (_sentence, _activation) = (report.Sentence.ToString(), activation);
    }
}
