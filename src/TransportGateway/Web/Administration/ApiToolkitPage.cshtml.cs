using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Programs that sign in with an id and a secret, for one account or for all (ssm-on-prem 1.9).</summary>
internal sealed class ApiToolkitPage(CreateApiClient create, RevokeApiClient revoke, SwitchRestApi api, Database database) : GatewayPage
{
    public Listing List { get; private set; } = null!;

    public IReadOnlyList<ApiClientRow> Clients { get; private set; } = [];

    public IReadOnlyDictionary<string, string> AccountNames { get; private set; } = new Dictionary<string, string>();

    /// <summary>The one that was just made, with its secret, this once.</summary>
    public CreateApiClient.Outcome.Created? Created { get; private set; }

    /// <summary>Whether programs are let in.</summary>
    public bool IsOn { get; private set; }

    /// <summary>What was typed, when it was refused.</summary>
    public (string? Name, string? AccountId, IReadOnlyList<Permission> Permissions) Entered { get; private set; } = (null, null, []);

    [Needs(Permission.ManageAccess)]
    public async Task OnGetAsync() => await LoadAsync();

    [Needs(Permission.ManageAccess)]
    public async Task<IActionResult> OnPostCreateAsync(string? name, string? accountId, Permission[] permissions)
    {
        await LoadAsync();
        Entered = (name ?? "", accountId, permissions);
        var account = string.IsNullOrEmpty(accountId) ? null : accountId;
        if (permissions.Length == 0 || (account is not null && !AccountNames.ContainsKey(account)))
        {
            return Refuse(T["Tick at least one permission, and choose an account of the list."]);
        }

        switch (await create.ExecuteAsync(new CreateApiClient.Request(Caller, name ?? "", account, permissions), Aborted))
        {
            case CreateApiClient.Outcome.Created made:
                Created = made;
                Entered = (null, null, []);
                await LoadAsync();
                return Page();
            case CreateApiClient.Outcome.NameInvalid(var reason):
                return Refuse(T[reason]);
            case CreateApiClient.Outcome.NoSuchAccount:
                return Refuse(T["There is no such local account, or you may not see it."], StatusCodes.Status404NotFound);
            default:
                return Refuse(T["Nobody can give, change or take away more rights than they have."], StatusCodes.Status403Forbidden);
        }
    }

    [Needs(Permission.ManageAccess, WholeGateway = true)]
    public async Task<IActionResult> OnPostSwitchAsync(bool on)
    {
        await api.ExecuteAsync(Caller, on, Aborted);
        return Done(T[on ? "The REST API is on." : "The REST API is off."], "/administration/api-toolkit");
    }

    [Needs(Permission.ManageAccess)]
    public async Task<IActionResult> OnPostRevokeAsync(string? id)
    {
        await LoadAsync();
        return await revoke.ExecuteAsync(Caller, id ?? "", Aborted)
            ? Done(T["The API client was revoked."], "/administration/api-toolkit")
            : Refuse(T["There is no such API client, or it was revoked before."], StatusCodes.Status404NotFound);
    }

    private async Task LoadAsync()
    {
        List = Listing.From(Request, "name", "account", "by");
        await using var session = await database.ReadAsync(Aborted);
        IsOn = await SwitchRestApi.IsOnAsync(session, Aborted);
        AccountNames = (await new LocalAccounts(session).ListAsync(Aborted)).Where(account => Caller.MaySee(account.Id)).ToDictionary(account => account.Id, account => account.Name, StringComparer.Ordinal);
        Clients = List.Of(
            (await new ApiClients(session).ListAsync(Aborted)).Where(client => client.AccountId is null ? Caller.IsForAllAccounts : Caller.MaySee(client.AccountId)),
            client => [client.Name, client.Id],
            client => List.Sort switch
            {
                "account" => client.AccountId is null ? "" : AccountNames.GetValueOrDefault(client.AccountId),
                "by" => client.CreatedBy,
                _ => client.Name.ToUpperInvariant(),
            });
    }
}
