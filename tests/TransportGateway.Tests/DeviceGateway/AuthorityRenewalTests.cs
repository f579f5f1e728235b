using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Authority;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>On PostgreSQL, where a registration can be held back by a lock while the authority is renewed beside it.</summary>
public sealed class AuthorityRenewalTests
{
    [Fact]
    public async Task A_registration_during_which_the_authority_is_renewed_delivers_certificates_that_belong_together()
    {
        await using var gateway = await TestGateway.StartAsync<PostgreSqlEngine>();
        var message = gateway.Product(SeedProducts.Cucmpub).DraftRegistration(await gateway.CreateTokenAsync()).Seal();
        Task<WireAnswer> answering;
        await using (var holder = await gateway.Database.BeginAsync())
        {
            await holder.ExecuteAsync("UPDATE registration_tokens SET uses = uses", null, CancellationToken.None);
            answering = gateway.Client().PostAsync(message);
            await Wait.UntilAsync(() => gateway.ReadAsync(session => session.ScalarAsync<bool>(
                "SELECT EXISTS (SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock')", null, CancellationToken.None)));
            await RenewAuthorityAsync(gateway);
        }

        var answer = await answering;
        Assert.Equal("OK", answer.Status);
        using var subCa = Certificate(answer, "sub_ca_cert");
        using var signing = Certificate(answer, "signing_cert");
        using var id = Certificate(answer, "id_cert");
        Assert.Equal(KeyOf(subCa), IssuerKeyOf(id));
        Assert.Equal(KeyOf(subCa), IssuerKeyOf(signing));
        Assert.Equal((string?)answer.Data["signing_cert_serial_number"], (string?)answer.Header["signing_cert_serial_number"]);
        var signature = Convert.FromBase64String((string)JsonNode.Parse(answer.Body)!["signature"]!["value"]!);
        Assert.True(signing.GetRSAPublicKey()!.VerifyData(Encoding.UTF8.GetBytes(answer.ResponseText), signature, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1));
    }

    /// <summary>What the upkeep does some day, for the gateway to take over now.</summary>
    private static async Task RenewAuthorityAsync(TestGateway gateway)
    {
        var running = gateway.Gateway.Services.GetRequiredService<CertificateAuthority>();
        var before = running.SubCa.Thumbprint;
        await gateway.ExecuteAsync("UPDATE authority_certificates SET not_after = @Soon WHERE role = 'sub-ca'", new { Soon = TimeProvider.System.GetUtcNow().AddYears(3) });
        await running.EnsureAsync(CancellationToken.None);
        Assert.NotEqual(before, running.SubCa.Thumbprint);
    }

    private static X509Certificate2 Certificate(WireAnswer answer, string field) => X509Certificate2.CreateFromPem((string)answer.Data[field]!);

    private static string KeyOf(X509Certificate2 certificate) =>
        Convert.ToHexString(certificate.Extensions.OfType<X509SubjectKeyIdentifierExtension>().Single().SubjectKeyIdentifierBytes.Span);

    private static string IssuerKeyOf(X509Certificate2 certificate) =>
        Convert.ToHexString(certificate.Extensions.OfType<X509AuthorityKeyIdentifierExtension>().Single().KeyIdentifier!.Value.Span);
}
