using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Takes a new gateway into use: the set-up code that its first run printed buys the first administrator, a program or a person.</summary>
internal sealed class SetUpGateway(Database database, TimeProvider clock)
{
    public abstract record Outcome
    {
        public sealed record Client(string ClientId, Secret ClientSecret) : Outcome;

        public sealed record Person(UserRow User) : Outcome;

        /// <summary>The code was not used up.</summary>
        public sealed record Invalid(string Reason) : Outcome;

        /// <summary>Wrong, used and never made look alike.</summary>
        public sealed record CodeRefused : Outcome;

        private Outcome() { }
    }

    /// <summary>Makes a new code unless the gateway is in use already, in which case there is none to show.</summary>
    public async Task<Secret?> RenewCodeAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var codes = new SetupCodes(session);
        if (await codes.IsRedeemedAsync(cancellationToken) || await new Users(session).AnyAsync(cancellationToken))
        {
            return null;
        }

        var code = Credentials.NewCode();
        await codes.DiscardUnusedAsync(cancellationToken);
        await codes.AddAsync(Credentials.Hash(code), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return new Secret(code);
    }

    /// <summary>Whether the gateway was taken into use.</summary>
    public async Task<bool> IsDoneAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await new SetupCodes(session).IsRedeemedAsync(cancellationToken) || await new Users(session).AnyAsync(cancellationToken);
    }

    /// <summary>Makes an API client that may do everything.</summary>
    public async Task<Outcome> WithClientAsync(Secret code, string clientName, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await RedeemAsync(session, code, cancellationToken))
        {
            return new Outcome.CodeRefused();
        }

        var client = await CreateApiClient.AddAsync(
            session, "gateway", clientName, accountId: null, Enum.GetValues<Permission>(), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return new Outcome.Client(client!.ClientId, client.ClientSecret);
    }

    /// <summary>Makes a user who is system administrator.</summary>
    public async Task<Outcome> WithPersonAsync(Secret code, string name, Secret password, CancellationToken cancellationToken)
    {
        if ((UserFields.ProblemOfName(name) ?? new AccessRules().ProblemOf(password, name)) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        // Before the password costs anything.
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            if (await new Users(reading).AnyAsync(cancellationToken) || !await new SetupCodes(reading).IsValidAsync(HashOf(code), cancellationToken))
            {
                return new Outcome.CodeRefused();
            }
        }

        var hash = await PasswordHash.MakeAsync(password, cancellationToken);
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await RedeemAsync(session, code, cancellationToken))
        {
            return new Outcome.CodeRefused();
        }

        var created = await CreateUser.AddAsync(
            session,
            new CreateUser.Request(Caller.Local("gateway"), name, Roles.SystemAdministrator, password, PasswordMustChange: false),
            hash,
            clock.GetUtcNow(),
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Person(created.User);
    }

    private static string HashOf(Secret code) => Credentials.Hash(code.Value.Trim().ToUpperInvariant());

    private async Task<bool> RedeemAsync(DbSession session, Secret code, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        // Root can make the first user, too; from then on the code that was printed is worth nothing.
        if (await new Users(session).AnyAsync(cancellationToken) || !await new SetupCodes(session).RedeemAsync(HashOf(code), now, cancellationToken))
        {
            return false;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.GatewaySetUp, Severity.Info, "gateway", "The set-up code was used; the gateway has its first administrator."), now, cancellationToken);
        return true;
    }
}
