using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Asks for a local account that stands for a virtual account at Cisco. It is pending until an administrator decides.</summary>
internal sealed class RequestAccount(Database database, TimeProvider clock)
{
    public sealed record Request(Caller By, string Name, string SmartAccount, string CloudVirtualAccount, string NotificationEmail);

    public abstract record Outcome
    {
        public sealed record Requested(LocalAccountRow Account) : Outcome;

        /// <summary>All that is wrong with the form, a sentence each.</summary>
        public sealed record Invalid(IReadOnlyList<string> Reasons) : Outcome;

        /// <summary>A client of one account asks for no others.</summary>
        public sealed record NotAllowed : Outcome;

        /// <summary>Another account has the name, or stands for that virtual account.</summary>
        public sealed record Taken(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (!request.By.IsForAllAccounts)
        {
            return new Outcome.NotAllowed();
        }

        var problems = Problems(request).ToArray();
        return problems.Length > 0
            ? new Outcome.Invalid(problems)
            : await database.RetryOvertakenAsync(() => TryAsync(request, cancellationToken));
    }

    private static IEnumerable<string> Problems(Request request) => new[]
    {
        Names.Problem("The local account name", request.Name),
        Names.TextProblem("The Cisco Smart Account", request.SmartAccount, Names.MostCharacters),
        Names.TextProblem("The Cisco virtual account", request.CloudVirtualAccount, Names.MostCharacters),
        Names.EmailProblem("The e-mail for notification", request.NotificationEmail),
    }.OfType<string>();

    private async Task<Outcome> TryAsync(Request request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var accounts = new LocalAccounts(session);
        var all = await accounts.ListAsync(cancellationToken);
        var namesake = all.FirstOrDefault(account => Names.Key(account.Name) == Names.Key(request.Name));
        if (namesake is not null && namesake.Status != AccountStatus.Rejected)
        {
            return new Outcome.Taken(Names.Taken(namesake));
        }

        if (all.FirstOrDefault(account => account.Status != AccountStatus.Rejected && StandsFor(account, request)) is { } other)
        {
            return new Outcome.Taken(
                $"Local account '{other.Name}' stands for the virtual account '{other.CloudVirtualAccount}' of '{other.SmartAccount}' already; each local account needs one of its own.");
        }

        var account = new LocalAccountRow
        {
            Id = namesake?.Id ?? Ids.New(now),
            Name = request.Name,
            Status = AccountStatus.Pending,
            SmartAccount = request.SmartAccount,
            CloudVirtualAccount = request.CloudVirtualAccount,
            NotificationEmail = request.NotificationEmail,
            CreatedBy = request.By.Name,
            CreatedAt = now,
        };
        if (namesake is null)
        {
            await accounts.AddAsync(account, cancellationToken);
            await new VirtualAccounts(session).AddDefaultAsync(account.Id, now, cancellationToken);
        }
        else if (!await accounts.RequestAgainAsync(account, cancellationToken))
        {
            return new Outcome.Taken($"Local account '{request.Name}' was requested by another caller just now.");
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.AccountRequested,
                Severity.Info,
                request.By.Name,
                $"Local account '{account.Name}' was requested for the virtual account '{account.CloudVirtualAccount}' of '{account.SmartAccount}'; notices go to {account.NotificationEmail}.",
                account.Id),
            now,
            cancellationToken);
        var requested = await accounts.FindAsync(account.Id, cancellationToken) ?? throw new InvalidOperationException("The account just stored is not there.");
        await session.CommitAsync();
        return new Outcome.Requested(requested);
    }

    private static bool StandsFor(LocalAccountRow account, Request request) =>
        account.SmartAccount is not null
        && account.CloudVirtualAccount is not null
        && Names.Key(account.SmartAccount) == Names.Key(request.SmartAccount)
        && Names.Key(account.CloudVirtualAccount) == Names.Key(request.CloudVirtualAccount);
}
