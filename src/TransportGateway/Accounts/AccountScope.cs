using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Accounts;

/// <summary>Finds the accounts that a path names, as far as the caller may see them.</summary>
internal sealed class AccountScope(Database database)
{
    /// <summary>The local account; one that the caller may not see looks like one that does not exist.</summary>
    public async Task<LocalAccountRow?> FindAsync(Caller caller, string account, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var found = await new LocalAccounts(session).FindByNameAsync(account, cancellationToken);
        return found is not null && caller.MaySee(found.Id) ? found : null;
    }

    public async Task<(LocalAccountRow? Account, VirtualAccountRow? VirtualAccount)> FindAsync(
        Caller caller, string account, string virtualAccount, CancellationToken cancellationToken)
    {
        if (await FindAsync(caller, account, cancellationToken) is not { } found)
        {
            return (null, null);
        }

        await using var session = await database.ReadAsync(cancellationToken);
        return (found, await new VirtualAccounts(session).FindByNameAsync(found.Id, virtualAccount, cancellationToken));
    }

    public static IResult NotAllowed() => Problem.Of(
        StatusCodes.Status403Forbidden, "other-account", "A client of one account cannot create, request, change or delete accounts. Sign in with one for all accounts.");

    public static IResult NotFound(string what, string name) =>
        Problem.Of(StatusCodes.Status404NotFound, "no-such-account", $"There is no {what} '{name}', or this caller may not see it.");
}
