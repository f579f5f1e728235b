using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cluster;

/// <summary>Asks for the other node to serve. It is done a moment later, by Pacemaker; what becomes of it is in the HA status.</summary>
internal sealed class AskForSwitchover(ClusterSnapshot snapshot, SwitchoverRequest request, Database database, TimeProvider clock) : IDisposable
{
    private readonly SemaphoreSlim _one = new(1, 1);

    public abstract record Outcome
    {
        public sealed record Asked(string To) : Outcome;

        public sealed record Refused(Sentence Reason) : Outcome;

        private Outcome()
        {
        }
    }

    /// <param name="by">Who asks, as the event log shows it.</param>
    public async Task<Outcome> ExecuteAsync(string by, CancellationToken cancellationToken)
    {
        await _one.WaitAsync(cancellationToken);
        try
        {
            return snapshot.Plan is null ? new Outcome.Refused(new Sentence("HA is not enabled."))
                : snapshot.Report() is not { } report ? new Outcome.Refused(new Sentence("{0}. Nothing was changed.", HaStatus.NotRunning))
                : IsUnderWay() ? new Outcome.Refused(new Sentence("A switchover is under way already. Wait until the state is Normal again."))
                : !report.IsNormal ? new Outcome.Refused(new Sentence("{0}. A switchover needs a standby that has everything. Nothing was changed.", report.Sentence))
                : await AskAsync(by, report, cancellationToken);
        }
        finally
        {
            _one.Release();
        }
    }

    public void Dispose() => _one.Dispose();

    private bool IsUnderWay() =>
        request.AskedAt is not null || (snapshot.Switchover() is { State: SwitchoverProgress.UnderWay } last && clock.GetUtcNow() - last.At < SwitchoverRequest.Longest);

    private async Task<Outcome> AskAsync(string by, ClusterReport report, CancellationToken cancellationToken)
    {
        var from = report.Active!.Node.Name;
        var to = report.Members.Single(member => member != report.Active).Node.Name;
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.SwitchoverAsked, Severity.Warning, by, $"A switchover from {from} to {to} was asked for."), clock.GetUtcNow(), cancellationToken);
            await session.CommitAsync();
        }

        // After the commit: from now on the database may move at any moment.
        try
        {
            request.Leave();
            return new Outcome.Asked(to);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return new Outcome.Refused(new Sentence("The request cannot be left for the cluster ({0}). On either node root can switch over: tgctl ha switchover", exception.Message));
        }
    }
}
