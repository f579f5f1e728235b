using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.SignOn;

namespace TransportGateway.Web.Entry;

/// <summary>Name and password.</summary>
internal sealed class SignInPage(Access.SignIn signIn, SignInThrottle throttle, SetUpGateway setUp, Database database, MasterKey masterKey) : EntryPage(throttle)
{
    private const string Why = "this is where people sign in";

    [BindProperty(SupportsGet = true)]
    public string Next { get; set; } = "/";

    public string Name { get; private set; } = "";

    public string Message { get; private set; } = "";

    public bool NobodyYet { get; private set; }

    /// <summary>What the way to the identity provider is called; null without one.</summary>
    public string? ProviderLabel { get; private set; }

    [OpenToAll(Why)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (!await setUp.IsDoneAsync(Aborted))
        {
            return LocalRedirect("/set-up");
        }

        await LoadAsync();
        return Person is null ? Page() : LocalRedirect(Own(Url, Next));
    }

    [OpenToAll(Why)]
    public async Task<IActionResult> OnPostAsync(string? name, string? password)
    {
        Name = name ?? "";
        await LoadAsync();
        return await AttemptAsync(
            () => signIn.ExecuteAsync(new Access.SignIn.Request(Name, new Secret(password ?? ""), Source, BrowserOf.Agent(HttpContext)), Aborted),
            outcome => outcome is Access.SignIn.Outcome.Refused,
            Answer);
    }

    private IActionResult Answer(Access.SignIn.Outcome outcome)
    {
        switch (outcome)
        {
            case Access.SignIn.Outcome.SignedIn(_, var session):
                SessionCookie.Set(HttpContext, session);
                return LocalRedirect(Own(Url, Next));
            case Access.SignIn.Outcome.SecondFactorNeeded(var pending):
                SessionCookie.Set(HttpContext, pending);
                return LocalRedirect("/sign-in/second-factor?next=" + Uri.EscapeDataString(Next));
            default:
                return Refuse(T["The user name or the password is not valid, or the user is locked or disabled. A system administrator can help."], StatusCodes.Status403Forbidden);
        }
    }

    /// <summary>An address of this gateway's own, as a header can carry it; anything else leads to the first page.</summary>
    public static string Own(IUrlHelper urls, string? next) =>
        urls.IsLocalUrl(next) && Uri.TryCreate("https://gateway" + next, UriKind.Absolute, out var address) && urls.IsLocalUrl(address.PathAndQuery) ? address.PathAndQuery : "/";

    private async Task LoadAsync()
    {
        await using var session = await database.ReadAsync(Aborted);
        var provider = await ProviderSettings.LoadAsync(session, masterKey, Aborted);
        ProviderLabel = provider.Issuer is null ? null : provider.Label;
        NobodyYet = !await new Users(session).AnyAsync(Aborted);
    }
}
