using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>What happened to users, and what they did at the door (ssm-on-prem 1.1).</summary>
internal sealed class UserEventsPage(Database database) : GatewayPage
{
    private static readonly EventFilter EventsOfUsers = new()
    {
        Kinds =
        [
            EventKinds.UserCreated, EventKinds.UserChanged, EventKinds.UserRemoved, EventKinds.UserLocked, EventKinds.SignedIn, EventKinds.SignInRefused, EventKinds.SessionEnded, EventKinds.PasswordChanged,
            EventKinds.PasswordCodeIssued, EventKinds.SecondFactorSet, EventKinds.SecondFactorRemoved, EventKinds.AccountRoleGiven, EventKinds.AccountRoleTaken, EventKinds.AccessRulesChanged,
        ],
    };

    public EventListing Events { get; private set; } = null!;

    [Needs(Permission.ManageUsers, WholeGateway = true)]
    public async Task<IActionResult> OnGetAsync()
    {
        Events = await EventListing.ReadAsync(this, database, EventsOfUsers);
        return Page();
    }

    [Needs(Permission.ManageUsers, WholeGateway = true)]
    public async Task<IActionResult> OnGetFileAsync() =>
        await EventListing.FileAsync(this, EventsOfUsers);
}
