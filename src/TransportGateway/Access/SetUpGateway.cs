using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Takes a new gateway into use: the set-up code that its first run printed buys the first administrator's API client.</summary>
internal sealed class SetUpGateway(Database database, TimeProvider clock)
{
    public sealed record Request(string Code, string ClientName);

    public abstract record Outcome
    {
        public sealed record Done(string ClientId, Secret ClientSecret) : Outcome;

        /// <summary>Wrong, used and never made look alike.</summary>
        public sealed record CodeRefused : Outcome;

        private Outcome() { }
    }

    /// <summary>Makes a new code unless one was redeemed already, in which case there is none to show.</summary>
    public async Task<Secret?> RenewCodeAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var codes = new SetupCodes(session);
        if (await codes.IsRedeemedAsync(cancellationToken))
        {
            return null;
        }

        var code = Credentials.NewCode();
        await codes.DiscardUnusedAsync(cancellationToken);
        await codes.AddAsync(Credentials.Hash(code), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return new Secret(code);
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new SetupCodes(session).RedeemAsync(Credentials.Hash(request.Code.Trim().ToUpperInvariant()), now, cancellationToken))
        {
            return new Outcome.CodeRefused();
        }

        var client = await CreateApiClient.AddAsync(
            session, "gateway", request.ClientName, accountId: null, Enum.GetValues<Permission>(), now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.GatewaySetUp, Severity.Info, "gateway", "The set-up code was used; the gateway has its first administrator."),
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Done(client.ClientId, client.ClientSecret);
    }
}
