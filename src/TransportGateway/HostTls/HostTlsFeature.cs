using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>The host certificate and the Host Common Name, the certificate for browsers, and whether products accept what is served.</summary>
internal static class HostTlsFeature
{
    public static IServiceCollection AddHostTls(this IServiceCollection services, HostTlsOptions options) => services
        .AddSingleton(options)
        .AddSingleton<HostCertificate>()
        .AddSingleton<ProductListeners>()
        .AddSingleton<HostNameLookup>(_ => new HostNameLookup())
        .AddSingleton<IssueHostCertificate>()
        .AddSingleton<KeepHostCertificate>()
        .AddSingleton<DialledNames>()
        .AddSingleton<CertificateExpiry>()
        .AddSingleton<ChangeHostName>()
        .AddSingleton<TakeIntoUse>()
        .AddSingleton<ChangeCertificateIssuer>()
        .AddSingleton<CheckHostCertificate>()
        .AddSingleton<CreateBrowserRequest>()
        .AddSingleton<UploadBrowserCertificate>()
        .AddSingleton<DeleteBrowserCertificate>()
        .AddSingleton<IJob>(provider => provider.GetRequiredService<KeepHostCertificate>())
        .AddSingleton<IJob>(provider => provider.GetRequiredService<DialledNames>())
        .AddSingleton<IJob>(provider => provider.GetRequiredService<CertificateExpiry>());

    public static void MapHostTls(this IEndpointRouteBuilder routes)
    {
        routes.MapSetUp();
        routes.MapGet("/api/v2/certificates", ShowAsync).Requires(Permission.ReadInventory);
        routes.MapGet("/api/v2/certificates/check", CheckAsync).Requires(Permission.ReadInventory);
        routes.MapGet("/api/v2/certificates/host-name", ShowNamesAsync).Requires(Permission.ReadInventory).Editable();
        routes.MapPut("/api/v2/certificates/host-name", ChangeNamesAsync).Requires(Permission.ManageCertificates, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/certificates/issuer", ChangeIssuerAsync).Requires(Permission.ManageCertificates, wholeGateway: true);
        routes.MapGet("/api/v2/certificates/requests", ListRequestsAsync).Requires(Permission.ManageCertificates, wholeGateway: true);
        routes.MapPost("/api/v2/certificates/requests", CreateRequestAsync).Requires(Permission.ManageCertificates, wholeGateway: true).TakesIdempotencyKey();
        routes.MapDelete("/api/v2/certificates/requests/{id}", DeleteRequestAsync).Requires(Permission.ManageCertificates, wholeGateway: true);
        routes.MapPut("/api/v2/certificates/uploaded", UploadAsync).Requires(Permission.ManageCertificates, wholeGateway: true);
        routes.MapDelete("/api/v2/certificates/uploaded", DeleteAsync).Requires(Permission.ManageCertificates, wholeGateway: true);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, HostCertificate served)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var settings = new HostSettings(session);
        var names = await settings.FindNamesAsync(context.RequestAborted);
        var underWay = await new HostCertificateChanges(session).FindUnderWayAsync(context.RequestAborted);
        return Results.Json(new ShownView(
            names?.CommonName ?? "",
            names?.AlternativeNames ?? [],
            await settings.FindIssuerAsync(context.RequestAborted),
            View(served.Certificate, served.Chain),
            underWay is null ? null : View(underWay),
            served.Uploaded is { } uploaded ? View(uploaded, null) : null));
    }

    private static async Task<IResult> CheckAsync(HttpContext context, CheckHostCertificate check)
    {
        var report = await check.ExecuteAsync(Caller.Of(context)!.WholeAccountIds, context.RequestAborted);
        return Results.Json(new CheckView(
            report.Names.CommonName,
            report.Names.AlternativeNames,
            report.Issuer,
            View(report.Certificate, report.Chain),
            report.UnderWay is { } underWay ? View(underWay) : null,
            [.. report.Mismatches.Select(dialled => new DialledView(
                dialled.AccountId is null ? null : dialled.Source, dialled.Product, dialled.Name, dialled.TlsName, dialled.HostHeader, dialled.DialledAt))],
            report.MismatchesInAll,
            report.AccountsToSynchronize,
            report.Findings));
    }

    private static async Task<IResult> ShowNamesAsync(HttpContext context, Database database)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var names = await new HostSettings(session).FindNamesAsync(context.RequestAborted);
        return Results.Json(new NamesView(names?.CommonName ?? "", names?.AlternativeNames ?? [], null, [], []));
    }

    private static async Task<IResult> ChangeNamesAsync(HttpContext context, NamesRequest request, ChangeHostName change)
    {
        return await change.ExecuteAsync(new ChangeHostName.Request(Caller.Of(context)!, request.Name, request.AlternativeNames), context.RequestAborted) switch
        {
            ChangeHostName.Outcome.Changed changed => Results.Json(new NamesView(
                changed.Names.CommonName, changed.Names.AlternativeNames, changed.State, changed.Marked, changed.Warnings)),
            ChangeHostName.Outcome.Unchanged same => Results.Json(new NamesView(same.Names.CommonName, same.Names.AlternativeNames, null, [], same.Warnings)),
            ChangeHostName.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "host-name-invalid", invalid.Reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> ChangeIssuerAsync(HttpContext context, IssuerRequest request, ChangeCertificateIssuer change) =>
        await change.ExecuteAsync(Caller.Of(context)!, request.Issuer, context.RequestAborted) switch
        {
            ChangeCertificateIssuer.Outcome.Changed changed => Results.Json(new IssuerView(request.Issuer, changed.Marked)),
            ChangeCertificateIssuer.Outcome.Unchanged => Results.Json(new IssuerView(request.Issuer, [])),
            ChangeCertificateIssuer.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "issuer-invalid", invalid.Reason.ToString()),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<IResult> ListRequestsAsync(HttpContext context, Database database)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json((await new BrowserCertificates(session).ListRequestsAsync(context.RequestAborted)).Select(row => new RequestView(
            row.Id, NameList.Split(row.Names), Pem(row.SigningRequest!), row.CreatedBy, row.CreatedAt)));
    }

    private static async Task<IResult> CreateRequestAsync(HttpContext context, CsrRequest request, CreateBrowserRequest create) =>
        await create.ExecuteAsync(Caller.Of(context)!, request.Names, context.RequestAborted) switch
        {
            CreateBrowserRequest.Outcome.Created created => Results.Json(new CreatedView(created.Id, Pem(created.SigningRequest))),
            CreateBrowserRequest.Outcome.Invalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "host-name-invalid", invalid.Reason),
            CreateBrowserRequest.Outcome.TooMany => Problem.Of(
                StatusCodes.Status409Conflict, "too-many-requests", $"{CreateBrowserRequest.MostRequests} signing requests wait for their certificate. Delete one: tgctl certificate csr delete ID."),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<IResult> DeleteRequestAsync(HttpContext context, string id, DeleteBrowserCertificate delete) =>
        await delete.ForgetRequestAsync(Caller.Of(context)!, id, context.RequestAborted)
            ? Results.NoContent()
            : Problem.Of(StatusCodes.Status404NotFound, "no-such-request", "There is no such signing request; 'tgctl certificate csr list' shows those that wait.");

    private static async Task<IResult> UploadAsync(HttpContext context, UploadRequest request, UploadBrowserCertificate upload) =>
        await upload.ExecuteAsync(
            new UploadBrowserCertificate.Request(
                Caller.Of(context)!, request.Pem, request.Pfx, request.Password is null ? null : new Secret(request.Password), request.CaPem),
            context.RequestAborted) switch
        {
            UploadBrowserCertificate.Outcome.Installed installed => Results.Json(new UploadedView(installed.Names, installed.NotAfter, installed.Warnings)),
            UploadBrowserCertificate.Outcome.Refused refused => Problem.Of(StatusCodes.Status400BadRequest, "certificate-refused", refused.Reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<IResult> DeleteAsync(HttpContext context, DeleteBrowserCertificate delete) =>
        await delete.ExecuteAsync(Caller.Of(context)!, context.RequestAborted)
            ? Results.NoContent()
            : Problem.Of(StatusCodes.Status404NotFound, "no-such-certificate", "There is no uploaded certificate; browsers get the gateway's own.");

    private static string Pem(byte[] signingRequest) => PemEncoding.WriteString("CERTIFICATE REQUEST", signingRequest) + "\n";

    private static CertificateView View(X509Certificate2 certificate, IReadOnlyList<X509Certificate2>? chain) => new(
        certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false),
        ServerCertificate.NamesOf(certificate),
        certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: true),
        certificate.SerialNumber,
        new DateTimeOffset(certificate.NotBefore).ToUniversalTime(),
        new DateTimeOffset(certificate.NotAfter).ToUniversalTime(),
        [.. (chain ?? []).Select(element => element.Subject)]);

    private static ChangeView View(HostCertificateChange change) => new(
        change.CommonName, change.Names.AlternativeNames, change.State, change.Issuer, change.RequestedBy, change.RequestedAt);

    internal sealed record NamesRequest(string Name, string[]? AlternativeNames = null);

    internal sealed record IssuerRequest(string Issuer);

    internal sealed record CsrRequest(string[] Names);

    internal sealed record UploadRequest(string? Pem = null, byte[]? Pfx = null, string? Password = null, string? CaPem = null)
    {
        public override string ToString() => nameof(UploadRequest);
    }

    private sealed record NamesView(string Name, IReadOnlyList<string> AlternativeNames, string? State, IReadOnlyList<string> AccountsToSynchronize, IReadOnlyList<Sentence> Warnings);

    private sealed record IssuerView(string Issuer, IReadOnlyList<string> AccountsToSynchronize);

    private sealed record RequestView(string Id, IReadOnlyList<string> Names, string Pem, string CreatedBy, DateTimeOffset CreatedAt);

    private sealed record CreatedView(string Id, string Pem);

    private sealed record UploadedView(IReadOnlyList<string> Names, DateTimeOffset NotAfter, IReadOnlyList<Sentence> Warnings);

    private sealed record CertificateView(
        string CommonName, IReadOnlyList<string> Names, string Issuer, string Serial, DateTimeOffset NotBefore, DateTimeOffset NotAfter, IReadOnlyList<string> Chain);

    private sealed record ChangeView(
        string Name, IReadOnlyList<string> AlternativeNames, string State, string Issuer, string RequestedBy, DateTimeOffset RequestedAt);

    private sealed record DialledView(string? InstanceId, string Product, string Name, string TlsName, string HostHeader, DateTimeOffset DialledAt);

    private sealed record ShownView(
        string Name, IReadOnlyList<string> AlternativeNames, string Issuer, CertificateView Certificate, ChangeView? UnderWay, CertificateView? Uploaded);

    private sealed record CheckView(
        string Name,
        IReadOnlyList<string> AlternativeNames,
        string Issuer,
        CertificateView Certificate,
        ChangeView? UnderWay,
        IReadOnlyList<DialledView> Mismatches,
        long MismatchesInAll,
        IReadOnlyList<string> AccountsToSynchronize,
        IReadOnlyList<Sentence> Findings);
}
