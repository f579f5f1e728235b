using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Makes a local account without a Smart Account: it is active at once and never synchronises.</summary>
internal sealed class CreateLocalAccount(Database database, TimeProvider clock)
{
    public abstract record Outcome
    {
        public sealed record Created(LocalAccountRow Account) : Outcome;

        public sealed record NameInvalid(string Reason) : Outcome;

        public sealed record NameTaken(string Reason) : Outcome;

        /// <summary>A client of one account creates no others.</summary>
        public sealed record NotAllowed : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, string name, CancellationToken cancellationToken)
    {
        if (!by.IsForAllAccounts)
        {
            return new Outcome.NotAllowed();
        }

        return Names.Problem("The local account name", name) is { } problem
            ? new Outcome.NameInvalid(problem)
            : await database.RetryOvertakenAsync(() => TryAsync(by, name, cancellationToken));
    }

    private async Task<Outcome> TryAsync(Caller by, string name, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var accounts = new LocalAccounts(session);
        if (await accounts.FindByNameAsync(name, cancellationToken) is { } other)
        {
            return new Outcome.NameTaken(Names.Taken(other));
        }

        var account = new LocalAccountRow { Id = Ids.New(now), Name = name, CreatedBy = by.Name, CreatedAt = now };
        await accounts.AddAsync(account, cancellationToken);
        await new VirtualAccounts(session).AddDefaultAsync(account.Id, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.AccountCreated, Severity.Info, by.Name, $"Local account '{name}' was created.", account.Id), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Created(account);
    }
}
