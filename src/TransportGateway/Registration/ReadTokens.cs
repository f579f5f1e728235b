using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Lists a virtual account's tokens, with their texts for those who may read them.</summary>
internal sealed class ReadTokens(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <param name="Text">Null for callers who may not read it, or did not ask.</param>
    public sealed record Listed(TokenRow Token, Secret? Text);

    /// <summary>Reading texts is entered in the event log, once for the whole list.</summary>
    public async Task<IReadOnlyList<Listed>> ExecuteAsync(
        Caller by, VirtualAccountRow virtualAccount, bool withTexts, CancellationToken cancellationToken)
    {
        IReadOnlyList<TokenRow> tokens;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            tokens = await new RegistrationTokens(reading).ListAsync(virtualAccount.Id, cancellationToken);
        }

        if (!withTexts || !by.May(Permission.ReadTokenText) || tokens.Count == 0)
        {
            return [.. tokens.Select(token => new Listed(token, null))];
        }

        await using var session = await database.BeginAsync(cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.TokenRead,
                Severity.Info,
                by.Name,
                $"The texts of {tokens.Count} registration token(s) of '{virtualAccount.Name}' were read.",
                virtualAccount.AccountId),
            clock.GetUtcNow(),
            cancellationToken);
        await session.CommitAsync();
        return [.. tokens.Select(token => new Listed(token, token.Open(masterKey)))];
    }
}
