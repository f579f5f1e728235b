using System.Formats.Asn1;
using System.Globalization;
using System.Numerics;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Authority;
using TransportGateway.HostTls;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>The certificates that products get and meet, judged by OpenSSL (8.6, 8.7.22 to 8.7.26).</summary>
public abstract class CertificateTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task OpenSSL_accepts_every_certificate_under_its_strict_rules()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var registered = await RegisterAsync(gateway);
        var host = gateway.Gateway.Services.GetRequiredService<HostCertificate>().Certificate;
        var folder = gateway.Gateway.Directory.Path;
        var (root, subCa) = (Path.Combine(folder, "anchor.pem"), Path.Combine(folder, "sub.pem"));
        await File.WriteAllTextAsync(root, registered.CertificateChain[1]);
        await File.WriteAllTextAsync(subCa, registered.SubCaCertificate);
        Assert.Equal(registered.SubCaCertificate, registered.CertificateChain[0]);
        Assert.Equal(2, registered.CertificateChain.Count);
        Assert.Equal(await File.ReadAllTextAsync(gateway.Gateway.Directory.TrustAnchor), registered.CertificateChain[1]);

        foreach (var (name, pem) in new[] { ("id", registered.IdCertificate), ("signing", registered.SigningCertificate), ("host", host.ExportCertificatePem()) })
        {
            var path = Path.Combine(folder, name + ".pem");
            await File.WriteAllTextAsync(path, pem);
            Assert.Equal($"{path}: OK", (await Tool.OpenSslAsync("verify", "-x509_strict", "-CAfile", root, "-untrusted", subCa, path)).Trim());
        }

        Assert.Equal($"{subCa}: OK", (await Tool.OpenSslAsync("verify", "-x509_strict", "-CAfile", root, subCa)).Trim());
    }

    [Fact]
    public async Task An_ID_certificate_names_its_product_in_the_order_and_types_of_the_observed_one()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var registered = await RegisterAsync(gateway);
        using var certificate = X509Certificate2.CreateFromPem(registered.IdCertificate);

        Assert.Equal(
            [
                ("2.5.4.10", UniversalTagNumber.UTF8String, "Transport Gateway"),
                ("2.5.4.5", UniversalTagNumber.PrintableString, registered.ProductInstanceIdentifier),
                ("2.5.4.3", UniversalTagNumber.UTF8String, "UCM"),
            ],
            Parts(certificate.SubjectName.RawData));
        var serial = new BigInteger(certificate.SerialNumberBytes.Span, isUnsigned: true, isBigEndian: true);
        Assert.True(serial > 0 && serial < BigInteger.Pow(2, 63));
        Assert.Equal(registered.IdCertSerialNumber, serial.ToString(CultureInfo.InvariantCulture));
        Assert.Equal(registered.ExpiresAt.UtcDateTime, certificate.NotAfter.ToUniversalTime());
        Assert.InRange(registered.RegisteredAt.UtcDateTime - certificate.NotBefore.ToUniversalTime(), TimeSpan.Zero, TimeSpan.FromHours(1));
        Assert.Equal(TimeSpan.FromDays(365), registered.ExpiresAt - registered.RegisteredAt);
        Assert.Equal(TimeSpan.FromDays(180), registered.RenewAt - registered.RegisteredAt);
    }

    [Fact]
    public async Task An_ID_certificate_holds_one_directory_name_per_UDI_and_cuts_a_long_product_name()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        var pid = new string('P', 80);

        var answer = await gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft =>
        {
            foreach (var level in new[] { draft.Header, draft.Data })
            {
                level["sudi"]!["udi_pid"] = pid;
                level["sudi"]!["udi_serial_number"] = "SN1";
            }

            draft.Data["device_list"] = JsonNode.Parse("""[{"sudi":{"udi_pid":"MEMBER","udi_serial_number":"SN2"}},{"sudi":{"udi_pid":"MEMBER","udi_serial_number":"SN2"}}]""");
        }));

        using var certificate = X509Certificate2.CreateFromPem((string)answer.Data["id_cert"]!);
        Assert.Equal(("2.5.4.3", UniversalTagNumber.UTF8String, pid[..64]), Parts(certificate.SubjectName.RawData)[2]);
        Assert.Equal([$"PID:{pid} SN:SN1", "PID:MEMBER SN:SN2"], Udis(certificate));
    }

    [Fact]
    public async Task A_renewed_certificate_lists_every_member_that_the_first_one_did()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = gateway.Product(SeedProducts.Cucmpub);
        var members = Enumerable.Range(1, 100).Select(number => $$$"""{"sudi":{"udi_pid":"MEMBER","udi_serial_number":"SN{{{number}}}"}}""");
        var first = await gateway.Client().PostAsync(product.DraftRegistration(await gateway.CreateTokenAsync()).Sealed(draft =>
        {
            draft.Data["device_list"] = JsonNode.Parse($"[{string.Join(',', members)}]");
            draft.Data["ha_udi"] = JsonNode.Parse("""[{"role":"Standby","sudi":{"udi_pid":"UCM","udi_serial_number":"SN-B"}}]""");
        }));
        using var registered = X509Certificate2.CreateFromPem((string)first.Data["id_cert"]!);
        Assert.Equal(102, Udis(registered).Count);

        var second = await gateway.Client().PostAsync(product.DraftIdCertRenewal().Sealed(draft =>
        {
            draft.Header["product_instance_identifier"] = (string)first.Data["product_instance_identifier"]!;
            draft.Data["product_instance_identifier"] = (string)first.Data["product_instance_identifier"]!;
            draft.Header["id_cert_serial_number"] = (string)first.Data["id_cert_serial_number"]!;
        }));

        using var renewed = X509Certificate2.CreateFromPem((string)second.Data["id_cert"]!);
        Assert.NotEqual(registered.SerialNumber, renewed.SerialNumber);
        Assert.Equal(Udis(registered), Udis(renewed));
    }

    [Fact]
    public async Task A_list_of_more_members_than_are_taken_is_refused_by_its_field()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        await gateway.AssertRefusedAsync(
            WireAnswers.Errors("device_list", "The field request_data.device_list holds more than 1024 members."),
            () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft =>
                draft.Data["device_list"] = JsonNode.Parse($"[{string.Join(',', Enumerable.Repeat("{}", 1025))}]"))));
    }

    [Fact]
    public async Task A_TLS_client_sees_the_host_certificate_with_its_chain_under_the_configured_name()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        var seen = await Tool.OpenSslAsync(
            "s_client", "-connect", $"127.0.0.1:{gateway.Address.Port}", "-servername", "localhost", "-verify_hostname", "localhost",
            "-CAfile", gateway.Gateway.Directory.TrustAnchor, "-verify_return_error", "-showcerts");

        Assert.Contains("Verification: OK", seen, StringComparison.Ordinal);
        Assert.Contains("Verified peername: localhost", seen, StringComparison.Ordinal);
        Assert.Equal(2, seen.Split("-----BEGIN CERTIFICATE-----").Length - 1);
        Assert.Contains(gateway.Gateway.Services.GetRequiredService<CertificateAuthority>().SubCa.ExportCertificatePem(), seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_TLS_client_that_dials_another_name_refuses()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        var seen = await Tool.OpenSslAsync(
            "s_client", "-connect", $"127.0.0.1:{gateway.Address.Port}", "-servername", "other.example", "-verify_hostname", "other.example",
            "-CAfile", gateway.Gateway.Directory.TrustAnchor, "-verify_return_error");

        Assert.Contains("hostname mismatch", seen, StringComparison.OrdinalIgnoreCase);
    }

    private static async Task<ReplyData.Registration> RegisterAsync(TestGateway gateway) =>
        Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Cucmpub).RegisterAsync(await gateway.CreateTokenAsync())).Registration;

    private static List<string> Udis(X509Certificate2 certificate)
    {
        var names = new AsnReader(certificate.Extensions["2.5.29.17"]!.RawData, AsnEncodingRules.DER).ReadSequence();
        var udis = new List<string>();
        while (names.HasData)
        {
            udis.Add(Parts(names.ReadSequence(new Asn1Tag(TagClass.ContextSpecific, 4, isConstructed: true)).ReadEncodedValue().ToArray()).Single().Text);
        }

        return udis;
    }

    private static List<(string Oid, UniversalTagNumber Type, string Text)> Parts(byte[] name)
    {
        var parts = new List<(string, UniversalTagNumber, string)>();
        var reader = new AsnReader(name, AsnEncodingRules.DER).ReadSequence();
        while (reader.HasData)
        {
            var part = reader.ReadSetOf().ReadSequence();
            var oid = part.ReadObjectIdentifier();
            var type = (UniversalTagNumber)part.PeekTag().TagValue;
            parts.Add((oid, type, part.ReadCharacterString(type)));
        }

        return parts;
    }
}

public sealed class CertificateOnSqlite : CertificateTests<SqliteEngine>;

public sealed class CertificateOnPostgreSql : CertificateTests<PostgreSqlEngine>;
