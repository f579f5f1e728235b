using Microsoft.AspNetCore.Mvc;
using TransportGateway.Accounts;

namespace TransportGateway.Web;

/// <summary>A page with the form that asks for a local account.</summary>
internal abstract class AccountRequestPage(RequestAccount request) : GatewayPage
{
    public AccountFields Entered { get; protected set; } = new();

    protected async Task<IActionResult> RequestAsync(AccountFields fields, Func<LocalAccountRow, IActionResult> requested)
    {
        Entered = fields;
        return await request.ExecuteAsync(
            new RequestAccount.Request(Caller, fields.Name?.Trim() ?? "", fields.SmartAccount?.Trim() ?? "", fields.CloudVirtualAccount?.Trim() ?? "", fields.Email?.Trim() ?? ""), Aborted) switch
        {
            RequestAccount.Outcome.Requested(var account) => requested(account),
            RequestAccount.Outcome.Invalid(var reasons) => Refuse(string.Join('\n', reasons.Select(reason => T[reason]))),
            RequestAccount.Outcome.Taken(var reason) => Refuse(T[reason], StatusCodes.Status409Conflict),
            _ => Refuse(T["Your roles do not allow this. A system administrator can change them."], StatusCodes.Status403Forbidden),
        };
    }
}

internal sealed record AccountFields(string? Name = null, string? SmartAccount = null, string? CloudVirtualAccount = null, string? Email = null);
