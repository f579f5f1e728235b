using System.Buffers.Text;
using System.Text;

namespace TransportGateway.Web;

/// <summary>A sentence that one page leaves for the next: what was done.</summary>
internal static class Notes
{
    private const string Name = "__Host-tg-note";
    private const int MostCharacters = 2000;

    public static void Leave(HttpContext context, string note) =>
        context.Response.Cookies.Append(Name, Base64Url.EncodeToString(Encoding.UTF8.GetBytes(note)), Options());

    public static string? Take(HttpContext context)
    {
        // A script's request for a part of a page leaves it for the page.
        if (context.Request.Cookies[Name] is not { Length: > 0 and < MostCharacters } text || context.Request.Headers.ContainsKey("HX-Request"))
        {
            return null;
        }

        context.Response.Cookies.Delete(Name, Options());
        return Base64Url.IsValid(text) ? Encoding.UTF8.GetString(Base64Url.DecodeFromChars(text)) : null;
    }

    private static CookieOptions Options() => new() { HttpOnly = true, Secure = true, SameSite = SameSiteMode.Strict, Path = "/", IsEssential = true };
}
