using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Lists a virtual account's tokens, and shows the texts of all or of one to those who may read them.</summary>
internal sealed class ReadTokens(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <param name="Text">Null for callers who may not read it, or did not ask.</param>
    public sealed record Listed(TokenRow Token, Secret? Text);

    /// <summary>Reading texts is entered in the event log, once for the whole list.</summary>
    /// <param name="page">The part of the list that is wanted; null for all of it.</param>
    public async Task<IReadOnlyList<Listed>> ExecuteAsync(
        Caller by, VirtualAccountRow virtualAccount, bool withTexts, CancellationToken cancellationToken, ListPage? page = null)
    {
        IReadOnlyList<TokenRow> tokens;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            tokens = await new RegistrationTokens(reading).ListAsync(virtualAccount.Id, cancellationToken);
        }

        tokens = page?.Of(tokens, token => ListPage.Sortable(token.CreatedAt) + token.Id, descending: true) ?? tokens;

        if (!withTexts || !by.May(Permission.ReadTokenText, virtualAccount.AccountId, virtualAccount.Id) || tokens.Count == 0)
        {
            return [.. tokens.Select(token => new Listed(token, null))];
        }

        await LogAsync(by, virtualAccount, $"The texts of {tokens.Count} registration token(s) of '{virtualAccount.Name}' were read.", cancellationToken);
        return [.. tokens.Select(token => new Listed(token, token.Open(masterKey)))];
    }

    /// <summary>The text of one token. Reading it is entered in the event log.</summary>
    /// <returns>Null when there is no such token in the virtual account, it was revoked, or the caller may not read it.</returns>
    public async Task<Secret?> ReadOneAsync(Caller by, VirtualAccountRow virtualAccount, string id, CancellationToken cancellationToken)
    {
        TokenRow? token;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            token = await new RegistrationTokens(reading).FindAsync(id, cancellationToken);
        }

        if (token is not { RevokedAt: null } || token.VirtualAccountId != virtualAccount.Id || !by.May(Permission.ReadTokenText, virtualAccount.AccountId, virtualAccount.Id))
        {
            return null;
        }

        await LogAsync(by, virtualAccount, $"The text of registration token {token.Id} of '{virtualAccount.Name}' was read.", cancellationToken);
        return token.Open(masterKey);
    }

    private async Task LogAsync(Caller by, VirtualAccountRow virtualAccount, string message, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.TokenRead, Severity.Info, by.Name, message, virtualAccount.AccountId) { VirtualAccountId = virtualAccount.Id }, clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
    }
}
