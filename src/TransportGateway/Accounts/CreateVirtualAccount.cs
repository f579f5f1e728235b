using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Adds a local virtual account to a local account.</summary>
internal sealed class CreateVirtualAccount(Database database, TimeProvider clock)
{
    public const int MostDescriptionCharacters = 1000;

    public sealed record Request(Caller By, LocalAccountRow Account, string Name, string Description);

    public abstract record Outcome
    {
        public sealed record Created(VirtualAccountRow VirtualAccount) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        public sealed record NameTaken : Outcome;

        /// <summary>The account was deleted meanwhile.</summary>
        public sealed record NoSuchAccount : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (Names.Problem("The local virtual account name", request.Name) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        if (request.Description.Length > MostDescriptionCharacters)
        {
            return new Outcome.Invalid($"The description is longer than {MostDescriptionCharacters} characters.");
        }

        return await database.RetryOvertakenAsync(() => TryAsync(request, cancellationToken));
    }

    private async Task<Outcome> TryAsync(Request request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (await new LocalAccounts(session).FindAsync(request.Account.Id, cancellationToken) is null)
        {
            return new Outcome.NoSuchAccount();
        }

        var virtualAccounts = new VirtualAccounts(session);
        if (await virtualAccounts.FindByNameAsync(request.Account.Id, request.Name, cancellationToken) is not null)
        {
            return new Outcome.NameTaken();
        }

        var added = new VirtualAccountRow
        {
            Id = Ids.New(now),
            AccountId = request.Account.Id,
            Name = request.Name,
            Description = request.Description,
            IsDefault = false,
            CreatedAt = now,
        };
        await virtualAccounts.AddAsync(added, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.VirtualAccountCreated, Severity.Info, request.By.Name, $"Local virtual account '{request.Name}' was created.", request.Account.Id)
            { VirtualAccountId = added.Id },
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Created(added);
    }
}
