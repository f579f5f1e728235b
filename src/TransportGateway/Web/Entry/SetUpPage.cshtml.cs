using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Entry;

/// <summary>The first run: the set-up code, the first system administrator, the name that products dial.</summary>
internal sealed class SetUpPage(
    SetUpGateway setUp, TakeIntoUse takeIntoUse, Access.SignIn signIn, SignInThrottle throttle, HostTlsOptions options, Database database) : EntryPage(throttle)
{
    private const string Why = "the set-up code is the right to do this, once";

    [BindProperty(SupportsGet = true)]
    public string? Code { get; set; }

    public string Name { get; private set; } = "admin";

    public string Host { get; private set; } = "";

    public AccessRules Rules { get; } = new();

    [OpenToAll(Why)]
    public async Task<IActionResult> OnGetAsync()
    {
        if (await setUp.IsDoneAsync(Aborted))
        {
            return LocalRedirect("/sign-in");
        }

        await using var session = await database.ReadAsync(Aborted);
        Host = (await new HostSettings(session).FindNamesAsync(Aborted) ?? options.InitialNames).CommonName;
        return Page();
    }

    [OpenToAll(Why)]
    public async Task<IActionResult> OnPostAsync(string? name, string? password, string? again, string? host)
    {
        Name = name?.Trim() ?? "";
        Host = host?.Trim() ?? "";
        if (password != again)
        {
            return Refuse(T["The two passwords are not the same."]);
        }

        return await AttemptAsync(
            () => SetUpAsync(new TakeIntoUse.Request(new Secret(Code ?? ""), (Name, new Secret(password ?? "")), Host)),
            outcome => outcome is SetUpGateway.Outcome.CodeRefused,
            outcome => outcome switch
            {
                SetUpGateway.Outcome.Person => Done(T["The gateway is in use. Next: create or request a local account."], "/administration/accounts"),
                SetUpGateway.Outcome.Invalid(var reason) => Refuse(T[reason]),
                _ => Refuse(T["The set-up code is not valid. The gateway prints a new one at each start until one was used."], StatusCodes.Status403Forbidden),
            });
    }

    /// <summary>Who took the gateway into use is signed in.</summary>
    private async Task<SetUpGateway.Outcome> SetUpAsync(TakeIntoUse.Request request)
    {
        var outcome = await takeIntoUse.ExecuteAsync(request, Aborted);
        if (outcome is SetUpGateway.Outcome.Person(var user)
            && await signIn.OpenAsync(user, complete: true, Source, BrowserOf.Agent(HttpContext), Aborted) is Access.SignIn.Outcome.SignedIn(_, var session))
        {
            SessionCookie.Set(HttpContext, session);
        }

        return outcome;
    }
}
