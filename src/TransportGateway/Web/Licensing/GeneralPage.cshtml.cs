using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.DeviceGateway;
using TransportGateway.HostTls;
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
    HostTlsOptions options,
    TimeProvider clock,
    Database database) : LicensingPage(database)
{
    public IReadOnlyList<ReadTokens.Listed> Tokens { get; private set; } = [];

    public Secret? Created { get; private set; }

    public Fields Entered { get; private set; } = new();

    public IReadOnlyList<(string Name, string Url)> Urls { get; private set; } = [];

    /// <summary>What to type into which product.</summary>
    public IReadOnlyList<(string Product, string Lines)> Recipes { get; private set; } = [];

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
                Created = May(Permission.ReadTokenText, Account.Id, VirtualAccount.Id) ? text : null;
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

        // Only tokens that still work: what ended is in the event log.
        Tokens = May(Permission.ReadInventory, Account.Id, VirtualAccount.Id)
            ? [.. (await read.ExecuteAsync(Person!.Caller.For(Permission.ReadInventory), VirtualAccount, withTexts: MayHere(Permission.ReadTokenText), Aborted))
                .Where(listed => listed.Token.RefusalAt(clock.GetUtcNow()) is null)]
            : [];
        await using var session = await Database.ReadAsync(Aborted);
        var host = (await new HostSettings(session).FindNamesAsync(Aborted) ?? options.InitialNames).CommonName;
        var origin = "https://" + (host.Contains(':', StringComparison.Ordinal) ? $"[{host}]" : host);
        Urls =
        [
            ("Call Home", origin + DeviceGatewayFeature.CallHomePath),
            ("Smart Transport", origin + DeviceGatewayFeature.SmartTransportPath),
        ];
        Recipes = ProductRecipes.For(origin);
        return null;
    }

    internal sealed record Fields(string? Description = null, int Days = CreateToken.ProposedDays, long? Uses = null, bool ExportControlled = false);
}
