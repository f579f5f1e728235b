using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;

namespace TransportGateway.Web.Entry;

/// <summary>The code of the authenticator app, after the password.</summary>
internal sealed class SecondFactorPage(Access.SignIn signIn, SignInThrottle throttle) : EntryPage(throttle)
{
    private const string Why = "the second step of signing in";

    [BindProperty(SupportsGet = true)]
    public string Next { get; set; } = "/";

    [OpenToAll(Why)]
    public IActionResult OnGet() => SessionCookie.SecretOf(HttpContext) is null ? LocalRedirect("/sign-in") : Page();

    [OpenToAll(Why)]
    public async Task<IActionResult> OnPostAsync(string? code)
    {
        if (TooOften() is { } wait)
        {
            return wait;
        }

        if (SessionCookie.SecretOf(HttpContext) is { } pending
            && await signIn.ConfirmAsync(pending, code ?? "", Source, BrowserOf.Agent(HttpContext), Aborted) is Access.SignIn.Outcome.SignedIn(_, var session))
        {
            SessionCookie.Set(HttpContext, session);
            return LocalRedirect(SignInPage.Own(Url, Next));
        }

        return Failed(T["The code is not valid, was used before, or came too late. Wait for the next one, or start again."]);
    }
}
