using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Finds out whether a name and a password belong together. Counts what goes wrong, and locks.</summary>
internal sealed class CheckPassword(Database database, IExternalPasswords elsewhere, TimeProvider clock)
{
    /// <param name="source">The address that asks, for the event log.</param>
    /// <returns>The user; null when name or password is wrong, or the user is locked, disabled, or signs in by a provider. They look alike.</returns>
    public async Task<UserRow?> ExecuteAsync(string name, Secret password, string source, CancellationToken cancellationToken)
    {
        if (name.Length > UserFields.MostNameCharacters || password.Value.Length > AccessRules.MostPasswordCharacters)
        {
            await FailedAsync(null, source, cancellationToken);
            return null;
        }

        UserRow? user;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            user = await new Users(reading).FindByNameAsync(name, cancellationToken);
        }

        // A locked user's password is checked all the same: how long it takes tells nothing.
        var now = clock.GetUtcNow();
        var matches = await PasswordHash.MatchesAsync(password, user?.PasswordHash ?? "", cancellationToken);
        if (user is not null && matches && !user.Disabled && !user.IsLockedAt(now) && user.Origin == UserOrigin.Local)
        {
            return user;
        }

        if (MayBeKeptElsewhere(name, user, now) && await elsewhere.CheckAsync(name, password, cancellationToken) is { } admitted)
        {
            return admitted;
        }

        await FailedAsync(user, source, cancellationToken);
        return null;
    }

    /// <summary>A local user's password is never sent anywhere, nor is that of a user who is locked.</summary>
    private static bool MayBeKeptElsewhere(string name, UserRow? user, DateTimeOffset now) =>
        user is null ? UserFields.ProblemOfName(name) is null : user.Origin == UserOrigin.Ldap && !user.Disabled && !user.IsLockedAt(now);

    /// <summary>Counts a wrong password or second factor; the one too many locks the user.</summary>
    public async Task FailedAsync(UserRow? user, string source, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var rules = await AccessRules.LoadAsync(session, cancellationToken);
        var events = new EventLog(session);
        if (user is not null && !user.IsLockedAt(now) && rules.LockAfterFailures > 0)
        {
            await new Users(session).FailedAsync(user.Id, rules.LockAfterFailures, now.AddMinutes(rules.LockMinutes), cancellationToken);
            if ((await new Users(session).FindAsync(user.Id, cancellationToken))?.IsLockedAt(now) == true)
            {
                await events.AppendAsync(
                    new LoggedEvent(
                        EventKinds.UserLocked, Severity.Warning, user.Name, $"{user.Name} is locked for {rules.LockMinutes} min after {rules.LockAfterFailures} failed sign-ins in a row, the last from {source}."),
                    now,
                    cancellationToken);
            }
        }

        // The name is logged only when it is a user's: people type passwords into the wrong field.
        await events.AppendAsync(
            new LoggedEvent(EventKinds.SignInRefused, Severity.Warning, source, user is null ? "A sign-in with an unknown user name was refused." : $"A sign-in as {user.Name} was refused."),
            now,
            cancellationToken);
        await session.CommitAsync();
    }
}
