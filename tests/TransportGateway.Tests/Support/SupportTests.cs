using System.IO.Compression;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Notifications;
using TransportGateway.Persistence;
using TransportGateway.SignOn;
using TransportGateway.Support;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Support;

/// <summary>Health checks, and the bundle without secrets.</summary>
public sealed class SupportTests
{
    /// <summary>A Date header leaves the fraction out, and is set once a second: it says when the clock was last there or up to two seconds before.</summary>
    [Theory]
    [InlineData(0, 0)]
    [InlineData(1.999, 0)]
    [InlineData(-0.4, 1)]
    [InlineData(-9, 10)]
    [InlineData(2.6, -2)]
    [InlineData(11, -10)]
    public void A_clock_that_may_be_right_is_not_called_wrong(double saidBefore, long ahead)
    {
        var said = new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero);
        Assert.Equal(ahead, CompareClocks.Ahead(said, said.AddSeconds(saidBefore)));
    }

    [Fact]
    public async Task The_bundle_holds_what_helps_and_no_secret_of_a_gateway_that_has_every_kind()
    {
        await using var populated = await PopulatedGateway.StartAsync<PostgreSqlEngine>();
        var gateway = populated.Gateway;
        var user = await gateway.UserAsync("boss", Roles.SystemAdministrator);
        var (_, problems) = await gateway.Gateway.Services.GetRequiredService<ChangeDirectory>().ExecuteAsync(
            new ChangeDirectory.Request(
                gateway.Administrator, $"ldaps://127.0.0.1:{Loopback.FreePort()}", BindName: "cn=reader", BindPassword: new Secret("directory-secret"), UserBase: "dc=example", Groups: [new GroupRole("g", "user")]),
            CancellationToken.None);
        Assert.Empty(problems);
        Assert.Empty((await gateway.Gateway.Services.GetRequiredService<ChangeMail>().ExecuteAsync(
            new ChangeMail.Request(gateway.Administrator, "127.0.0.1", Loopback.FreePort(), Sender: "gateway@example.com", User: "gateway", Password: new Secret("mail-secret")), CancellationToken.None)).Problems);

        var file = Path.Combine(gateway.Gateway.Directory.Path, "bundle.zip");
        await gateway.TgctlDoneAsync("support", "bundle", "--out", file);
        using var zip = await ZipFile.OpenReadAsync(file);
        Assert.Equal(
            ["about.json", "accounts.json", "alerts.json", "events.csv", "health.json", "high-availability.json", "machine.json", "notifications.json", "settings.json"],
            zip.Entries.Select(entry => entry.FullName).Order(StringComparer.Ordinal));
        var everything = new StringBuilder();
        foreach (var entry in zip.Entries)
        {
            using var reader = new StreamReader(entry.Open());
            everything.Append(await reader.ReadToEndAsync());
        }

        var text = everything.ToString();
        Assert.Contains("\"postgresql-connection\": \"set\"", text, StringComparison.Ordinal);
        Assert.Contains("listen-https", text, StringComparison.Ordinal);
        var masterKey = Convert.ToBase64String(await File.ReadAllBytesAsync(gateway.Gateway.Directory.MasterKey));
        foreach (var secret in new[] { populated.Token, "directory-secret", "mail-secret", People.Password.Value, gateway.Setting("postgresql-connection"), masterKey, "PRIVATE KEY", "whsec_", user.PasswordHash })
        {
            Assert.DoesNotContain(secret.Length > 0 ? secret : "\0", text, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task Checks_tell_what_is_wrong_and_what_to_do()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        var checks = gateway.Gateway.Services.GetRequiredService<HealthChecks>();
        Assert.Equal(HealthChecks.Good, (await checks.RunAsync(CancellationToken.None)).Single(check => check.Name == "Database").State);
        await gateway.Gateway.Services.GetRequiredService<ChangeDirectory>().ExecuteAsync(
            new ChangeDirectory.Request(gateway.Administrator, $"ldaps://127.0.0.1:{Loopback.FreePort()}", UserBase: "dc=example", Groups: [new GroupRole("g", "user")]), CancellationToken.None);
        var directory = (await checks.RunAsync(CancellationToken.None)).Single(check => check.Name == "LDAP directory");
        Assert.Equal(HealthChecks.Bad, directory.State);
        Assert.Contains("cannot be reached", directory.Sentence, StringComparison.Ordinal);

        Assert.Contains("LDAP directory", await gateway.TgctlDoneAsync("support", "check"), StringComparison.Ordinal);
        await gateway.UserAsync("boss", Roles.SystemAdministrator);
        await gateway.UserAsync("operator", Roles.SystemOperator);
        using var boss = await Browser.SignInAsync(gateway, "boss");
        Assert.Contains("handler=Bundle", await boss.PageAsync("/administration/support-center"), StringComparison.Ordinal);
        using var bundle = await boss.GetAsync("/administration/support-center?handler=Bundle");
        Assert.Equal("application/zip", bundle.Content.Headers.ContentType!.MediaType);
        using var operatorBrowser = await Browser.SignInAsync(gateway, "operator");
        Assert.DoesNotContain("handler=Bundle", await operatorBrowser.PageAsync("/administration/support-center"), StringComparison.Ordinal);
        using var refused = await operatorBrowser.GetAsync("/administration/support-center?handler=Bundle");
        Assert.Equal(System.Net.HttpStatusCode.Forbidden, refused.StatusCode);
    }
}
