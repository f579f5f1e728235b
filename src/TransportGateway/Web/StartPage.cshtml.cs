using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;

namespace TransportGateway.Web;

/// <summary>Leads to the workspace that the person can use.</summary>
internal sealed class StartPage : GatewayPage
{
    [OwnAffairs]
    public IActionResult OnGet() => LocalRedirect(MayForAll(Permission.ReadInventory) ? "/administration" : "/licensing");
}
