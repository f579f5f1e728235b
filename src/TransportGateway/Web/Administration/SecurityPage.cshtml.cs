using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Lock-out and password rules, certificates, and who is signed in (ssm-on-prem 1.7).</summary>
internal sealed class SecurityPage(
    ChangeAccessRules changeRules, EndSession end, CheckHostCertificate check, ChangeHostName changeHostName, TimeProvider clock, Database database) : GatewayPage
{
    private const string Certificates = "certificates";

    /// <summary>Empty for the rules, else <c>certificates</c> or <c>sessions</c>.</summary>
    public string Tab { get; private set; } = "";

    public AccessRules Rules { get; private set; } = new();

    public IReadOnlyList<(string User, SessionRow Row)> Sessions { get; private set; } = [];

    public CheckHostCertificate.Report? Report { get; private set; }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnGetAsync(string? tab)
    {
        if (tab is not (null or "" or Certificates or "sessions"))
        {
            return Missing(T["There is nothing at this address."]);
        }

        await LoadAsync(tab ?? "");
        return Page();
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostRulesAsync(AccessRules rules)
    {
        await LoadAsync("");
        Rules = rules;
        return await changeRules.ExecuteAsync(Caller, rules, Aborted) is { Count: > 0 } problems
            ? Refuse(string.Join('\n', problems))
            : Done(T["The rules were saved."], "/administration/security");
    }

    [Needs(Permission.ManageUsers)]
    public async Task<IActionResult> OnPostEndAsync(string? id) =>
        Done(await end.ExecuteAsync(Caller, id ?? "", ownerId: null, Aborted) ? T["The session was ended."] : T["That session had ended already."], "/administration/security/sessions");

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnPostHostNameAsync(string? name, string? more)
    {
        await LoadAsync(Certificates);
        var names = (more ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return await changeHostName.ExecuteAsync(new ChangeHostName.Request(Caller, name?.Trim() ?? "", names), Aborted) switch
        {
            ChangeHostName.Outcome.Changed changed => Done(
                string.Join('\n', changed.Warnings.Prepend(T["The Host Common Name is {0}. Synchronise every local account now.", changed.Names.CommonName])), "/administration/security/certificates"),
            ChangeHostName.Outcome.Unchanged => Done(T["These are the names already."], "/administration/security/certificates"),
            ChangeHostName.Outcome.Invalid(var reason) => Refuse(reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private async Task LoadAsync(string tab)
    {
        Tab = tab;
        if (tab == Certificates)
        {
            Report = await check.ExecuteAsync(null, Aborted);
            return;
        }

        await using var session = await database.ReadAsync(Aborted);
        Rules = await AccessRules.LoadAsync(session, Aborted);
        var users = (await new Users(session).ListAsync(Aborted)).ToDictionary(user => user.Id, user => user.Name, StringComparer.Ordinal);
        Sessions = [.. (await new Sessions(session).ListAsync(null, clock.GetUtcNow(), Aborted)).Select(row => (users[row.UserId], row))];
    }
}
