using System.Text;
using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.DeviceGateway;
using TransportGateway.Persistence;
using TransportGateway.Registration;

namespace TransportGateway.Web.Licensing;

/// <summary>Registration tokens, the addresses that products dial, and the local virtual account itself (ssm-on-prem 2.1).</summary>
internal sealed class GeneralPage(
    ReadTokens read,
    CreateToken create,
    RevokeToken revoke,
    CreateVirtualAccount createVirtualAccount,
    DeleteVirtualAccount deleteVirtualAccount,
    ProductUrls urls,
    TimeProvider clock,
    Database database) : LicensingPage(database)
{
    public Listing List { get; private set; } = null!;

    /// <summary>Those that still work. Their texts are read one by one, when somebody asks: each reading is in the event log.</summary>
    public IReadOnlyList<TokenRow> Tokens { get; private set; } = [];

    /// <summary>The token whose text is shown, with the heading over it; null for none.</summary>
    public (string Heading, Secret Text)? Shown { get; private set; }

    public Fields Entered { get; private set; } = new();

    public IReadOnlyList<(string Name, string Url)> Urls { get; private set; } = [];

    /// <summary>What to type into which product.</summary>
    public IReadOnlyList<(string Product, string Lines)> Recipes { get; private set; } = [];

    /// <summary>What tells tokens apart on the page without their texts.</summary>
    public static string ShortId(string id) => id[^8..];

    [Needs(Permission.ReadInventory)]
    public async Task<IActionResult> OnGetAsync() => await LoadAsync() ?? Page();

    [Needs(Permission.ManageTokens)]
    public async Task<IActionResult> OnPostCreateAsync(Fields fields)
    {
        Entered = fields;
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        switch (await create.ExecuteAsync(
            new CreateToken.Request(Caller, VirtualAccount, fields.Description?.Trim() ?? "", fields.Days, fields.ExportControlled, fields.Uses), Aborted))
        {
            case CreateToken.Outcome.Created(_, var text):
                Shown = MayHere(Permission.ReadTokenText) ? (T["New registration token"], text) : null;
                Entered = new Fields();
                return await LoadAsync() ?? Page();
            case CreateToken.Outcome.Invalid(var reason):
                return Refuse(T[reason]);
            case CreateToken.Outcome.AccountNotActive(var reason):
                return Refuse(T[reason], StatusCodes.Status409Conflict);
            default:
                return Missing(T["There is no such local virtual account, or you may not see it."]);
        }
    }

    /// <summary>Shows the text of one token on the page.</summary>
    [Needs(Permission.ReadTokenText)]
    public async Task<IActionResult> OnPostShowAsync(string? id)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        if (await read.ReadOneAsync(Caller, VirtualAccount, id ?? "", Aborted) is not { } text)
        {
            return Refuse(T["There is no such token, or it was revoked before."], StatusCodes.Status404NotFound);
        }

        Shown = (T["Registration token {0}", ShortId(id!)], text);
        return Page();
    }

    /// <summary>The text of one token as a file; the copy button fetches it, too.</summary>
    [Needs(Permission.ReadTokenText)]
    public async Task<IActionResult> OnPostDownloadAsync(string? id)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        return await read.ReadOneAsync(Caller, VirtualAccount, id ?? "", Aborted) is { } text
            ? File(Encoding.ASCII.GetBytes(text.Value), "text/plain; charset=utf-8", $"registration-token-{ShortId(id!)}.txt")
            : Refuse(T["There is no such token, or it was revoked before."], StatusCodes.Status404NotFound);
    }

    [Needs(Permission.ManageTokens)]
    public async Task<IActionResult> OnPostRevokeAsync(string? id)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        return await revoke.ExecuteAsync(Caller, VirtualAccount, id ?? "", Aborted) == RevokeToken.Outcome.Revoked
            ? Done(T["The token was revoked."], Path("general"))
            : Refuse(T["There is no such token, or it was revoked before."], StatusCodes.Status404NotFound);
    }

    [Needs(Permission.ManageVirtualAccounts)]
    public async Task<IActionResult> OnPostCreateVirtualAccountAsync(string? name, string? description)
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        return await createVirtualAccount.ExecuteAsync(new CreateVirtualAccount.Request(Caller, Account, name?.Trim() ?? "", description?.Trim() ?? ""), Aborted) switch
        {
            CreateVirtualAccount.Outcome.Created(var made) => Done(T["Local virtual account {0} was created.", made.Name], Path("general", made.Name)),
            CreateVirtualAccount.Outcome.Invalid(var reason) => Refuse(T[reason]),
            CreateVirtualAccount.Outcome.NameTaken => Refuse(T["There is a local virtual account of this name already; choose another one."], StatusCodes.Status409Conflict),
            _ => Missing(T["There is no such local account, or you may not see it."]),
        };
    }

    [Needs(Permission.ManageVirtualAccounts)]
    public async Task<IActionResult> OnPostDeleteVirtualAccountAsync()
    {
        if (await LoadAsync() is { } missing)
        {
            return missing;
        }

        return await deleteVirtualAccount.ExecuteAsync(Caller, VirtualAccount, Aborted) switch
        {
            DeleteVirtualAccount.Outcome.Deleted => Done(T["Local virtual account {0} was deleted.", VirtualAccount.Name], AccountPath("")),
            DeleteVirtualAccount.Outcome.IsDefault => Refuse(T["The default local virtual account cannot be deleted."], StatusCodes.Status409Conflict),
            DeleteVirtualAccount.Outcome.Blocked(var blockers) => Refuse(blockers, StatusCodes.Status409Conflict),
            _ => Missing(T["There is no such local virtual account, or you may not see it."]),
        };
    }

    private async Task<IActionResult?> LoadAsync()
    {
        if (await FindAsync() is { } missing)
        {
            return missing;
        }

        List = Listing.From(Request, "-created", "expires", "uses", "export", "description", "by");
        // Only tokens that still work: what ended is in the event log.
        Tokens = MayHere(Permission.ReadInventory)
            ? List.Of(
                (await read.ExecuteAsync(Caller, VirtualAccount, withTexts: false, Aborted)).Select(listed => listed.Token).Where(token => token.RefusalAt(clock.GetUtcNow()) is null),
                token => [token.Description, token.CreatedBy, ShortId(token.Id)],
                token => List.Sort switch
                {
                    "expires" => token.ExpiresAt,
                    "uses" => token.Uses,
                    "export" => token.ExportControlled,
                    "description" => token.Description.ToUpperInvariant(),
                    "by" => token.CreatedBy.ToUpperInvariant(),
                    _ => token.CreatedAt,
                })
            : [];
        (Urls, Recipes) = await urls.ReadAsync(Aborted);
        return null;
    }

    internal sealed record Fields(string? Description = null, int Days = CreateToken.ProposedDays, long? Uses = null, bool ExportControlled = false);
}
