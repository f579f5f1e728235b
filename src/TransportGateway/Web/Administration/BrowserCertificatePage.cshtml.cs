using System.Security.Cryptography;
using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.Web.Administration;

/// <summary>The certificate that browsers get: signing requests, and the upload of what a certificate authority of the site issued (ssm-on-prem 1.7).</summary>
internal sealed class BrowserCertificatePage(CreateBrowserRequest create, UploadBrowserCertificate upload, DeleteBrowserCertificate delete, Database database) : GatewayPage
{
    private const string Here = "/administration/security/browser-certificate";

    /// <summary>The uploaded one; null while browsers get the gateway's own.</summary>
    public BrowserCertificateRow? Installed { get; private set; }

    public IReadOnlyList<BrowserCertificateRow> Requests { get; private set; } = [];

    /// <summary>What was typed, when it was refused.</summary>
    public string Names { get; private set; } = "";

    /// <summary>Without a private key: that is never sent back.</summary>
    public string Pem { get; private set; } = "";

    public string Ca { get; private set; } = "";

    [Needs(Permission.ManageCertificates)]
    public async Task OnGetAsync() => await LoadAsync();

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnGetRequestAsync(string? id)
    {
        await LoadAsync();
        return Requests.FirstOrDefault(row => row.Id == id) is { SigningRequest: { } request }
            ? File(System.Text.Encoding.ASCII.GetBytes(PemEncoding.WriteString("CERTIFICATE REQUEST", request) + "\n"), "application/x-pem-file", "request.csr")
            : Missing(T["There is no such signing request."]);
    }

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnPostCreateAsync(string? names)
    {
        var outcome = await create.ExecuteAsync(Caller, (names ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries), Aborted);
        await LoadAsync();
        Names = names ?? "";
        return outcome switch
        {
            CreateBrowserRequest.Outcome.Created => Done(T["The signing request was made. Download it, and have it signed by your certificate authority."], Here),
            CreateBrowserRequest.Outcome.Invalid(var reason) => Refuse(reason),
            _ => Refuse(T["There are too many signing requests. Delete one that nobody needs."], StatusCodes.Status409Conflict),
        };
    }

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnPostForgetAsync(string? id) =>
        Done(await delete.ForgetRequestAsync(Caller, id ?? "", Aborted) ? T["The signing request was deleted, and its key."] : T["There is no such signing request."], Here);

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnPostUploadAsync(string? pem, string? password, string? ca)
    {
        await LoadAsync();
        Pem = (pem ?? "").Contains("PRIVATE KEY", StringComparison.Ordinal) ? "" : pem ?? "";
        Ca = ca ?? "";
        return await upload.ExecuteAsync(
            new UploadBrowserCertificate.Request(Caller, pem ?? "", Pfx: null, string.IsNullOrEmpty(password) ? null : new Secret(password), string.IsNullOrWhiteSpace(ca) ? null : ca), Aborted) switch
        {
            UploadBrowserCertificate.Outcome.Installed installed => Done(string.Join('\n', installed.Warnings.Select(warning => T[warning]).Prepend(T["Browsers get this certificate from now on."])), Here),
            UploadBrowserCertificate.Outcome.Refused(var reason) => Refuse(reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    [Needs(Permission.ManageCertificates)]
    public async Task<IActionResult> OnPostDeleteAsync() =>
        Done(await delete.ExecuteAsync(Caller, Aborted) ? T["Browsers get the gateway's own certificate again."] : T["There is no uploaded certificate."], Here);

    private async Task LoadAsync()
    {
        await using var session = await database.ReadAsync(Aborted);
        var store = new BrowserCertificates(session);
        Requests = await store.ListRequestsAsync(Aborted);
        Installed = await store.FindInstalledIdAsync(Aborted) is { } id ? await store.FindAsync(id, Aborted) : null;
    }
}
