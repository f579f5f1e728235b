using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Entry;

/// <summary>A person sets a password with a one-time code that came to them outside the gateway.</summary>
internal sealed class SetPasswordPage(SetPassword setPassword, SignInThrottle throttle, Database database) : EntryPage(throttle)
{
    private const string Why = "the one-time code is the right to do this, once";

    public string Name { get; private set; } = "";

    public AccessRules Rules { get; private set; } = new();

    [OpenToAll(Why)]
    public async Task OnGetAsync() => await LoadAsync();

    [OpenToAll(Why)]
    public async Task<IActionResult> OnPostAsync(string? name, string? code, string? password, string? again)
    {
        Name = name ?? "";
        await LoadAsync();
        if (password != again)
        {
            return Refuse(T["The two passwords are not the same."]);
        }

        return await AttemptAsync(
            () => setPassword.WithCodeAsync(Name, new Secret(code ?? ""), new Secret(password ?? ""), Source, Aborted),
            outcome => outcome is SetPassword.Outcome.Refused,
            outcome => outcome switch
            {
                SetPassword.Outcome.Done => Done(T["The password is set. Sign in with it."], "/sign-in"),
                SetPassword.Outcome.Invalid(var reason) => Refuse(T[reason]),
                _ => Refuse(T["The user name or the code is not valid, or the code was used or is too old. A system administrator can make a new one."], StatusCodes.Status403Forbidden),
            });
    }

    private async Task LoadAsync()
    {
        await using var session = await database.ReadAsync(Aborted);
        Rules = await AccessRules.LoadAsync(session, Aborted);
    }
}
