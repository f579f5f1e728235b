using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Changes, unlocks, disables, enables and removes users, and says what they may do in accounts.</summary>
internal sealed class ChangeUser(Database database, TimeProvider clock)
{
    /// <summary>What is null stays as it is.</summary>
    /// <param name="Revision">The one that the caller saw.</param>
    public sealed record Request(
        Caller By, UserRow User, long Revision, string? Email = null, string? FirstName = null, string? LastName = null, string? SystemRole = null, string? Language = null, bool? Disabled = null);

    public abstract record Outcome
    {
        public sealed record Done(UserRow User) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        /// <summary>Somebody else changed or removed the user meanwhile.</summary>
        public sealed record Overtaken : Outcome;

        /// <summary>Without this user nobody could administer the gateway any more.</summary>
        public sealed record LastAdministrator : Outcome;

        /// <summary>The user has, or would get, more rights than the caller.</summary>
        public sealed record RoleNotHeld : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var before = request.User;
        var after = before with
        {
            Revision = request.Revision,
            Email = request.Email ?? before.Email,
            FirstName = request.FirstName ?? before.FirstName,
            LastName = request.LastName ?? before.LastName,
            SystemRole = request.SystemRole ?? before.SystemRole,
            Language = request.Language ?? before.Language,
            Disabled = request.Disabled ?? before.Disabled,
        };
        if (UserFields.ProblemOf(after.Email, after.FirstName, after.LastName, after.SystemRole, after.Language) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        if (after.SystemRole != before.SystemRole && before.Origin != UserOrigin.Local)
        {
            return new Outcome.Invalid(GroupsDecide(before));
        }

        return await database.RetryOvertakenAsync(() => TryChangeAsync(request, after, cancellationToken));
    }

    private async Task<Outcome> TryChangeAsync(Request request, UserRow after, CancellationToken cancellationToken)
    {
        var (before, now) = (request.User, clock.GetUtcNow());
        await using var session = await database.BeginAsync(cancellationToken);
        if (!request.By.Holds(after.SystemRole, null, null) || !await new AccountRoles(session).AreHeldAsync(request.By, before, cancellationToken))
        {
            return new Outcome.RoleNotHeld();
        }

        var users = new Users(session);
        if (!await users.ChangeAsync(after, cancellationToken))
        {
            return new Outcome.Overtaken();
        }

        if ((after.Disabled || after.SystemRole != Roles.SystemAdministrator) && await IsLastAdministratorAsync(users, before, cancellationToken))
        {
            return new Outcome.LastAdministrator();
        }

        if (after.Disabled)
        {
            await new Sessions(session).EndOfUserAsync(after.Id, exceptId: null, cancellationToken);
        }

        var what = after.Disabled != before.Disabled ? after.Disabled ? "disabled" : "enabled" : "changed";
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.UserChanged, Severity.Info, request.By.Name, $"User {after.Name} was {what}; system role {after.SystemRole}."), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Done(after with { Revision = after.Revision + 1, FailedAttempts = 0, LockedUntil = null });
    }

    public Task<Outcome> RemoveAsync(Caller by, UserRow user, CancellationToken cancellationToken) =>
        database.RetryOvertakenAsync(() => TryRemoveAsync(by, user, cancellationToken));

    private async Task<Outcome> TryRemoveAsync(Caller by, UserRow user, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new AccountRoles(session).AreHeldAsync(by, user, cancellationToken))
        {
            return new Outcome.RoleNotHeld();
        }

        var users = new Users(session);
        if (!await users.DeleteAsync(user.Id, cancellationToken))
        {
            return new Outcome.Overtaken();
        }

        if (await IsLastAdministratorAsync(users, user, cancellationToken))
        {
            return new Outcome.LastAdministrator();
        }

        await new EventLog(session).AppendAsync(new LoggedEvent(EventKinds.UserRemoved, Severity.Info, by.Name, $"User {user.Name} was removed."), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Done(user);
    }

    /// <summary>Gives the user a role in an account, or in one virtual account; null takes away the one that is there.</summary>
    public async Task<Outcome> SetAccountRoleAsync(Caller by, UserRow user, string accountId, string? virtualAccountId, string? role, CancellationToken cancellationToken)
    {
        if (role is not null && (!Roles.OfAccounts.Contains(role) || Roles.IsOfVirtualAccount(role) != virtualAccountId is not null))
        {
            return new Outcome.Invalid(
                $"A role in a whole account is {Roles.AccountAdministrator} or {Roles.AccountUser}; in one local virtual account, {Roles.VirtualAccountAdministrator} or {Roles.VirtualAccountUser}.");
        }

        if (user.Origin != UserOrigin.Local)
        {
            return new Outcome.Invalid(GroupsDecide(user));
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        var roles = new AccountRoles(session);
        var before = await roles.FindAsync(user.Id, accountId, virtualAccountId, cancellationToken);
        if (new[] { before?.Role, role }.OfType<string>().Any(one => !by.Holds(one, accountId, virtualAccountId)))
        {
            return new Outcome.RoleNotHeld();
        }

        if (role is null)
        {
            if (before is null)
            {
                return new Outcome.Invalid($"{user.Name} has no role there.");
            }

            await roles.TakeAsync(user.Id, before.ScopeId, cancellationToken);
        }
        else
        {
            try
            {
                await roles.GiveAsync(new AccountRoleRow { UserId = user.Id, AccountId = accountId, VirtualAccountId = virtualAccountId, Role = role }, cancellationToken);
            }
            catch (System.Data.Common.DbException exception) when (database.Dialect.IsForeignKeyViolation(exception))
            {
                return new Outcome.Invalid("There is no such local account or local virtual account. 'tgctl account list' shows them.");
            }
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                role is null ? EventKinds.AccountRoleTaken : EventKinds.AccountRoleGiven,
                Severity.Info,
                by.Name,
                role is null ? $"The role of {user.Name} was taken away." : $"{user.Name} has the role {role}.",
                accountId),
            now,
            cancellationToken);
        await session.CommitAsync();
        return new Outcome.Done(user);
    }

    private static string GroupsDecide(UserRow user) => $"The roles of {user.Name} come from the person's groups ({user.Origin}). Change the groups there, or what they may do under Access Management.";

    // Asked after the change and before the commit: what is not committed never was.
    private static async Task<bool> IsLastAdministratorAsync(Users users, UserRow user, CancellationToken cancellationToken) =>
        user is { SystemRole: Roles.SystemAdministrator, Disabled: false, Origin: UserOrigin.Local } && await users.CountOtherAdministratorsAsync(user.Id, cancellationToken) == 0;
}
