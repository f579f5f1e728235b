using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.SignOn;

/// <summary>Lets a person in whom a directory or a provider vouches for: makes the user at the first sign-in, and takes over name, address and roles at every one.</summary>
internal sealed class AdmitPerson(Database database, TimeProvider clock)
{
    /// <returns>The user; null when the person's groups give no role, the name is a local user's, or the user is disabled. The event log says which.</returns>
    public async Task<UserRow?> ExecuteAsync(ExternalPerson person, IReadOnlyList<GroupRole> mapping, CancellationToken cancellationToken) =>
        await database.RetryOvertakenAsync(async () =>
        {
            var now = clock.GetUtcNow();
            await using var session = await database.BeginAsync(cancellationToken);
            var (user, refusal) = await AdmitAsync(session, person, mapping, now, cancellationToken);
            if (refusal is not null)
            {
                // The name comes from a place that the person has proved to belong to, so it is no mistyped password.
                await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.SignInRefused, Severity.Warning, person.Origin, refusal), now, cancellationToken);
            }

            await session.CommitAsync();
            return user;
        });

    /// <summary>Sends out whom a directory or provider let in: what it said of them may not hold any more. They sign in anew.</summary>
    /// <returns>A sentence for the event log.</returns>
    public static async Task<string> EndAllAsync(DbSession session, string origin, CancellationToken cancellationToken)
    {
        var sessions = await new Sessions(session).EndOfOriginAsync(origin, cancellationToken);
        var tokens = await new ApiClients(session).EndTokensOfOriginAsync(origin, cancellationToken);
        return $" {sessions} session(s) and {tokens} access token(s) of its people ended.";
    }

    /// <summary>The system role that the groups give; null when they give none at all.</summary>
    public static string? SystemRoleOf(IReadOnlyList<string> groups, IReadOnlyList<GroupRole> mapping)
    {
        var given = mapping.Where(entry => entry.IsAmong(groups)).ToArray();
        return given.Length == 0 ? null : Roles.OfSystem.FirstOrDefault(role => given.Any(entry => entry.Role == role)) ?? Roles.SystemUser;
    }

    private static async Task<(UserRow? User, string? Refusal)> AdmitAsync(
        DbSession session, ExternalPerson person, IReadOnlyList<GroupRole> mapping, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (SystemRoleOf(person.Groups, mapping) is not { } role)
        {
            return (null, $"A sign-in as '{Short(person.Name)}' was refused: none of the person's groups gives a role here.");
        }

        var users = new Users(session);
        var before = await users.FindExternalAsync(person.Origin, person.ExternalId, cancellationToken);
        if (before is { Disabled: true })
        {
            return (null, $"A sign-in as {before.Name} was refused: the user is disabled here.");
        }

        if (before?.IsLockedAt(now) == true)
        {
            return (null, $"A sign-in as {before.Name} was refused: the user is locked.");
        }

        if (before is null && UserFields.ProblemOfName(person.Name) is { } problem)
        {
            return (null, $"A sign-in as '{Short(person.Name)}' was refused: {problem}");
        }

        if (before is null && await users.FindByNameAsync(person.Name, cancellationToken) is { } other)
        {
            return (null, $"A sign-in as {other.Name} was refused: there is another user of that name, whose origin is {other.Origin}.");
        }

        var user = before is null ? await CreateAsync(session, person, role, now, cancellationToken) : await UpdateAsync(session, person, before, role, now, cancellationToken);
        await GiveAccountRolesAsync(session, user, mapping.Where(entry => !entry.IsOfSystem && entry.IsAmong(person.Groups)), cancellationToken);
        return (user, null);
    }

    private static async Task<UserRow> CreateAsync(DbSession session, ExternalPerson person, string role, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var user = new UserRow
        {
            Id = Ids.New(now),
            Name = person.Name,
            Email = EmailOf(person),
            FirstName = Short(person.FirstName),
            LastName = Short(person.LastName),
            SystemRole = role,
            Origin = person.Origin,
            ExternalId = person.ExternalId,
            CreatedBy = person.Origin,
            CreatedAt = now,
        };
        await new Users(session).AddAsync(user, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.UserCreated, Severity.Info, person.Origin, $"User {user.Name} came from {person.Origin} as system {role}."), now, cancellationToken);
        return user;
    }

    private static async Task<UserRow> UpdateAsync(DbSession session, ExternalPerson person, UserRow before, string role, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var after = before with { Email = EmailOf(person), FirstName = Short(person.FirstName), LastName = Short(person.LastName), SystemRole = role };
        if (after == before)
        {
            return before;
        }

        await new Users(session).ChangeAsync(after, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.UserChanged, Severity.Info, person.Origin, $"User {after.Name} was changed as {person.Origin} says; system role {role}."), now, cancellationToken);
        return after with { Revision = after.Revision + 1, FailedAttempts = 0, LockedUntil = null };
    }

    /// <summary>The roles in accounts are those of the groups and no others. An account that is gone gives none.</summary>
    private static async Task GiveAccountRolesAsync(DbSession session, UserRow user, IEnumerable<GroupRole> given, CancellationToken cancellationToken)
    {
        var wanted = new Dictionary<string, AccountRoleRow>(StringComparer.Ordinal);
        // Of two roles in one place the greater counts, which is the first in the list of roles.
        foreach (var entry in given.OrderBy(entry => Rank(entry.Role)))
        {
            if (await new LocalAccounts(session).FindByNameAsync(entry.Account!, cancellationToken) is not { } account)
            {
                continue;
            }

            var part = entry.VirtualAccount is null ? null : await new VirtualAccounts(session).FindByNameAsync(account.Id, entry.VirtualAccount, cancellationToken);
            if (entry.VirtualAccount is null || part is not null)
            {
                var role = new AccountRoleRow { UserId = user.Id, AccountId = account.Id, VirtualAccountId = part?.Id, Role = entry.Role };
                wanted.TryAdd(role.ScopeId, role);
            }
        }

        var roles = new AccountRoles(session);
        await roles.TakeAllAsync(user.Id, cancellationToken);
        foreach (var role in wanted.Values)
        {
            await roles.GiveAsync(role, cancellationToken);
        }
    }

    private static int Rank(string role) => Roles.OfAccounts.TakeWhile(other => other != role).Count();

    private static string EmailOf(ExternalPerson person) =>
        UserFields.ProblemOf(person.Email, "", "", Roles.SystemUser, "") is null ? person.Email : "";

    /// <summary>A foreign text as a user's field can hold it.</summary>
    private static string Short(string text)
    {
        var plain = new string([.. text.Where(letter => !char.IsControl(letter))]);
        return plain.Length > 200 ? plain[..200] : plain;
    }
}
