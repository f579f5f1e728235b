using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Users, their roles in accounts, and their sessions over REST.</summary>
internal static class UsersFeature
{
    public static void MapUsers(this IEndpointRouteBuilder routes)
    {
        const string User = "/api/v2/users/{name}";
        const string Passing = "lastSignInAt";
        routes.MapGet("/api/v2/users", ListAsync).Requires(Permission.ManageUsers, wholeGateway: true);
        routes.MapPost("/api/v2/users", CreateAsync).Requires(Permission.ManageUsers, wholeGateway: true).TakesIdempotencyKey();
        routes.MapGet(User, ShowAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable(Passing);
        routes.MapPatch(User, ChangeAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable(Passing);
        routes.MapDelete(User, RemoveAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable(Passing);
        routes.MapPost(User + "/password-code", IssueCodeAsync).Requires(Permission.ManageUsers, wholeGateway: true);
        routes.MapDelete(User + "/second-factor", RemoveSecondFactorAsync).Requires(Permission.ManageUsers, wholeGateway: true);
        routes.MapPut(User + "/account-roles", SetAccountRoleAsync).Requires(Permission.ManageUsers, wholeGateway: true);
        routes.MapGet("/api/v2/sessions", ListSessionsAsync).Requires(Permission.ManageUsers, wholeGateway: true);
        routes.MapDelete("/api/v2/sessions/{id}", EndSessionAsync).Requires(Permission.ManageUsers, wholeGateway: true);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Database database, ListPage page, TimeProvider clock)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var roles = (await new AccountRoles(session).ListAsync(context.RequestAborted)).ToLookup(role => role.UserId, StringComparer.Ordinal);
        return Results.Json(page.Of(await new Users(session).ListAsync(context.RequestAborted), user => user.Name.ToUpperInvariant()).Select(user => View(user, roles[user.Id], clock.GetUtcNow())));
    }

    private static Task<IResult> ShowAsync(HttpContext context, string name, Database database, TimeProvider clock) =>
        WithUserAsync(context, name, database, async (_, user) => await FullViewAsync(context, user, database, clock));

    private static async Task<IResult> CreateAsync(HttpContext context, CreateUserRequest request, CreateUser create, TimeProvider clock)
    {
        var caller = Caller.Of(context)!;
        var outcome = await create.ExecuteAsync(
            new CreateUser.Request(
                caller,
                request.Name,
                request.SystemRole ?? Roles.SystemUser,
                request.Password is null ? null : new Secret(request.Password),
                request.Email ?? "",
                request.FirstName ?? "",
                request.LastName ?? "",
                request.Language ?? ""),
            context.RequestAborted);
        if (outcome is CreateUser.Outcome.Created created)
        {
            context.Response.Headers.CacheControl = "no-store";
            return Results.Json(new CreatedView(View(created.User, [], clock.GetUtcNow()), created.Code?.Value));
        }

        return outcome switch
        {
            CreateUser.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "user-invalid", invalid.Reason),
            CreateUser.Outcome.NameTaken => Problem.Of(StatusCodes.Status409Conflict, "name-taken", $"There is a user '{request.Name}' already; choose another name."),
            CreateUser.Outcome.RoleNotHeld => RoleNotHeld(),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static Task<IResult> ChangeAsync(HttpContext context, string name, ChangeUserRequest request, Database database, ChangeUser change, TimeProvider clock) =>
        WithUserAsync(context, name, database, async (caller, user) =>
        {
            var outcome = await change.ExecuteAsync(
                new ChangeUser.Request(caller, user, user.Revision, request.Email, request.FirstName, request.LastName, request.SystemRole, request.Language, request.Disabled),
                context.RequestAborted);
            return outcome is ChangeUser.Outcome.Done done ? await FullViewAsync(context, done.User, database, clock) : Refusal(outcome);
        });

    private static Task<IResult> RemoveAsync(HttpContext context, string name, Database database, ChangeUser change) =>
        WithUserAsync(context, name, database, async (caller, user) => Answer(await change.RemoveAsync(caller, user, context.RequestAborted)));

    private static Task<IResult> IssueCodeAsync(HttpContext context, string name, Database database, SetPassword setPassword) =>
        WithUserAsync(context, name, database, async (caller, user) =>
        {
            context.Response.Headers.CacheControl = "no-store";
            return await setPassword.IssueCodeAsync(caller, user, context.RequestAborted) switch
            {
                SetPassword.CodeOutcome.Issued(var code) => Results.Json(new CodeView(user.Name, code.Value)),
                SetPassword.CodeOutcome.RoleNotHeld => RoleNotHeld(),
                SetPassword.CodeOutcome.KeptElsewhere => Problem.Of(StatusCodes.Status409Conflict, "not-local", $"The password of {user.Name} is not kept here. Change it where it is kept."),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
        });

    private static Task<IResult> RemoveSecondFactorAsync(HttpContext context, string name, Database database, SecondFactor secondFactor) =>
        WithUserAsync(context, name, database, async (caller, user) =>
            await secondFactor.TakeAwayAsync(caller, user, context.RequestAborted) ? Results.NoContent() : RoleNotHeld());

    private static Task<IResult> SetAccountRoleAsync(HttpContext context, string name, AccountRoleRequest request, Database database, ChangeUser change) =>
        WithUserAsync(context, name, database, async (caller, user) =>
            Answer(await change.SetAccountRoleAsync(caller, user, request.AccountId, request.VirtualAccountId, request.Role, context.RequestAborted)));

    private static async Task<IResult> ListSessionsAsync(HttpContext context, Database database, ListPage page, TimeProvider clock)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var users = (await new Users(session).ListAsync(context.RequestAborted)).ToDictionary(user => user.Id, user => user.Name, StringComparer.Ordinal);
        // In the order of sign-in: when they were used last changes while somebody turns the pages.
        return Results.Json(page.Of(await new Sessions(session).ListAsync(null, clock.GetUtcNow(), context.RequestAborted), row => row.Id, descending: true)
            .Select(row => new SessionView(row.Id, users[row.UserId], row.Source, row.Agent, row.CreatedAt, row.LastUsedAt, row.ExpiresAt)));
    }

    private static async Task<IResult> EndSessionAsync(HttpContext context, string id, EndSession end)
    {
        return await end.ExecuteAsync(Caller.Of(context)!, id, ownerId: null, context.RequestAborted)
            ? Results.NoContent()
            : Problem.Of(StatusCodes.Status404NotFound, "no-such-session", "There is no such session, or it ended before.");
    }

    private static async Task<IResult> WithUserAsync(HttpContext context, string name, Database database, Func<Caller, UserRow, Task<IResult>> work)
    {
        var caller = Caller.Of(context)!;
        UserRow? user;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            user = await new Users(session).FindByNameAsync(name, context.RequestAborted);
        }

        return user is null ? Problem.Of(StatusCodes.Status404NotFound, "no-such-user", $"There is no user '{name}'. 'tgctl user list' shows them.") : await work(caller, user);
    }

    private static async Task<IResult> FullViewAsync(HttpContext context, UserRow user, Database database, TimeProvider clock)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(View(user, await new AccountRoles(session).OfUserAsync(user.Id, context.RequestAborted), clock.GetUtcNow()));
    }

    private static IResult Answer(ChangeUser.Outcome outcome) => outcome is ChangeUser.Outcome.Done ? Results.NoContent() : Refusal(outcome);

    private static IResult Refusal(ChangeUser.Outcome outcome) => outcome switch
    {
        ChangeUser.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "user-invalid", invalid.Reason),
        ChangeUser.Outcome.Overtaken => Problem.Of(
            StatusCodes.Status412PreconditionFailed, "overtaken", "Somebody else changed or removed this user meanwhile. Read it again, and repeat what is still wanted."),
        ChangeUser.Outcome.LastAdministrator => Problem.Of(
            StatusCodes.Status409Conflict, "last-administrator", "This is the last system administrator who can sign in. Make another one first; nothing changed."),
        ChangeUser.Outcome.RoleNotHeld => RoleNotHeld(),
        var other => throw new InvalidOperationException(other.GetType().Name),
    };

    private static IResult RoleNotHeld() =>
        Problem.Of(StatusCodes.Status403Forbidden, "permission-not-held", "Nobody can give, change or take away more rights than they have.");

    public static UserView View(UserRow user, IEnumerable<AccountRoleRow> roles, DateTimeOffset now) => new(
        user.Id,
        user.Name,
        user.Email,
        user.FirstName,
        user.LastName,
        user.SystemRole,
        user.Origin,
        user.Language,
        user.Disabled ? "disabled" : user.IsLockedAt(now) ? "locked" : "active",
        user.TotpConfirmed,
        [.. roles.Select(role => new AccountRoleView(role.AccountId, role.VirtualAccountId, role.Role))],
        user.CreatedBy,
        user.CreatedAt,
        user.LastSignInAt);

    internal sealed record CreateUserRequest(
        string Name, string? SystemRole = null, string? Password = null, string? Email = null, string? FirstName = null, string? LastName = null, string? Language = null);

    internal sealed record ChangeUserRequest(
        string? Email = null, string? FirstName = null, string? LastName = null, string? SystemRole = null, string? Language = null, bool? Disabled = null);

    /// <param name="Role">Null takes the role there away.</param>
    internal sealed record AccountRoleRequest(string AccountId, string? VirtualAccountId = null, string? Role = null);

    /// <param name="PasswordCode">The one-time code with which the person sets a password; shown this once.</param>
    private sealed record CreatedView(UserView User, string? PasswordCode);

    private sealed record CodeView(string Name, string PasswordCode);

    internal sealed record AccountRoleView(string AccountId, string? VirtualAccountId, string Role);

    internal sealed record UserView(
        string Id,
        string Name,
        string Email,
        string FirstName,
        string LastName,
        string SystemRole,
        string Origin,
        string Language,
        string Status,
        bool SecondFactor,
        AccountRoleView[] AccountRoles,
        string CreatedBy,
        DateTimeOffset CreatedAt,
        DateTimeOffset? LastSignInAt);

    private sealed record SessionView(string Id, string User, string Source, string Agent, DateTimeOffset SignedInAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt);
}
