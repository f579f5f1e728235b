using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;

namespace TransportGateway.Web.Entry;

/// <summary>Ends the session.</summary>
internal sealed class SignOutPage(EndSession end) : GatewayPage
{
    [OwnAffairs(BeforeAnythingElse = true)]
    public async Task<IActionResult> OnPostAsync()
    {
        await end.ExecuteAsync(Person!.Caller, Person.Session.Id, Person.User.Id, Aborted);
        SessionCookie.Clear(HttpContext);
        return LocalRedirect("/sign-in");
    }
}
