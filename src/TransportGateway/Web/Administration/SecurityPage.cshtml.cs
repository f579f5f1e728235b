using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>Lock-out and password rules, certificates, and who is signed in (ssm-on-prem 1.7).</summary>
internal sealed class SecurityPage(
    ChangeAccessRules changeRules, EndSession end, CheckHostCertificate check, ChangeHostName changeHostName, ChangeCertificateIssuer changeIssuer, TimeProvider clock, Database database) : GatewayPage
{
    private const string Certificates = "certificates";
    private const string CertificatesPath = "/administration/security/certificates";

    /// <summary>Empty for the rules, else <c>certificates</c> or <c>sessions</c>.</summary>
    public string Tab { get; private set; } = "";

    public AccessRules Rules { get; private set; } = new();

    public Listing List { get; private set; } = null!;

    public IReadOnlyList<(string User, SessionRow Row)> Sessions { get; private set; } = [];

    public CheckHostCertificate.Report? Report { get; private set; }

    public IReadOnlyList<DialledName> Mismatches { get; private set; } = [];

    /// <summary>What stands in the form of the names.</summary>
    public (string Name, string More) Entered { get; private set; } = ("", "");

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
        Entered = (name ?? "", more ?? "");
        var names = (more ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return await changeHostName.ExecuteAsync(new ChangeHostName.Request(Caller, name?.Trim() ?? "", names), Aborted) switch
        {
            ChangeHostName.Outcome.Changed changed => Done(
                string.Join('\n', changed.Warnings.Select(warning => T[warning]).Prepend(T["The Host Common Name is {0}. Synchronise every local account now.", changed.Names.CommonName])), CertificatesPath),
            ChangeHostName.Outcome.Unchanged => Done(T["These are the names already."], CertificatesPath),
            ChangeHostName.Outcome.Invalid(var reason) => Refuse(reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnPostIssuerAsync(string? issuer)
    {
        await LoadAsync(Certificates);
        return await changeIssuer.ExecuteAsync(Caller, issuer ?? "", Aborted) switch
        {
            ChangeCertificateIssuer.Outcome.Changed { Marked: [_, ..] marked } => Done(T["The issuer was changed. Synchronise for it: {0}", string.Join(", ", marked)], CertificatesPath),
            ChangeCertificateIssuer.Outcome.Changed => Done(T["The issuer was changed."], CertificatesPath),
            ChangeCertificateIssuer.Outcome.Unchanged => Done(T["That is the issuer already."], CertificatesPath),
            ChangeCertificateIssuer.Outcome.Invalid(var reason) => Refuse(T[reason]),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private async Task LoadAsync(string tab)
    {
        Tab = tab;
        if (tab == Certificates)
        {
            Report = await check.ExecuteAsync(null, Aborted);
            Entered = (Report.Names.CommonName, string.Join(", ", Report.Names.AlternativeNames));
            List = Listing.From(Request, "-when", "product", "name");
            Mismatches = List.Of(Report.Mismatches, dialled => [dialled.Product, dialled.Name], dialled => List.Sort switch { "product" => dialled.Product, "name" => dialled.Name, _ => dialled.DialledAt });
            return;
        }

        await using var session = await database.ReadAsync(Aborted);
        Rules = await AccessRules.LoadAsync(session, Aborted);
        var users = (await new Users(session).ListAsync(Aborted)).ToDictionary(user => user.Id, user => user.Name, StringComparer.Ordinal);
        List = Listing.From(Request, "-used", "user", "begun", "address");
        Sessions = List.Of(
            (await new Sessions(session).ListAsync(null, clock.GetUtcNow(), Aborted)).Select(row => (User: users[row.UserId], Row: row)),
            entry => [entry.User, entry.Row.Source],
            entry => List.Sort switch { "user" => entry.User, "begun" => entry.Row.CreatedAt, "address" => entry.Row.Source, _ => entry.Row.LastUsedAt });
    }
}
