using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.Upstream;

/// <summary>How every account that synchronises stands.</summary>
internal sealed class ListSynchronizations(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <param name="FollowsDefault">The schedule is the one for all accounts.</param>
    /// <param name="Alert">The one word for how the account stands: what is worst comes first.</param>
    public sealed record State(
        LocalAccountRow Account, SynchronizationRow? Synchronization, RunRow? Last, Schedule Schedule, bool FollowsDefault, string Alert)
    {
        public Sentence ScheduleWords => FollowsDefault ? new Sentence("{0} (default)", Schedule.Words) : Schedule.Words;

        public IReadOnlyList<string> Withheld => Synchronization?.Withheld.Split(' ', StringSplitOptions.RemoveEmptyEntries) ?? [];
    }

    public async Task<IReadOnlyList<State>> ExecuteAsync(Caller caller, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var settings = await CentralSettings.LoadAsync(session, masterKey, cancellationToken);
        var rows = (await new Synchronizations(session).ListAsync(cancellationToken)).ToDictionary(row => row.AccountId, StringComparer.Ordinal);
        var runs = new SynchronizationRuns(session);
        var states = new List<State>();
        foreach (var account in (await new LocalAccounts(session).ListAsync(cancellationToken)).Where(account => account.SmartAccount is not null && caller.MaySee(account.Id)))
        {
            rows.TryGetValue(account.Id, out var row);
            var last = await runs.FindLastAsync(account.Id, cancellationToken);
            states.Add(new State(
                account, row, last, Schedule.Parse(row?.Schedule) ?? settings.Schedule, FollowsDefault: row?.Schedule is null, AlertOf(account, row, last, clock.GetUtcNow())));
        }

        return states;
    }

    private static string AlertOf(LocalAccountRow account, SynchronizationRow? state, RunRow? last, DateTimeOffset now) =>
        state?.RegisteredAt is null ? "Not registered"
        : state.DueAt <= now ? SynchronizationAlerts.Overdue
        : last?.State == RunState.Failed ? SynchronizationAlerts.Failed
        : account.SynchronizationNeeded ? SynchronizationNeed.Alert
        : state.LastSuccessAt is null ? "Never synchronised"
        : SynchronizationAlerts.Successful;
}
