using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.Upstream;

/// <summary>Opens a synchronisation of an account; at most one is open at a time, whoever starts it and on whichever node.</summary>
internal sealed class StartSynchronization(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <param name="Full">All is told anew, also when less would do.</param>
    public sealed record Request(string By, LocalAccountRow Account, string Way, bool Full);

    public abstract record Outcome
    {
        /// <summary>A new one, or one that failed half-way and goes on.</summary>
        public sealed record Started(RunRow Run) : Outcome;

        public sealed record AlreadyUnderWay(RunRow Run) : Outcome;

        public sealed record NotPossible(Sentence Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var account = request.Account;
        await using var session = await database.BeginAsync(cancellationToken);
        if (await ProblemAsync(session, account, request.Way, cancellationToken) is { } problem)
        {
            return new Outcome.NotPossible(problem);
        }

        var runs = new SynchronizationRuns(session);
        if (await runs.FindOpenAsync(account.Id, cancellationToken) is { } open)
        {
            if (open.Way == RunWay.Online)
            {
                return new Outcome.AlreadyUnderWay(open);
            }

            await runs.AbandonAsync(open.Id, $"{request.By} began another one before its response file was loaded.", now, cancellationToken);
        }

        var state = (await new Synchronizations(session).FindAsync(account.Id, cancellationToken))!;
        var mode = request.Full || state.FullNeeded ? RunMode.Full : RunMode.Standard;
        if (await ResumeAsync(runs, request, mode, cancellationToken) is { } resumed)
        {
            await session.CommitAsync();
            return new Outcome.Started(resumed);
        }

        var run = new RunRow
        {
            Id = Ids.New(now),
            AccountId = account.Id,
            Sequence = await new Synchronizations(session).NextSequenceAsync(account.Id, cancellationToken),
            Mode = mode,
            Way = request.Way,
            StartedBy = request.By,
            StartedAt = now,
            InstancesToSend = await new ProductInstances(session).CountForReportAsync(account.Id, mode == RunMode.Full, cancellationToken),
        };
        if (!await runs.AddAsync(run, cancellationToken))
        {
            // Another node was faster by a moment.
            return await runs.FindOpenAsync(account.Id, cancellationToken) is { } other
                ? new Outcome.AlreadyUnderWay(other)
                : new Outcome.NotPossible(new Sentence("Another synchronisation of this account has just ended. Try again."));
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SynchronizationStarted, Severity.Info, request.By, $"A {mode} synchronisation of '{account.Name}' began ({request.Way}).", account.Id),
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Started(run);
    }

    /// <summary>One that failed on its way goes on where it stopped.</summary>
    private static async Task<RunRow?> ResumeAsync(SynchronizationRuns runs, Request request, string mode, CancellationToken cancellationToken) =>
        request.Way == RunWay.Online
        && await runs.FindLastAsync(request.Account.Id, cancellationToken) is { State: RunState.Failed, Resumable: true } failed
        && failed.Way == request.Way
        && failed.Mode == mode
        && await runs.ResumeAsync(failed.Id, request.By, cancellationToken)
            ? await runs.FindAsync(failed.Id, cancellationToken)
            : null;

    private async Task<Sentence?> ProblemAsync(DbSession session, LocalAccountRow account, string way, CancellationToken cancellationToken)
    {
        if (account.SmartAccount is null)
        {
            return new Sentence("'{0}' is a local account without a Smart Account: there is nothing to synchronise with.", account.Name);
        }

        if (account.Status != AccountStatus.Active || await new ExchangeIdentities(session).FindAsync(account.Id, ExchangeIdentityState.Current, cancellationToken) is null)
        {
            return new Sentence("'{0}' is not an active account that is registered with Software Central (its state is {1}). See: tgctl account show '{0}'", account.Name, account.Status);
        }

        return way == RunWay.Online && !(await CentralSettings.LoadAsync(session, masterKey, cancellationToken)).IsOnline
            ? new Sentence("This gateway does not know where Software Central is. Set it with 'tgctl central set', or synchronise by files: tgctl sync file")
            : null;
    }
}
