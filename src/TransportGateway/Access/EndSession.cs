using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Signs a browser out: its own person, or an administrator.</summary>
internal sealed class EndSession(Database database, TimeProvider clock)
{
    /// <param name="ownerId">Whose session it has to be; null for anybody's.</param>
    /// <returns>False when there is no such session.</returns>
    public async Task<bool> ExecuteAsync(Caller by, string sessionId, string? ownerId, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new Sessions(session).EndAsync(sessionId, ownerId, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.SessionEnded, Severity.Info, by.Name, "A session was ended."), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return true;
    }
}
