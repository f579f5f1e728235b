using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Licensing;

/// <summary>What the pages of the licensing workspace share: the account and the local virtual account that the address names.</summary>
internal abstract class LicensingPage(Database database) : GatewayPage
{
    private LocalAccountRow? _account;
    private VirtualAccountRow? _virtualAccount;

    [BindProperty(SupportsGet = true, Name = "account")]
    public string AccountName { get; set; } = "";

    [BindProperty(SupportsGet = true, Name = "virtualAccount")]
    public string VirtualAccountName { get; set; } = "";

    public LocalAccountRow Account => _account!;

    public VirtualAccountRow VirtualAccount => _virtualAccount!;

    /// <summary>Those that the person may see, for the picker.</summary>
    public IReadOnlyList<LocalAccountRow> Accounts { get; private set; } = [];

    /// <summary>Those of the account that the person may see, for the picker.</summary>
    public IReadOnlyList<VirtualAccountRow> VirtualAccounts { get; private set; } = [];

    protected Database Database { get; } = database;

    /// <summary>What of the account a page is about.</summary>
    protected enum Part
    {
        /// <summary>The local virtual account in its address.</summary>
        Named,

        /// <summary>All of it; who may see single virtual accounts does not find it.</summary>
        Whole,

        /// <summary>As much of it as the person may see.</summary>
        Visible,
    }

    /// <summary>Whether the person may do this here; what a page offers depends on it.</summary>
    public bool MayHere(Permission permission) => May(permission, Account.Id, VirtualAccount.Id);

    public string AccountPath(string area, string? account = null) => $"/licensing/{Uri.EscapeDataString(account ?? Account.Name)}/{area}";

    public string Path(string area, string? virtualAccount = null) =>
        $"/licensing/{Uri.EscapeDataString(Account.Name)}/{Uri.EscapeDataString(virtualAccount ?? VirtualAccount.Name)}/{area}";

    /// <summary>Finds what the address names, as far as the handler's permission goes.</summary>
    /// <returns>What to show instead; null when all is well.</returns>
    protected async Task<IActionResult?> FindAsync(Part about = Part.Named)
    {
        await using var session = await Database.ReadAsync(Aborted);
        Accounts = [.. (await new LocalAccounts(session).ListAsync(Aborted)).Where(account => Caller.MaySee(account.Id) && !AccountStatus.IsRequest(account.Status))];
        _account = Accounts.FirstOrDefault(account => Names.Key(account.Name) == Names.Key(AccountName));
        if (_account is null || (about == Part.Whole && !Caller.MaySee(_account.Id, null)))
        {
            return Missing(T["There is no such local account, or you may not see it."]);
        }

        VirtualAccounts = [.. AccountScope.Visible(Caller, await new VirtualAccounts(session).ListAsync(_account.Id, Aborted))];
        // One that the links to the inventory lead to, where the address names none.
        _virtualAccount = about != Part.Named
            ? VirtualAccounts.FirstOrDefault(entry => entry.IsDefault) ?? (VirtualAccounts is [var first, ..] ? first : null)
            : VirtualAccounts.FirstOrDefault(entry => Names.Key(entry.Name) == Names.Key(VirtualAccountName));
        return _virtualAccount is null ? Missing(T["There is no such local virtual account, or you may not see it."]) : null;
    }
}
