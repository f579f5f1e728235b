using Microsoft.AspNetCore.Mvc;
using TransportGateway.Http;

namespace TransportGateway.Web.Entry;

/// <summary>The language switch.</summary>
internal sealed class LanguagePage : GatewayPage
{
    [OpenToAll("the sign-in page has the switch, too")]
    public IActionResult OnPost(string? language, string? next)
    {
        var chosen = language == Texts.Chinese.Language ? Texts.Chinese : Texts.English;
        Response.Cookies.Append(
            Texts.Cookie, chosen.Language, new CookieOptions { Secure = true, HttpOnly = true, SameSite = SameSiteMode.Lax, Path = "/", MaxAge = TimeSpan.FromDays(365), IsEssential = true });
        return LocalRedirect(SignInPage.Own(Url, next));
    }
}
