using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Opens a session for a person: password first, then the second factor where there is one.</summary>
internal sealed class SignIn(Database database, CheckPassword check, SecondFactor secondFactor, TimeProvider clock)
{
    private static readonly TimeSpan SecondFactorTime = TimeSpan.FromMinutes(5);

    /// <param name="Source">The browser's address.</param>
    /// <param name="Agent">What the browser calls itself.</param>
    public sealed record Request(string Name, Secret Password, string Source, string Agent);

    public abstract record Outcome
    {
        /// <param name="Session">The cookie's secret.</param>
        public sealed record SignedIn(UserRow User, Secret Session) : Outcome;

        /// <param name="Session">Good for the second factor alone, for five minutes.</param>
        public sealed record SecondFactorNeeded(Secret Session) : Outcome;

        /// <summary>Wrong name, wrong password, locked and disabled look alike.</summary>
        public sealed record Refused : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (await check.ExecuteAsync(request.Name, request.Password, request.Source, cancellationToken) is not { } user)
        {
            return new Outcome.Refused();
        }

        return await OpenAsync(user, complete: !user.TotpConfirmed, request.Source, request.Agent, cancellationToken);
    }

    /// <summary>Takes the code of the second factor. The session gets a new secret, so what was known before is worth nothing.</summary>
    public async Task<Outcome> ConfirmAsync(Secret pendingSession, string code, string source, string agent, CancellationToken cancellationToken)
    {
        UserRow? user;
        SessionRow? pending;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            pending = await new Sessions(reading).FindAsync(Credentials.Hash(pendingSession.Value), cancellationToken);
            user = pending is { Complete: false } && pending.ExpiresAt > clock.GetUtcNow() ? await new Users(reading).FindAsync(pending.UserId, cancellationToken) : null;
        }

        if (user is null || user.Disabled || user.IsLockedAt(clock.GetUtcNow()))
        {
            return new Outcome.Refused();
        }

        if (!await secondFactor.TakeAsync(user, code, cancellationToken))
        {
            await check.FailedAsync(user, source, cancellationToken);
            return new Outcome.Refused();
        }

        await using (var session = await database.BeginAsync(cancellationToken))
        {
            await new Sessions(session).EndAsync(pending!.Id, user.Id, cancellationToken);
            await session.CommitAsync();
        }

        return await OpenAsync(user, complete: true, source, agent, cancellationToken);
    }

    /// <summary>Opens a session for a user who was checked just now; refused when the password was changed, or the user disabled, meanwhile.</summary>
    public async Task<Outcome> OpenAsync(UserRow user, bool complete, string source, string agent, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var secret = new Secret(Credentials.NewSecret());
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new Users(session).IsStillAsync(user, cancellationToken))
        {
            return new Outcome.Refused();
        }

        var rules = await AccessRules.LoadAsync(session, cancellationToken);
        await new Sessions(session).AddAsync(
            new SessionRow
            {
                Id = Ids.New(now),
                UserId = user.Id,
                Complete = complete,
                Source = source,
                Agent = agent.Length > 200 ? agent[..200] : agent,
                CreatedAt = now,
                LastUsedAt = now,
                ExpiresAt = now + (complete ? TimeSpan.FromHours(rules.SessionHours) : SecondFactorTime),
            },
            Credentials.Hash(secret.Value),
            cancellationToken);
        if (complete)
        {
            await new Users(session).SignedInAsync(user.Id, now, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(EventKinds.SignedIn, Severity.Info, user.Name, $"{user.Name} signed in from {source}."), now, cancellationToken);
        }

        await session.CommitAsync();
        return complete ? new Outcome.SignedIn(user, secret) : new Outcome.SecondFactorNeeded(secret);
    }
}
