using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>Leads to the inventory of the named account, or of the first one that the person may see.</summary>
internal sealed class LicensingStartPage(Database database) : GatewayPage
{
    [OwnAffairs]
    public async Task<IActionResult> OnGetAsync(string? account)
    {
        var reader = Person!.Caller.For(Permission.ReadInventory);
        await using var session = await database.ReadAsync(Aborted);
        var accounts = (await new LocalAccounts(session).ListAsync(Aborted)).Where(entry => reader.MaySee(entry.Id) && !AccountStatus.IsRequest(entry.Status)).ToArray();
        var chosen = account is null ? accounts.FirstOrDefault() : Array.Find(accounts, entry => Names.Key(entry.Name) == Names.Key(account));
        if (chosen is null)
        {
            return account is null ? Page() : Missing(T["There is no such local account, or you may not see it."]);
        }

        var first = AccountScope.Visible(reader, await new VirtualAccounts(session).ListAsync(chosen.Id, Aborted)).OrderByDescending(entry => entry.IsDefault).First();
        return LocalRedirect($"/licensing/{Uri.EscapeDataString(chosen.Name)}/{Uri.EscapeDataString(first.Name)}/general");
    }
}
