using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Profile;

/// <summary>The person's own affairs: facts, sessions.</summary>
internal sealed class ProfilePage(EndSession end, Database database, TimeProvider clock) : GatewayPage
{
    public IReadOnlyList<SessionRow> Sessions { get; private set; } = [];

    [OwnAffairs]
    public async Task OnGetAsync()
    {
        await using var session = await database.ReadAsync(Aborted);
        Sessions = await new Sessions(session).ListAsync(Person!.User.Id, clock.GetUtcNow(), Aborted);
    }

    [OwnAffairs]
    public async Task<IActionResult> OnPostEndAsync(string? id)
    {
        var ended = await end.ExecuteAsync(Person!.Caller, id ?? "", Person.User.Id, Aborted);
        return Done(ended ? T["The session was ended."] : T["That session had ended already."], "/profile");
    }
}
