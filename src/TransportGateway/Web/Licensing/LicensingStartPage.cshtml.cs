using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>Leads to the inventory of the named account, or of the first one that the person may see; who may see none can ask for one.</summary>
internal sealed class LicensingStartPage(RequestAccount request, Database database) : AccountRequestPage(request)
{
    /// <summary>Whether the person may see any account.</summary>
    public bool HasAccounts { get; private set; }

    /// <summary>What the person asked for and is not decided, or was rejected.</summary>
    public IReadOnlyList<LocalAccountRow> Requested { get; private set; } = [];

    /// <param name="ask">Whether the page itself is wanted, also by who may see accounts.</param>
    [OwnAffairs]
    public async Task<IActionResult> OnGetAsync(string? account, bool ask = false)
    {
        var accounts = await LoadAsync();
        var chosen = account is null ? ask || accounts.Count == 0 ? null : accounts[0] : accounts.FirstOrDefault(entry => Names.Key(entry.Name) == Names.Key(account));
        if (chosen is null)
        {
            return account is null ? Page() : Missing(T["There is no such local account, or you may not see it."]);
        }

        await using var session = await database.ReadAsync(Aborted);
        var first = AccountScope.Visible(Person!.Caller.For(Permission.ReadInventory), await new VirtualAccounts(session).ListAsync(chosen.Id, Aborted)).OrderByDescending(entry => entry.IsDefault).First();
        return LocalRedirect($"/licensing/{Uri.EscapeDataString(chosen.Name)}/{Uri.EscapeDataString(first.Name)}/general");
    }

    [Needs(Permission.RequestAccount)]
    public async Task<IActionResult> OnPostAsync(AccountFields fields)
    {
        await LoadAsync();
        return await RequestAsync(
            fields, account => Done(T["{0} is requested. A system administrator decides; notices go to {1}.", account.Name, account.NotificationEmail], "/licensing?ask=true"));
    }

    /// <summary>The accounts that the person may see.</summary>
    private async Task<IReadOnlyList<LocalAccountRow>> LoadAsync()
    {
        var reader = Person!.Caller.For(Permission.ReadInventory);
        await using var session = await database.ReadAsync(Aborted);
        var all = await new LocalAccounts(session).ListAsync(Aborted);
        Requested = [.. all.Where(account => AccountStatus.IsRequest(account.Status) && account.CreatedBy == Person.Caller.Name)];
        LocalAccountRow[] visible = [.. all.Where(account => reader.MaySee(account.Id) && !AccountStatus.IsRequest(account.Status))];
        HasAccounts = visible.Length > 0;
        return visible;
    }
}
