using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Approves or rejects the request for a local account, activates and deactivates it, or sends it to Software Central once more.</summary>
internal sealed class ChangeAccountStatus(Database database, TimeProvider clock)
{
    public const int MostReasonCharacters = 1000;

    /// <param name="Reason">Why a request is rejected; empty for every other step.</param>
    public sealed record Request(Caller By, LocalAccountRow Account, AccountStep Step, string Reason = "");

    public abstract record Outcome
    {
        public sealed record Changed(LocalAccountRow Account) : Outcome;

        public sealed record ReasonInvalid(string Reason) : Outcome;

        /// <summary>A client of one account manages no accounts.</summary>
        public sealed record NotAllowed : Outcome;

        /// <summary>The account's status does not allow it; nothing changed.</summary>
        public sealed record NotPossible(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (!request.By.IsForAllAccounts)
        {
            return new Outcome.NotAllowed();
        }

        if (request.Step == AccountStep.Reject && Names.TextProblem("The reason", request.Reason, MostReasonCharacters) is { } problem)
        {
            return new Outcome.ReasonInvalid(problem);
        }

        if (request.Step == AccountStep.RegisterAgain && request.Account.SmartAccount is null)
        {
            return new Outcome.NotPossible($"'{request.Account.Name}' is a local account without a Smart Account: there is nothing to register.");
        }

        await using var session = await database.BeginAsync(cancellationToken);
        var outcome = await ExecuteAsync(session, request.Account, request.Step, request.Reason, request.By.Name, clock.GetUtcNow(), cancellationToken);
        if (outcome is Outcome.Changed)
        {
            await session.CommitAsync();
        }

        return outcome;
    }

    /// <summary>Takes the step in its caller's transaction, with its event.</summary>
    public static async Task<Outcome> ExecuteAsync(
        DbSession session, LocalAccountRow account, AccountStep step, string reason, string actor, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var accounts = new LocalAccounts(session);
        var taken = await accounts.TakeStepAsync(account.Id, step, reason, cancellationToken);
        if (await accounts.FindAsync(account.Id, cancellationToken) is not { } found)
        {
            return new Outcome.NotPossible($"Local account '{account.Name}' was deleted.");
        }

        if (!taken)
        {
            return new Outcome.NotPossible(AccountTransitions.Refusal(step, found));
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                KindOf(step),
                step == AccountStep.FailRegistration ? Severity.Warning : Severity.Info,
                actor,
                Told(step, found),
                found.Id),
            now,
            cancellationToken);
        return new Outcome.Changed(found);
    }

    private static string Told(AccountStep step, LocalAccountRow account) =>
        step == AccountStep.FailRegistration ? $"Local account '{account.Name}' is in error: {account.StatusReason}"
        : account.StatusReason.Length > 0 ? $"Local account '{account.Name}' was {AccountTransitions.Done(step)}: {account.StatusReason}"
        : $"Local account '{account.Name}' was {AccountTransitions.Done(step)}.";

    private static string KindOf(AccountStep step) => step switch
    {
        AccountStep.Approve => EventKinds.AccountApproved,
        AccountStep.Reject => EventKinds.AccountRejected,
        AccountStep.CompleteRegistration => EventKinds.AccountRegistered,
        AccountStep.FailRegistration => EventKinds.AccountRegistrationFailed,
        AccountStep.Activate => EventKinds.AccountActivated,
        AccountStep.Deactivate => EventKinds.AccountDeactivated,
        AccountStep.RegisterAgain => EventKinds.AccountToRegisterAgain,
        _ => throw new ArgumentOutOfRangeException(nameof(step), step, "This step is taken elsewhere."),
    };
}
