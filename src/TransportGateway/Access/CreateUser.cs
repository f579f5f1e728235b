using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Takes a person in. With a password that they change at the first sign-in, or with a one-time code to set one.</summary>
internal sealed class CreateUser(Database database, TimeProvider clock)
{
    /// <param name="Password">Null: a one-time code is made instead.</param>
    public sealed record Request(
        Caller By,
        string Name,
        string SystemRole,
        Secret? Password = null,
        string Email = "",
        string FirstName = "",
        string LastName = "",
        string Language = "",
        bool PasswordMustChange = true);

    public abstract record Outcome
    {
        /// <param name="Code">The one-time code; null when a password was given.</param>
        public sealed record Created(UserRow User, Secret? Code) : Outcome;

        public sealed record Invalid(string Reason) : Outcome;

        public sealed record NameTaken : Outcome;

        /// <summary>Nobody can give a role that has more rights than they have.</summary>
        public sealed record RoleNotHeld : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if ((UserFields.ProblemOfName(request.Name) ?? UserFields.ProblemOf(request.Email, request.FirstName, request.LastName, request.SystemRole, request.Language)) is { } problem)
        {
            return new Outcome.Invalid(problem);
        }

        if (!request.By.Holds(request.SystemRole, null, null))
        {
            return new Outcome.RoleNotHeld();
        }

        if (await PasswordProblemAsync(request, cancellationToken) is { } weak)
        {
            return new Outcome.Invalid(weak);
        }

        var hash = request.Password is null ? "" : await PasswordHash.MakeAsync(request.Password, cancellationToken);
        return await database.RetryOvertakenAsync(async () =>
        {
            await using var session = await database.BeginAsync(cancellationToken);
            if (await new Users(session).FindByNameAsync(request.Name, cancellationToken) is not null)
            {
                return new Outcome.NameTaken();
            }

            var created = await AddAsync(session, request, hash, clock.GetUtcNow(), cancellationToken);
            await session.CommitAsync();
            return (Outcome)created;
        });
    }

    private async Task<string?> PasswordProblemAsync(Request request, CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return request.Password is null ? null : (await AccessRules.LoadAsync(session, cancellationToken)).ProblemOf(request.Password, request.Name);
    }

    internal static async Task<Outcome.Created> AddAsync(DbSession session, Request request, string passwordHash, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var user = new UserRow
        {
            Id = Ids.New(now),
            Name = request.Name,
            Email = request.Email,
            FirstName = request.FirstName,
            LastName = request.LastName,
            SystemRole = request.SystemRole,
            Language = request.Language,
            PasswordHash = passwordHash,
            PasswordChangedAt = passwordHash.Length == 0 ? null : now,
            PasswordMustChange = request.PasswordMustChange,
            CreatedBy = request.By.Name,
            CreatedAt = now,
        };
        await new Users(session).AddAsync(user, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.UserCreated, Severity.Info, request.By.Name, $"User {user.Name} was created as system {user.SystemRole}."), now, cancellationToken);
        var code = request.Password is null ? await SetPassword.IssueCodeAsync(session, request.By, user, now, cancellationToken) : null;
        return new Outcome.Created(user, code);
    }
}
