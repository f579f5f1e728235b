using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Ends an API client; its access tokens end at once.</summary>
internal sealed class RevokeApiClient(Database database, TimeProvider clock)
{
    /// <summary>False when there is no such client that the caller may manage, or it was revoked before.</summary>
    public async Task<bool> ExecuteAsync(Caller by, string clientId, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var client = (await new ApiClients(session).ListAsync(cancellationToken)).FirstOrDefault(entry => entry.Id == clientId);
        // A client of one account does not see those for all accounts.
        if (client is null || (client.AccountId is null ? !by.IsForAllAccounts : !by.MaySee(client.AccountId))
            || !await RevokeAsync(session, client, by.Name, clock.GetUtcNow(), cancellationToken))
        {
            return false;
        }

        await session.CommitAsync();
        return true;
    }

    /// <summary>Takes the clients of an account that is deleted, in its caller's transaction.</summary>
    public static async Task<int> RevokeAllOfAsync(DbSession session, string accountId, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var revoked = 0;
        foreach (var client in (await new ApiClients(session).ListAsync(cancellationToken)).Where(client => client.AccountId == accountId))
        {
            revoked += await RevokeAsync(session, client, by, now, cancellationToken) ? 1 : 0;
        }

        return revoked;
    }

    private static async Task<bool> RevokeAsync(DbSession session, ApiClientRow client, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (!await new ApiClients(session).RevokeAsync(client.Id, now, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.ApiClientRevoked, Severity.Info, by, $"API client '{client.Name}' was revoked.", client.AccountId), now, cancellationToken);
        return true;
    }
}
