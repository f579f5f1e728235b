using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Exchanges an API client's id and secret for an access token (OAuth 2.0 client credentials).</summary>
internal sealed class IssueAccessToken(Database database, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    public abstract record Outcome
    {
        public sealed record Issued(Secret AccessToken) : Outcome;

        /// <summary>Unknown client, revoked client and wrong secret look alike.</summary>
        public sealed record Refused : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(string clientId, Secret clientSecret, CancellationToken cancellationToken)
    {
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            var hash = await new ApiClients(reading).FindSecretHashAsync(clientId, cancellationToken);
            if (!Credentials.Matches(clientSecret.Value, hash ?? Credentials.Hash("")) || hash is null)
            {
                return new Outcome.Refused();
            }
        }

        var token = new Secret(Credentials.NewSecret());
        await using var session = await database.BeginAsync(cancellationToken);
        await new ApiClients(session).AddTokenAsync(clientId, Credentials.Hash(token.Value), clock.GetUtcNow() + Lifetime, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Issued(token);
    }
}
