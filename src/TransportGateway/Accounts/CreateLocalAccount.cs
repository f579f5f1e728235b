using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Makes a local account with its default virtual account.</summary>
internal sealed class CreateLocalAccount(Database database, TimeProvider clock)
{
    public abstract record Outcome
    {
        public sealed record Created(LocalAccountRow Account) : Outcome;

        public sealed record NameInvalid(string Reason) : Outcome;

        public sealed record NameTaken : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Caller by, string name, CancellationToken cancellationToken)
    {
        if (Names.Problem("The local account name", name) is { } problem)
        {
            return new Outcome.NameInvalid(problem);
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var accounts = new LocalAccounts(session);
        if (await accounts.FindByNameAsync(name, cancellationToken) is not null)
        {
            return new Outcome.NameTaken();
        }

        var account = new LocalAccountRow { Id = Ids.New(now), Name = name, CreatedBy = by.Name, CreatedAt = now };
        await accounts.AddAsync(account, cancellationToken);
        await new VirtualAccounts(session).AddAsync(
            new VirtualAccountRow
            {
                Id = Ids.New(now),
                AccountId = account.Id,
                Name = VirtualAccounts.DefaultName,
                Description = "",
                IsDefault = true,
                CreatedAt = now,
            },
            cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.AccountCreated, Severity.Info, by.Name, $"Local account '{name}' was created.", account.Id), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Created(account);
    }
}
