using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>One user: fields, state, roles in accounts, second factor.</summary>
internal sealed class UserPage(ChangeUser change, SecondFactor secondFactor, Database database) : GatewayPage
{
    /// <param name="VirtualAccountId">Null for the whole account.</param>
    internal sealed record Place(string AccountId, string AccountName, string? VirtualAccountId, string? VirtualAccountName);

    internal sealed record Fields(string? Email = null, string? FirstName = null, string? LastName = null, string? SystemRole = null, string? Language = null, bool Disabled = false);

    public UserRow Shown { get; private set; } = null!;

    /// <summary>What stands in the form.</summary>
    public Fields Entered { get; private set; } = new();

    public IReadOnlyList<AccountRoleRow> AccountRoles { get; private set; } = [];

    public IReadOnlyList<Place> Places { get; private set; } = [];

    private string Here => "/administration/users/" + Uri.EscapeDataString(Shown.Name);

    [Needs(Permission.ManageUsers)]
    public Task<IActionResult> OnGetAsync(string name) => WithAsync(name, () => Task.FromResult<IActionResult>(Page()));

    [Needs(Permission.ManageUsers)]
    public Task<IActionResult> OnPostSaveAsync(string name, long revision, Fields fields) => WithAsync(name, async () =>
    {
        Entered = fields;
        return Answer(
            await change.ExecuteAsync(
                new ChangeUser.Request(
                    Caller, Shown, revision, fields.Email?.Trim() ?? "", fields.FirstName?.Trim() ?? "", fields.LastName?.Trim() ?? "", fields.SystemRole, fields.Language ?? "", fields.Disabled),
                Aborted),
            T["{0} was saved.", Shown.Name]);
    });

    [Needs(Permission.ManageUsers)]
    public Task<IActionResult> OnPostGiveAsync(string name, string? place, bool isAdministrator) => SetRoleAsync(name, place, virtualAccount => (virtualAccount, isAdministrator) switch
    {
        (false, true) => Roles.AccountAdministrator,
        (false, false) => Roles.AccountUser,
        (true, true) => Roles.VirtualAccountAdministrator,
        (true, false) => Roles.VirtualAccountUser,
    });

    [Needs(Permission.ManageUsers)]
    public Task<IActionResult> OnPostTakeAsync(string name, string? place) => SetRoleAsync(name, place, _ => null);

    [Needs(Permission.ManageUsers)]
    public Task<IActionResult> OnPostSecondFactorAsync(string name) => WithAsync(name, async () => await secondFactor.TakeAwayAsync(Caller, Shown, Aborted)
        ? Done(T["The second factor of {0} was taken away.", Shown.Name], Here)
        : Refuse(T["Nobody can give, change or take away more rights than they have."], StatusCodes.Status403Forbidden));

    private Task<IActionResult> SetRoleAsync(string name, string? place, Func<bool, string?> role) => WithAsync(name, async () =>
    {
        var parts = (place ?? "").Split(' ', StringSplitOptions.RemoveEmptyEntries);
        return parts.Length is 1 or 2
            ? Answer(await change.SetAccountRoleAsync(Caller, Shown, parts[0], parts.ElementAtOrDefault(1), role(parts.Length == 2), Aborted), T["{0} was saved.", Shown.Name])
            : Refuse(T["Choose an account first."]);
    });

    private IActionResult Answer(ChangeUser.Outcome outcome, string done) => outcome switch
    {
        ChangeUser.Outcome.Done => Done(done, Here),
        ChangeUser.Outcome.Invalid(var reason) => Refuse(T[reason]),
        ChangeUser.Outcome.Overtaken => Refuse(T["Somebody else changed this user meanwhile. Look again, and repeat what is still wanted."], StatusCodes.Status409Conflict),
        ChangeUser.Outcome.LastAdministrator => Refuse(T["This is the last system administrator who can sign in. Make another one first; nothing changed."], StatusCodes.Status409Conflict),
        _ => Refuse(T["Nobody can give, change or take away more rights than they have."], StatusCodes.Status403Forbidden),
    };

    private async Task<IActionResult> WithAsync(string name, Func<Task<IActionResult>> work)
    {
        await using (var session = await database.ReadAsync(Aborted))
        {
            if (await new Users(session).FindByNameAsync(name, Aborted) is not { } user)
            {
                return Missing(T["There is no such user any more."]);
            }

            Shown = user;
            Entered = new Fields(user.Email, user.FirstName, user.LastName, user.SystemRole, user.Language, user.Disabled);
            AccountRoles = await new AccountRoles(session).OfUserAsync(user.Id, Aborted);
            var places = new List<Place>();
            foreach (var account in await new LocalAccounts(session).ListAsync(Aborted))
            {
                places.Add(new Place(account.Id, account.Name, null, null));
                places.AddRange((await new VirtualAccounts(session).ListAsync(account.Id, Aborted)).Select(entry => new Place(account.Id, account.Name, entry.Id, entry.Name)));
            }

            Places = places;
        }

        return await work();
    }
}
