using System.Net;
using System.Security.Cryptography;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.Web;

/// <summary>A certificate for browsers, from the signing request to the way back.</summary>
public sealed class BrowserCertificatePageTests : IAsyncLifetime
{
    private const string Here = "/administration/security/browser-certificate";
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("listen-admin", "127.0.0.1:0"));
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_signing_request_is_made_downloaded_answered_and_the_certificate_taken_away_again()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using (var made = await browser.PostAsync(Here + "?handler=Create", ("names", "licences.example.com, 192.0.2.10")))
        {
            Assert.Equal(HttpStatusCode.Redirect, made.StatusCode);
        }

        var page = await browser.PageAsync(Here);
        var id = page.Split("handler=Request&amp;id=")[1].Split('"')[0];
        var pem = await browser.PageAsync($"{Here}?handler=Request&id={id}");
        using var site = new SiteAuthority(TimeProvider.System.GetUtcNow());
        using var issued = site.Answer(Convert.FromBase64String(pem[PemEncoding.Find(pem).Base64Data]));

        using (var refused = await browser.PostAsync(Here + "?handler=Upload", ("pem", "no certificate"), ("ca", site.RootPem)))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        using (var uploaded = await browser.PostAsync(Here + "?handler=Upload", ("pem", issued.ExportCertificatePem() + "\n" + site.IssuingPem), ("ca", site.RootPem)))
        {
            Assert.Equal(HttpStatusCode.Redirect, uploaded.StatusCode);
        }

        Assert.Contains("licences.example.com,192.0.2.10", (await browser.PageAsync(Here)).Replace(", ", ",", StringComparison.Ordinal), StringComparison.Ordinal);
        using var deleted = await browser.PostAsync(Here + "?handler=Delete");
        Assert.Contains("None was uploaded", await browser.PageAsync(Here), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_frame_tells_how_busy_the_machine_is()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        var page = await browser.PageAsync("/administration");
        Assert.Contains("Resource Monitor Percentage", page, StringComparison.Ordinal);
        Assert.Matches("</meter> \\d+ % <span class=\"help\">\\d+\\.\\d\\d GB of \\d+\\.\\d\\d GB</span>", page);
        Assert.DoesNotContain("kB", page, StringComparison.Ordinal);
        using var http = await _gateway.RestClientAsync(null, Permission.ReadMetrics);
        var load = System.Text.Json.Nodes.JsonNode.Parse(await http.GetStringAsync("/api/v2/machine"))!;
        Assert.InRange(load["cpuPercent"]!.GetValue<double>(), 0, 100);
        Assert.InRange(load["memoryUsedBytes"]!.GetValue<long>(), 1, load["memoryBytes"]!.GetValue<long>());
        Assert.InRange(load["diskUsedBytes"]!.GetValue<long>(), 1, load["diskBytes"]!.GetValue<long>());
    }
}
