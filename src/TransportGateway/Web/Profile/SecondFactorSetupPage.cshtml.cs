using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;

namespace TransportGateway.Web.Profile;

/// <summary>The person sets up an authenticator app.</summary>
internal sealed class SecondFactorSetupPage(SecondFactor secondFactor) : GatewayPage
{
    public SecondFactor.Enrolment? Enrolment { get; private set; }

    [OwnAffairs(BeforeAnythingElse = true)]
    public IActionResult OnGet() => Page();

    [OwnAffairs(BeforeAnythingElse = true)]
    public async Task<IActionResult> OnPostAsync()
    {
        if (Person!.User is { TotpConfirmed: true } or not { Origin: UserOrigin.Local })
        {
            return Refuse(T["You have a second factor, or sign in elsewhere."], StatusCodes.Status409Conflict);
        }

        Enrolment = await secondFactor.EnrolAsync(Person.User, T["Transport gateway"], Aborted);
        return Page();
    }

    [OwnAffairs(BeforeAnythingElse = true)]
    public async Task<IActionResult> OnPostConfirmAsync(string? code) =>
        await secondFactor.ConfirmAsync(Person!.User, code ?? "", Aborted)
            ? Done(T["The second factor is set up."], "/profile")
            : Refuse(T["The code is not right. The key that was shown does not count; set it up again."]);
}
