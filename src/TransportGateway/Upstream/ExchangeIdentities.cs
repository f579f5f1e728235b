using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>The keys with which accounts sign what they tell Software Central: the one in use, and one that awaits its authorisation.</summary>
internal sealed class ExchangeIdentities(DbSession session)
{
    public Task<ExchangeIdentityRow?> FindAsync(string accountId, string state, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<ExchangeIdentityRow>(
            """
            SELECT run, account_id, state, sealed_key, request, certificate, chain, not_after, created_by, created_at
              FROM exchange_identities
             WHERE account_id = @AccountId AND state = @State
            """,
            new { AccountId = accountId, State = state },
            cancellationToken);

    /// <summary>A newer request takes the place of one that was never authorised.</summary>
    public async Task AddRequestAsync(ExchangeIdentityRow request, CancellationToken cancellationToken)
    {
        await DeleteAsync(request.AccountId, ExchangeIdentityState.Requested, cancellationToken);
        await session.ExecuteAsync(
            """
            INSERT INTO exchange_identities (run, account_id, state, sealed_key, request, created_by, created_at)
            VALUES (@Run, @AccountId, 'requested', @SealedKey, @Request, @CreatedBy, @CreatedAt)
            """,
            request,
            cancellationToken);
    }

    /// <summary>The requested identity becomes the current one; false when it is not there any more.</summary>
    public async Task<bool> AuthorizeAsync(
        string accountId, string run, byte[] certificate, byte[] chain, DateTimeOffset notAfter, CancellationToken cancellationToken)
    {
        await DeleteAsync(accountId, ExchangeIdentityState.Current, cancellationToken);
        return await session.ExecuteAsync(
            """
            UPDATE exchange_identities SET state = 'current', certificate = @Certificate, chain = @Chain, not_after = @NotAfter
             WHERE run = @Run AND account_id = @AccountId AND state = 'requested'
            """,
            new { Run = run, AccountId = accountId, Certificate = certificate, Chain = chain, NotAfter = notAfter },
            cancellationToken) == 1;
    }

    public Task<int> RenewAsync(string run, byte[] certificate, byte[] chain, DateTimeOffset notAfter, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE exchange_identities SET certificate = @Certificate, chain = @Chain, not_after = @NotAfter WHERE run = @Run AND state = 'current'",
            new { Run = run, Certificate = certificate, Chain = chain, NotAfter = notAfter },
            cancellationToken);

    public Task<int> DeleteAsync(string accountId, string state, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "DELETE FROM exchange_identities WHERE account_id = @AccountId AND state = @State", new { AccountId = accountId, State = state }, cancellationToken);
}

internal static class ExchangeIdentityState
{
    public const string Requested = "requested";
    public const string Current = "current";
}

internal sealed class ExchangeIdentityRow
{
    /// <summary>The registration that made it.</summary>
    public required string Run { get; init; }

    public required string AccountId { get; init; }

    public string State { get; init; } = ExchangeIdentityState.Requested;

    public required byte[] SealedKey { get; init; }

    /// <summary>The registration request as it was signed: asking again sends the same bytes.</summary>
    public required byte[] Request { get; init; }

    /// <summary>DER; null until authorised.</summary>
    public byte[]? Certificate { get; init; }

    /// <summary>Issuers as PEM text in UTF-8.</summary>
    public byte[]? Chain { get; init; }

    public DateTimeOffset? NotAfter { get; init; }

    public required string CreatedBy { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }
}
