using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Web.Entry;

namespace TransportGateway.Web.Profile;

/// <summary>A new password for the person who knows the old one.</summary>
internal sealed class PasswordPage(SetPassword setPassword, SignInThrottle throttle, TimeProvider clock) : EntryPage(throttle)
{
    public bool MustChange => Person!.User.PasswordMustChange || Person.Rules.IsExpired(Person.User, clock.GetUtcNow());

    [OwnAffairs(BeforeAnythingElse = true)]
    public IActionResult OnGet() => Page();

    [OwnAffairs(BeforeAnythingElse = true)]
    public async Task<IActionResult> OnPostAsync(string? current, string? password, string? again)
    {
        if (password != again)
        {
            return Refuse(T["The two passwords are not the same."]);
        }

        var me = new Me(Person!.User, Person.Caller, Person.Session.Id, TokenHash: null);
        return await AttemptAsync(
            () => setPassword.WithPasswordAsync(me, new Secret(current ?? ""), new Secret(password ?? ""), Source, Aborted),
            outcome => outcome is SetPassword.Outcome.Refused,
            outcome => outcome switch
            {
                SetPassword.Outcome.Done => Done(T["The password is changed. Your other sessions ended."], "/"),
                SetPassword.Outcome.Invalid(var reason) => Refuse(T[reason]),
                SetPassword.Outcome.KeptElsewhere => Refuse(T["The gateway does not keep your password. Change it where you sign in."], StatusCodes.Status409Conflict),
                _ => Refuse(T["The password until now is not right, or you are locked after too many attempts."], StatusCodes.Status403Forbidden),
            });
    }
}
