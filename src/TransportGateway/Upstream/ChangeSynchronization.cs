using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.Upstream;

/// <summary>Sets when an account synchronises by itself, and what Software Central is not told of its products.</summary>
internal sealed class ChangeSynchronization(Database database, TimeProvider clock)
{
    /// <param name="Schedule">Null leaves it as it is.</param>
    /// <param name="FollowDefaultSchedule">Takes away the account's own schedule.</param>
    /// <param name="Withhold">Null leaves it as it is; empty for nothing.</param>
    public sealed record Request(Caller By, LocalAccountRow Account, Schedule? Schedule, bool FollowDefaultSchedule, IReadOnlyList<string>? Withhold);

    public abstract record Outcome
    {
        public sealed record Changed : Outcome;

        public sealed record Invalid(Sentence Reason) : Outcome;

        public sealed record NotRegistered : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.Withhold?.FirstOrDefault(word => !Withheld.Words.Contains(word)) is { } unknown)
        {
            return new Outcome.Invalid(new Sentence("'{0}' cannot be withheld; these can: {1}.", unknown, string.Join(", ", Withheld.Words)));
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var synchronizations = new Synchronizations(session);
        if (await synchronizations.FindAsync(request.Account.Id, cancellationToken) is null)
        {
            return new Outcome.NotRegistered();
        }

        if (request.Schedule is not null || request.FollowDefaultSchedule)
        {
            await synchronizations.SetScheduleAsync(request.Account.Id, request.Schedule?.ToString(), cancellationToken);
        }

        if (request.Withhold is { } withhold)
        {
            await synchronizations.SetWithheldAsync(request.Account.Id, string.Join(' ', withhold.Distinct().Order(StringComparer.Ordinal)), cancellationToken);
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SynchronizationSettingsChanged, Severity.Info, request.By.Name, Describe(request), request.Account.Id), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Changed();
    }

    private static string Describe(Request request)
    {
        var schedule = request.Schedule?.Words.ToString() ?? (request.FollowDefaultSchedule ? "the default" : "unchanged");
        var withheld = request.Withhold is null ? "unchanged" : request.Withhold.Count == 0 ? "nothing" : string.Join(", ", request.Withhold);
        return $"Synchronisation of '{request.Account.Name}': schedule {schedule}, withheld {withheld}.";
    }
}
