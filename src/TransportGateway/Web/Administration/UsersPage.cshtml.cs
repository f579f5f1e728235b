using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>The people who sign in (ssm-on-prem 1.1).</summary>
internal sealed class UsersPage(CreateUser create, ChangeUser change, SetPassword setPassword, Database database, TimeProvider clock) : GatewayPage
{
    public Listing List { get; private set; } = null!;

    public IReadOnlyList<UserRow> Users { get; private set; } = [];

    /// <summary>The one-time code that was just made, shown this once.</summary>
    public Secret? Code { get; private set; }

    public string CodeFor { get; private set; } = "";

    /// <summary>What stands in the form.</summary>
    public Fields Entered { get; private set; } = new();

    public string StatusOf(UserRow user) => user.Disabled ? "Disabled" : user.IsLockedAt(clock.GetUtcNow()) ? "Locked" : "Active";

    [Needs(Permission.ManageUsers)]
    public async Task OnGetAsync() => await LoadAsync();

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostCreateAsync(Fields fields)
    {
        Entered = fields;
        await LoadAsync();
        if ((fields.Password ?? "") != (fields.Again ?? ""))
        {
            return Refuse(T["The two passwords are not the same."]);
        }

        var outcome = await create.ExecuteAsync(
            new CreateUser.Request(
                Caller,
                fields.Name?.Trim() ?? "",
                fields.SystemRole ?? Roles.SystemUser,
                string.IsNullOrEmpty(fields.Password) ? null : new Secret(fields.Password),
                fields.Email?.Trim() ?? "",
                fields.FirstName?.Trim() ?? "",
                fields.LastName?.Trim() ?? "",
                fields.Language ?? ""),
            Aborted);
        return outcome switch
        {
            CreateUser.Outcome.Created(var user, null) => Done(T["User {0} was created.", user.Name], "/administration/users"),
            CreateUser.Outcome.Created(var user, { } code) => await ShowCodeAsync(user.Name, code),
            CreateUser.Outcome.Invalid(var reason) => Refuse(T[reason]),
            CreateUser.Outcome.NameTaken => Refuse(T["There is a user of this name already; choose another one."], StatusCodes.Status409Conflict),
            _ => Refuse(T["Nobody can give, change or take away more rights than they have."], StatusCodes.Status403Forbidden),
        };
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostCodeAsync(string? name)
    {
        await LoadAsync();
        return await FindAsync(name) is not { } user ? Refuse(T["There is no such user any more."], StatusCodes.Status404NotFound)
            : await setPassword.IssueCodeAsync(Caller, user, Aborted) switch
            {
                SetPassword.CodeOutcome.Issued(var code) => await ShowCodeAsync(user.Name, code),
                SetPassword.CodeOutcome.RoleNotHeld => Refuse(T["Nobody can give, change or take away more rights than they have."], StatusCodes.Status403Forbidden),
                _ => Refuse(T["This password is not kept here. Change it where it is kept."], StatusCodes.Status409Conflict),
            };
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostRemoveAsync(string? name)
    {
        await LoadAsync();
        return await FindAsync(name) is not { } user ? Refuse(T["There is no such user any more."], StatusCodes.Status404NotFound)
            : await change.RemoveAsync(Caller, user, Aborted) switch
            {
                ChangeUser.Outcome.Done => Done(T["User {0} was removed.", user.Name], "/administration/users"),
                ChangeUser.Outcome.LastAdministrator => Refuse(T["This is the last system administrator who can sign in. Make another one first; nothing changed."], StatusCodes.Status409Conflict),
                ChangeUser.Outcome.RoleNotHeld => Refuse(T["Nobody can give, change or take away more rights than they have."], StatusCodes.Status403Forbidden),
                _ => Refuse(T["There is no such user any more."], StatusCodes.Status404NotFound),
            };
    }

    private async Task<IActionResult> ShowCodeAsync(string name, Secret code)
    {
        Entered = new Fields();
        Code = code;
        CodeFor = name;
        await LoadAsync();
        return Page();
    }

    private async Task LoadAsync()
    {
        List = Listing.From(Request, "name", "email", "role", "status", "last");
        await using var session = await database.ReadAsync(Aborted);
        Users = List.Of(
            await new Users(session).ListAsync(Aborted),
            user => [user.Name, user.Email, user.FirstName, user.LastName],
            user => List.Sort switch
            {
                "email" => user.Email,
                "role" => user.SystemRole,
                "status" => StatusOf(user),
                "last" => user.LastSignInAt ?? DateTimeOffset.MinValue,
                _ => Access.Users.Key(user.Name),
            });
    }

    private async Task<UserRow?> FindAsync(string? name)
    {
        await using var session = await database.ReadAsync(Aborted);
        return await new Users(session).FindByNameAsync(name ?? "", Aborted);
    }

    internal sealed record Fields(
        string? Name = null, string? Email = null, string? FirstName = null, string? LastName = null, string? SystemRole = Roles.SystemUser, string? Language = null, string? Password = null, string? Again = null);
}
