using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>A person sets a password: with the one that was, or with a one-time code that an administrator handed over.</summary>
internal sealed class SetPassword(Database database, CheckPassword check, TimeProvider clock)
{
    private static readonly TimeSpan CodeLifetime = TimeSpan.FromHours(24);

    public abstract record Outcome
    {
        public sealed record Done(UserRow User) : Outcome;

        /// <summary>Wrong name, wrong password or wrong code look alike.</summary>
        public sealed record Refused : Outcome;

        /// <summary>The new password will not do; nothing changed.</summary>
        public sealed record Invalid(string Reason) : Outcome;

        /// <summary>The gateway does not keep this person's password.</summary>
        public sealed record KeptElsewhere : Outcome;

        private Outcome() { }
    }

    public abstract record CodeOutcome
    {
        public sealed record Issued(Secret Code) : CodeOutcome;

        /// <summary>The user has more rights than the caller, who could get them with the code.</summary>
        public sealed record RoleNotHeld : CodeOutcome;

        /// <summary>The gateway does not keep this user's password.</summary>
        public sealed record KeptElsewhere : CodeOutcome;

        private CodeOutcome() { }
    }

    /// <summary>Makes the one-time code for the user; one that was made before is worth nothing now. The password that is stays until the code is used.</summary>
    public async Task<CodeOutcome> IssueCodeAsync(Caller by, UserRow user, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (!await new AccountRoles(session).AreHeldAsync(by, user, cancellationToken))
        {
            return new CodeOutcome.RoleNotHeld();
        }

        if (user.Origin != UserOrigin.Local)
        {
            return new CodeOutcome.KeptElsewhere();
        }

        var code = await IssueCodeAsync(session, by, user, clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return new CodeOutcome.Issued(code);
    }

    internal static async Task<Secret> IssueCodeAsync(DbSession session, Caller by, UserRow user, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var code = new Secret(Credentials.NewCode());
        await new PasswordCodes(session).ReplaceAsync(user.Id, Credentials.Hash(code.Value), by.Name, now + CodeLifetime, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.PasswordCodeIssued, Severity.Warning, by.Name, $"A one-time code with which {user.Name} can set a password was made. It is good for 24 hours."), now, cancellationToken);
        return code;
    }

    /// <summary>The session or the access token that this comes with goes on; all others of the user end.</summary>
    public async Task<Outcome> WithPasswordAsync(Me me, Secret current, Secret next, string source, CancellationToken cancellationToken) =>
        me.User.Origin != UserOrigin.Local ? new Outcome.KeptElsewhere()
        : await check.ExecuteAsync(me.User.Name, current, source, cancellationToken) is { } checkedUser
            ? await StoreAsync(checkedUser, next, codeHash: null, me, cancellationToken)
            : new Outcome.Refused();

    public async Task<Outcome> WithCodeAsync(string name, Secret code, Secret next, string source, CancellationToken cancellationToken)
    {
        UserRow? user;
        var codeHash = Credentials.Hash(code.Value.Trim().ToUpperInvariant());
        var valid = false;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            user = name.Length <= UserFields.MostNameCharacters ? await new Users(reading).FindByNameAsync(name, cancellationToken) : null;
            if (user is { Disabled: false, Origin: UserOrigin.Local })
            {
                valid = await new PasswordCodes(reading).IsValidAsync(user.Id, codeHash, clock.GetUtcNow(), cancellationToken);
            }
        }

        if (valid)
        {
            return await StoreAsync(user!, next, codeHash, kept: null, cancellationToken);
        }

        await check.FailedAsync(user, source, cancellationToken);
        return new Outcome.Refused();
    }

    /// <param name="codeHash">Of the code that this comes with; null with a password.</param>
    private async Task<Outcome> StoreAsync(UserRow user, Secret next, string? codeHash, Me? kept, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        AccessRules rules;
        IReadOnlyList<string> former;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            rules = await AccessRules.LoadAsync(reading, cancellationToken);
            former = await new FormerPasswords(reading).NewestAsync(user.Id, rules.PasswordHistory, cancellationToken);
        }

        if (rules.ProblemOf(next, user.Name) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        foreach (var hash in former.Prepend(user.PasswordHash).Where(hash => hash.Length > 0))
        {
            if (await PasswordHash.MatchesAsync(next, hash, cancellationToken))
            {
                return new Outcome.Invalid($"This password was used before. The last {rules.PasswordHistory + 1} cannot be chosen again.");
            }
        }

        var made = await PasswordHash.MakeAsync(next, cancellationToken);
        await using var session = await database.BeginAsync(cancellationToken);
        var codes = new PasswordCodes(session);
        if (!await new Users(session).IsStillAsync(user, cancellationToken) || (codeHash is not null && !await codes.RedeemAsync(user.Id, codeHash, now, cancellationToken)))
        {
            return new Outcome.Refused();
        }

        await codes.DiscardAsync(user.Id, cancellationToken);
        if (user.PasswordHash.Length > 0)
        {
            await new FormerPasswords(session).AddAsync(user.Id, user.PasswordHash, rules.PasswordHistory, now, cancellationToken);
        }

        await new Users(session).SetPasswordAsync(user.Id, made, mustChange: false, now, cancellationToken);
        var sessions = await new Sessions(session).EndOfUserAsync(user.Id, kept?.SessionId, cancellationToken);
        var tokens = await new ApiClients(session).EndTokensOfUserAsync(user.Id, kept?.TokenHash, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.PasswordChanged, Severity.Info, user.Name, $"{user.Name} has a new password; {sessions} other session(s) and {tokens} access token(s) of programs ended."), now, cancellationToken);
        await session.CommitAsync();
        return new Outcome.Done(user);
    }
}
