using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Finds the accounts that a path names, as far as the caller may see them.</summary>
internal sealed class AccountScope(Database database)
{
    /// <summary>The entries of the event log that the caller may see: of a role in one virtual account, only those of that virtual account.</summary>
    public static EventFilter Events(Caller caller) => caller.IsForAllAccounts ? EventFilter.All : new EventFilter
    {
        AccountIds = [.. caller.Scopes.Where(scope => scope.VirtualAccountId is null).Select(scope => scope.AccountId!)],
        VirtualAccountIds = [.. caller.Scopes.Select(scope => scope.VirtualAccountId).OfType<string>()],
    };

    /// <summary>The local account, when any of it is the caller's business; one that is not looks like one that does not exist.</summary>
    public async Task<LocalAccountRow?> FindAsync(Caller caller, string account, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var found = await new LocalAccounts(session).FindByNameAsync(account, cancellationToken);
        return found is not null && caller.MaySee(found.Id) ? found : null;
    }

    /// <summary>The same for what concerns the whole account: who may see single virtual accounts of it does not find it.</summary>
    public async Task<LocalAccountRow?> FindWholeAsync(Caller caller, string account, CancellationToken cancellationToken) =>
        await FindAsync(caller, account, cancellationToken) is { } found && caller.MaySee(found.Id, virtualAccountId: null) ? found : null;

    public async Task<(LocalAccountRow? Account, VirtualAccountRow? VirtualAccount)> FindAsync(
        Caller caller, string account, string virtualAccount, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller, account, cancellationToken) is not { } found)
        {
            return (null, null);
        }

        await using var session = await database.ReadAsync(cancellationToken);
        var virtualFound = await new VirtualAccounts(session).FindByNameAsync(found.Id, virtualAccount, cancellationToken);
        return (found, virtualFound is not null && caller.MaySee(found.Id, virtualFound.Id) ? virtualFound : null);
    }

    /// <summary>The virtual account that the path of a request names, or the answer that there is none.</summary>
    public async Task<(VirtualAccountRow? Found, IResult? Missing)> FindVirtualAsync(HttpContext context, string account, string virtualAccount)
    {
        var (found, virtualFound) = await FindAsync(Caller.Of(context)!, account, virtualAccount, context.RequestAborted);
        return found is null ? (null, NotFound("local account", account))
            : virtualFound is null ? (null, NotFound("local virtual account", virtualAccount))
            : (virtualFound, null);
    }

    /// <summary>Those of an account's virtual accounts that are the caller's business.</summary>
    public static IEnumerable<VirtualAccountRow> Visible(Caller caller, IEnumerable<VirtualAccountRow> virtualAccounts) =>
        virtualAccounts.Where(entry => caller.MaySee(entry.AccountId, entry.Id));

    /// <summary>Whether the caller may see there what Cisco grants the account: that stands with the whole account, and with its default virtual account.</summary>
    public static bool MaySeeGrants(Caller caller, VirtualAccountRow virtualAccount) => virtualAccount.IsDefault || caller.MaySee(virtualAccount.AccountId, null);

    /// <summary>Those of the alerts that are the caller's business; what is about the gateway itself is the business of those who may see all accounts.</summary>
    public static IEnumerable<AlertRow> Visible(Caller caller, IEnumerable<AlertRow> alerts) => alerts.Where(alert => alert.AccountId.Length == 0
        ? caller.IsForAllAccounts
        : caller.MaySee(alert.AccountId, alert.VirtualAccountId.Length == 0 ? null : alert.VirtualAccountId));

    public static IResult NotAllowed() => Problem.Of(
        StatusCodes.Status403Forbidden, "other-account", "A client of one account cannot create, request, change or delete accounts. Sign in with one for all accounts.");

    public static IResult NotFound(string what, string name) =>
        Problem.Of(StatusCodes.Status404NotFound, "no-such-account", $"There is no {what} '{name}', or this caller may not see it.");
}
