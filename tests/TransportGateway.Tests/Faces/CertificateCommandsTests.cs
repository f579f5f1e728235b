using System.Net;
using System.Net.Http.Json;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.Faces;

/// <summary><c>tgctl certificate</c> against a running gateway, and the rights that its routes ask for.</summary>
public sealed class CertificateCommandsTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    private string Folder => _gateway.Gateway.Directory.Path;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-admin", "127.0.0.1:0"));

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task The_host_name_is_changed_shown_and_checked()
    {
        var changed = await DoneAsync("certificate", "host-name", "set", "SSM.nowhere.invalid", "--alternative-name", "localhost", "127.0.0.1", "--yes");
        Assert.Contains("Host Common Name      ssm.nowhere.invalid", changed, StringComparison.Ordinal);
        Assert.Contains("The new certificate is served from the next connection on.", changed, StringComparison.Ordinal);
        Assert.Contains("- 'ssm.nowhere.invalid' does not resolve on this machine; products that dial it need a DNS entry.", changed, StringComparison.Ordinal);

        Assert.Contains("Additional names      localhost, 127.0.0.1", await DoneAsync("certificate", "host-name", "show"), StringComparison.Ordinal);
        Assert.Contains("Certificate           ssm.nowhere.invalid, for ssm.nowhere.invalid, localhost, 127.0.0.1", await DoneAsync("certificate", "show"), StringComparison.Ordinal);
        Assert.Contains("ssm.nowhere.invalid", await DoneAsync("status"), StringComparison.Ordinal);
        var check = await DoneAsync("certificate", "check");
        Assert.Contains("0 of 0 that dial a name outside the certificate", check, StringComparison.Ordinal);
        Assert.Contains("does not resolve on this machine", check, StringComparison.Ordinal);
        Assert.Contains("nothing was changed", await DoneAsync("certificate", "host-name", "set", "ssm.nowhere.invalid", "--yes"), StringComparison.Ordinal);

        await DoneAsync("certificate", "host-name", "set", "localhost", "--no-alternative-names", "--yes");
        Assert.Contains("All is well.", await DoneAsync("certificate", "check"), StringComparison.Ordinal);
        Assert.Equal(["localhost"], JsonNode.Parse(await DoneAsync("certificate", "show", "-o", "json"))!["certificate"]!["names"]!.AsArray().Select(name => name!.ToString()));
        Assert.Contains("host-name-changed", await DoneAsync("event", "list", "--kind", "host-name-changed"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_issuer_is_changed_and_a_pending_certificate_is_told()
    {
        Assert.Contains("'central'", await DoneAsync("certificate", "issuer", "set", "central"), StringComparison.Ordinal);
        Assert.Contains("awaiting-issue: localhost by central", await DoneAsync("certificate", "show"), StringComparison.Ordinal);
        Assert.Contains("awaits its issue by Software Central", await DoneAsync("certificate", "host-name", "set", "ssm.example.com", "--yes"), StringComparison.Ordinal);
        await DoneAsync("certificate", "issuer", "set", "own");
        Assert.DoesNotContain("Under way", await DoneAsync("certificate", "show"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_signing_request_goes_out_and_its_answer_comes_in()
    {
        using var site = new SiteAuthority(TimeProvider.System.GetUtcNow());
        var (request, certificate, root) = (Path.Combine(Folder, "out.csr"), Path.Combine(Folder, "in.pem"), Path.Combine(Folder, "site.pem"));
        await DoneAsync("certificate", "csr", "create", "--name", "licences.example.com", "--out", request);
        Assert.Contains("licences.example.com", await DoneAsync("certificate", "csr", "list"), StringComparison.Ordinal);

        using var issued = site.Answer(PemEncoding.Find(await File.ReadAllTextAsync(request)) is var fields
            ? Convert.FromBase64String((await File.ReadAllTextAsync(request))[fields.Base64Data]) : []);
        await File.WriteAllTextAsync(certificate, issued.ExportCertificatePem() + "\n" + site.IssuingPem);
        await File.WriteAllTextAsync(root, site.RootPem);
        Assert.Contains("is missing", await RefusedAsync("certificate", "upload", certificate), StringComparison.Ordinal);
        Assert.Contains("serves browsers until", await DoneAsync("certificate", "upload", certificate, "--issuer-ca", root), StringComparison.Ordinal);
        Assert.Contains("For browsers          licences.example.com", await DoneAsync("certificate", "show"), StringComparison.Ordinal);
        Assert.Contains("Showing All 0 Records", await DoneAsync("certificate", "csr", "list"), StringComparison.Ordinal);

        Assert.Contains("Nothing was changed", await RefusedAsync("certificate", "delete"), StringComparison.Ordinal);
        Assert.Contains("For browsers          licences.example.com", await DoneAsync("certificate", "show"), StringComparison.Ordinal);
        await DoneAsync("certificate", "delete", "--yes");
        Assert.Contains("There is no uploaded certificate", await RefusedAsync("certificate", "delete", "--yes"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_PFX_file_is_opened_with_a_password_from_a_file()
    {
        using var site = new SiteAuthority(TimeProvider.System.GetUtcNow());
        using var issued = site.Issue(SiteAuthority.ServerKey, ["localhost"]);
        using var withKey = issued.CopyWithPrivateKey(SiteAuthority.ServerKey);
        var (pfx, password, root) = (Path.Combine(Folder, "in.pfx"), Path.Combine(Folder, "password"), Path.Combine(Folder, "site.pem"));
        await File.WriteAllBytesAsync(pfx, new X509Certificate2Collection { withKey, site.Issuing }.Export(X509ContentType.Pkcs12, "a good one")!);
        await File.WriteAllTextAsync(password, "a good one\n");
        await File.WriteAllTextAsync(root, site.RootPem);

        Assert.Contains("The PFX file cannot be opened", await RefusedAsync("certificate", "upload", pfx, "--issuer-ca", root), StringComparison.Ordinal);
        Assert.Contains("serves browsers until", await DoneAsync("certificate", "upload", pfx, "--password-file", password, "--issuer-ca", root), StringComparison.Ordinal);
        Assert.DoesNotContain(_gateway.Log.Lines, line => line.Contains("a good one", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("is a URL; only the host part is needed", "certificate", "host-name", "set", "https://licences.example.com", "--yes")]
    [InlineData("has an underscore", "certificate", "host-name", "set", "ok.example", "--alternative-name", "not_ok", "--yes")]
    [InlineData("cannot be read", "certificate", "upload", "/nowhere/file.pem")]
    [InlineData("There is no such signing request", "certificate", "csr", "delete", "nonsense", "--yes")]
    public async Task A_mistake_is_answered_with_what_to_do(string sentence, params string[] arguments) =>
        Assert.Contains(sentence, await RefusedAsync(arguments), StringComparison.Ordinal);

    [Fact]
    public async Task Only_who_may_manage_the_certificates_of_the_whole_gateway_changes_them()
    {
        var own = await ClientAsync(_gateway.Account.Id, Permission.ManageCertificates, Permission.ReadInventory);
        var reader = await ClientAsync(null, Permission.ReadInventory);
        var name = new { name = "ssm.example.com" };
        using (var refused = await own.PutAsJsonAsync("/api/v2/certificates/host-name", name))
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
            Assert.Contains("a client of one account cannot manage it", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        using (var refused = await reader.PutAsJsonAsync("/api/v2/certificates/host-name", name))
        {
            Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        }

        using var shown = await reader.GetAsync("/api/v2/certificates/check");
        Assert.Equal(HttpStatusCode.OK, shown.StatusCode);
        using var nameless = await (await ClientAsync(null, Permission.ManageCertificates)).PutAsJsonAsync("/api/v2/certificates/host-name", new { });
        Assert.Equal(HttpStatusCode.BadRequest, nameless.StatusCode);
    }

    private Task<HttpClient> ClientAsync(string? accountId, params Permission[] permissions) => _gateway.RestClientAsync(accountId, permissions);

    private Task<string> DoneAsync(params string[] arguments) => _gateway.TgctlDoneAsync(arguments);

    private Task<string> RefusedAsync(params string[] arguments) => _gateway.TgctlRefusedAsync(arguments);
}
