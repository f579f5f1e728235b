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
        var pending = SessionCookie.SecretOf(HttpContext);
        return await AttemptAsync(
            async () => pending is null ? new Access.SignIn.Outcome.Refused() : await signIn.ConfirmAsync(pending, code ?? "", Source, BrowserOf.Agent(HttpContext), Aborted),
            outcome => outcome is not Access.SignIn.Outcome.SignedIn,
            Answer);
    }

    private IActionResult Answer(Access.SignIn.Outcome outcome)
    {
        if (outcome is not Access.SignIn.Outcome.SignedIn(_, var session))
        {
            return Refuse(T["The code is not valid, was used before, or came too late. Wait for the next one, or start again."], StatusCodes.Status403Forbidden);
        }

        SessionCookie.Set(HttpContext, session);
        return LocalRedirect(SignInPage.Own(Url, Next));
    }
}
