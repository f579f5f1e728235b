using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.SignOn;

namespace TransportGateway.Web.Administration;

/// <summary>Who else may vouch for people: an LDAP directory, or an OpenID Connect provider (ssm-on-prem 1.3).</summary>
internal sealed class AccessManagementPage(ChangeDirectory changeDirectory, ChangeProvider changeProvider, LdapDirectory ldap, Database database, MasterKey masterKey) : GatewayPage
{
    private const string Here = "/administration/access-management";
    private const string Provider = "identity-provider";

    /// <summary>Empty for the directory.</summary>
    public string Tab { get; private set; } = "";

    public DirectorySettings Directory { get; private set; } = new();

    public ProviderSettings IdentityProvider { get; private set; } = new();

    /// <summary>The mapping as lines that can be edited.</summary>
    public string GroupLines { get; private set; } = "";

    /// <summary>What a test found, a line each.</summary>
    public IReadOnlyList<string> Findings { get; private set; } = [];

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnGetAsync(string? tab)
    {
        if (tab is not (null or "" or Provider))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync(tab ?? "");
        return Page();
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostDirectoryAsync(ChangeDirectoryForm form)
    {
        await LoadAsync("");
        GroupLines = form.Groups ?? "";
        if (GroupLine.Read(GroupLines) is not { } groups)
        {
            return Refuse(T["Each line of the groups needs a group, an equals sign and a role."]);
        }

        var (settings, problems) = await changeDirectory.ExecuteAsync(
            new ChangeDirectory.Request(
                Caller,
                form.Address?.Trim() ?? "",
                form.TlsAnchors?.Trim() ?? "",
                form.BindName?.Trim() ?? "",
                string.IsNullOrEmpty(form.BindPassword) ? null : new Secret(form.BindPassword),
                form.UserBase?.Trim() ?? "",
                form.UserFilter?.Trim() ?? "",
                form.NameAttribute?.Trim() ?? "",
                form.IdAttribute?.Trim() ?? "",
                form.GroupBase?.Trim() ?? "",
                form.GroupFilter?.Trim() ?? "",
                groups),
            Aborted);
        Directory = settings;
        return problems.Count > 0 ? Refuse(string.Join('\n', problems)) : Done(T["The directory was saved."], Here);
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostTestAsync(string? name, string? password)
    {
        await LoadAsync("");
        if (Directory.Address is null)
        {
            return Refuse(T["Save a directory first."]);
        }

        try
        {
            var person = await ldap.FindAsync(Directory, name?.Trim() ?? "", string.IsNullOrEmpty(password) ? null : new Secret(password), Aborted);
            Findings = person is null
                ? [T["The directory was reached. There is nobody of that name, or the password is wrong."]]
                :
                [
                    T["{0} was found.", person.Name],
                    T["System role: {0}", AdmitPerson.SystemRoleOf(person.Groups, Directory.Groups) is { } role ? T[RoleNames.Of(role)] : T["none, so the person cannot sign in"]],
                    .. person.Groups,
                ];
            return Page();
        }
        catch (DirectoryUnreachableException exception)
        {
            return Refuse(exception.Message);
        }
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostProviderAsync(ChangeProviderForm form)
    {
        await LoadAsync(Provider);
        GroupLines = form.Groups ?? "";
        if (GroupLine.Read(GroupLines) is not { } groups)
        {
            return Refuse(T["Each line of the groups needs a group, an equals sign and a role."]);
        }

        var (settings, problems) = await changeProvider.ExecuteAsync(
            new ChangeProvider.Request(
                Caller,
                form.Issuer?.Trim() ?? "",
                form.ClientId?.Trim() ?? "",
                string.IsNullOrEmpty(form.ClientSecret) ? null : new Secret(form.ClientSecret),
                form.Scopes?.Trim() ?? "",
                form.NameClaim?.Trim() ?? "",
                form.GroupsClaim?.Trim() ?? "",
                form.Label?.Trim() ?? "",
                form.Proxy?.Trim() ?? "",
                TlsAnchors: form.TlsAnchors?.Trim() ?? "",
                Groups: groups),
            Aborted);
        IdentityProvider = settings;
        return problems.Count > 0 ? Refuse(string.Join('\n', problems)) : Done(T["The identity provider was saved."], Here + "/" + Provider);
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostProviderTestAsync()
    {
        await LoadAsync(Provider);
        if (IdentityProvider.Issuer is null)
        {
            return Refuse(T["Save an identity provider first."]);
        }

        try
        {
            var found = await OpenIdProvider.DescribeAsync(IdentityProvider, Aborted);
            Findings = [T["{0} was reached. It signs with {1} key(s).", found.Issuer, found.SigningKeys.Count], found.AuthorizationEndpoint, found.TokenEndpoint];
            return Page();
        }
        catch (ProviderException exception)
        {
            return Refuse(exception.Message);
        }
    }

    private async Task LoadAsync(string tab)
    {
        Tab = tab;
        await using var session = await database.ReadAsync(Aborted);
        Directory = await DirectorySettings.LoadAsync(session, masterKey, Aborted);
        IdentityProvider = await ProviderSettings.LoadAsync(session, masterKey, Aborted);
        GroupLines = GroupLine.Write(tab == "" ? Directory.Groups : IdentityProvider.Groups);
    }

    internal sealed class ChangeDirectoryForm
    {
        public string? Address { get; set; }

        public string? TlsAnchors { get; set; }

        public string? BindName { get; set; }

        public string? BindPassword { get; set; }

        public string? UserBase { get; set; }

        public string? UserFilter { get; set; }

        public string? NameAttribute { get; set; }

        public string? IdAttribute { get; set; }

        public string? GroupBase { get; set; }

        public string? GroupFilter { get; set; }

        public string? Groups { get; set; }
    }

    internal sealed class ChangeProviderForm
    {
        public string? Issuer { get; set; }

        public string? ClientId { get; set; }

        public string? ClientSecret { get; set; }

        public string? Scopes { get; set; }

        public string? NameClaim { get; set; }

        public string? GroupsClaim { get; set; }

        public string? Label { get; set; }

        public string? Proxy { get; set; }

        public string? TlsAnchors { get; set; }

        public string? Groups { get; set; }
    }
}
