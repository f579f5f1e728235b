using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Exchanges an API client's id and secret, and a user's password where one is given, for an access token (OAuth 2.0).</summary>
internal sealed class IssueAccessToken(Database database, CheckPassword check, SecondFactor secondFactor, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(1);

    /// <param name="User">Of the password grant: the token speaks for this person, as far as the client may.</param>
    public sealed record Request(string ClientId, Secret ClientSecret, UserPassword? User, string Source);

    /// <param name="Code">The second factor's; empty for a user without one.</param>
    public sealed record UserPassword(string Name, Secret Password, string Code);

    public abstract record Outcome
    {
        public sealed record Issued(Secret AccessToken) : Outcome;

        /// <summary>Unknown client, revoked client and wrong secret look alike.</summary>
        public sealed record ClientRefused : Outcome;

        /// <summary>Wrong name, wrong password, wrong code, locked and disabled look alike.</summary>
        public sealed record UserRefused : Outcome;

        /// <summary>The password has to be changed first, in the browser.</summary>
        public sealed record PasswordMustChange : Outcome;

        private Outcome() { }
    }

    /// <summary>Whether something was wrong that may have been guessed.</summary>
    public static bool IsFailure(Outcome outcome) => outcome is Outcome.ClientRefused or Outcome.UserRefused;

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        AccessRules rules;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            var hash = await new ApiClients(reading).FindSecretHashAsync(request.ClientId, cancellationToken);
            if (!Credentials.Matches(request.ClientSecret.Value, hash ?? Credentials.Hash("")) || hash is null)
            {
                return new Outcome.ClientRefused();
            }

            rules = request.User is null ? new AccessRules() : await AccessRules.LoadAsync(reading, cancellationToken);
        }

        UserRow? user = null;
        if (request.User is { } given)
        {
            user = await check.ExecuteAsync(given.Name, given.Password, request.Source, cancellationToken);
            if (user is null)
            {
                return new Outcome.UserRefused();
            }

            if (user.TotpConfirmed && !await secondFactor.TakeAsync(user, given.Code, cancellationToken))
            {
                await check.FailedAsync(user, request.Source, cancellationToken);
                return new Outcome.UserRefused();
            }

            if (!rules.MayGoOn(user, clock.GetUtcNow()))
            {
                return new Outcome.PasswordMustChange();
            }
        }

        var token = new Secret(Credentials.NewSecret());
        await using var session = await database.BeginAsync(cancellationToken);
        if (user is not null && !await new Users(session).IsStillAsync(user, cancellationToken))
        {
            return new Outcome.UserRefused();
        }

        await new ApiClients(session).AddTokenAsync(request.ClientId, user?.Id, Credentials.Hash(token.Value), clock.GetUtcNow() + Lifetime, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Issued(token);
    }
}
