using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Ends a registration token; products that registered with it stay registered.</summary>
internal sealed class RevokeToken(Database database, TimeProvider clock)
{
    public enum Outcome
    {
        Revoked,

        /// <summary>There is no such token in this virtual account, or it was revoked before.</summary>
        NotFound,
    }

    /// <param name="idOrText">The token's id, or its text as it was handed out.</param>
    public async Task<Outcome> ExecuteAsync(Caller by, VirtualAccountRow virtualAccount, string idOrText, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var tokens = new RegistrationTokens(session);
        var token = await tokens.FindAsync(idOrText.Trim(), cancellationToken)
            ?? await tokens.FindByHashAsync(TokenText.Hashes(idOrText), cancellationToken);
        if (token is null || token.VirtualAccountId != virtualAccount.Id || !await tokens.RevokeAsync(token.Id, now, cancellationToken))
        {
            return Outcome.NotFound;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.TokenRevoked, Severity.Info, by.Name, $"Registration token {token.Id} was revoked.", virtualAccount.AccountId)
            { VirtualAccountId = virtualAccount.Id },
            now,
            cancellationToken);
        await session.CommitAsync();
        return Outcome.Revoked;
    }
}
