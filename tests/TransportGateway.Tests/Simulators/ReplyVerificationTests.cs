using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

/// <summary>Every answer that is not to be believed is refused by the name of the step that found it, and changes nothing.</summary>
public sealed class ReplyVerificationTests : IAsyncLifetime
{
    private FakeGateway gateway = null!;
    private GatewayClient client = null!;
    private SimulatedProduct product = null!;

    public async Task InitializeAsync()
    {
        gateway = await FakeGateway.StartAsync();
        client = gateway.Client(DeviceTransport.CallHome);
        product = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Cucmpub,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
        });
    }

    public async Task DisposeAsync()
    {
        product.Dispose();
        client.Dispose();
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task An_http_error_is_reported_with_the_reason_of_the_fault()
    {
        await product.RegisterAsync("a-token");
        gateway.InsteadOfAnswer = async context =>
        {
            context.Response.StatusCode = 400;
            await context.Response.WriteAsync(
                """
                <s:Envelope xmlns:s="http://www.w3.org/2003/05/soap-envelope"><s:Body><s:Fault><s:Code><s:Value>s:Sender</s:Value></s:Code>
                <s:Reason><s:Text xml:lang="en">No licensing message found.</s:Text></s:Reason></s:Fault></s:Body></s:Envelope>
                """);
        };
        await AssertRefusedAuthorization(
            VerificationStep.Http, "HTTP error: the gateway answered HTTP 400: No licensing message found.");
    }

    [Fact]
    public async Task An_empty_answer_is_reported_in_the_words_products_use()
    {
        await product.RegisterAsync("a-token");
        gateway.InsteadOfAnswer = _ => Task.CompletedTask;
        await AssertRefusedAuthorization(VerificationStep.Http, "HTTP error: Received empty response from server");
    }

    [Fact]
    public async Task An_answer_that_is_not_an_envelope_is_not_read()
    {
        await product.RegisterAsync("a-token");
        gateway.InsteadOfAnswer = context => context.Response.WriteAsync("""<!DOCTYPE x [<!ENTITY e "e">]><x>&e;</x>""");
        var result = await product.AuthorizeAsync();
        Assert.StartsWith("The answer could not be read: the Call Home answer is not XML: ", result.Display, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_says_a_thing_twice_is_not_read()
    {
        await product.RegisterAsync("a-token");
        gateway.EditEnvelope = text => text.Replace("{\"signature\"", "{\"signature\":null,\"signature\"", StringComparison.Ordinal);
        var result = Assert.IsType<ProductResult.Unverifiable>(await product.AuthorizeAsync());
        Assert.Equal(VerificationStep.Json, result.Step);
    }

    [Fact]
    public async Task A_missing_field_is_reported_by_its_name()
    {
        await product.RegisterAsync("a-token");
        gateway.EditData = data => data.Remove("next_communication");
        await AssertRefusedAuthorization(
            VerificationStep.Json,
            "The answer could not be read: response_data.next_communication is missing; expected an instant in Unix milliseconds");
    }

    [Fact]
    public async Task An_answer_in_a_version_above_ours_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response => response["header"]!["version"] = "1.3";
        await AssertRefusedAuthorization(
            VerificationStep.Version, "Version of the answer failed to match: sent 1.1, so the answer should be in 1.1; it is in 1.3");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task An_answer_to_another_nonce_is_refused(bool inHeader)
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response => (inHeader ? response["header"]! : response)["nonce"] = "1";
        var result = Assert.IsType<ProductResult.Unverifiable>(await product.AuthorizeAsync());
        Assert.Equal(VerificationStep.Nonce, result.Step);
        Assert.StartsWith("Nonce failed to match: sent ", result.Display, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_to_another_product_instance_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response => response["header"]!["product_instance_identifier"] = "someone-else";
        await AssertRefusedAuthorization(
            VerificationStep.Identifier,
            $"Product instance identifier failed to match: expected {product.State.ProductInstanceIdentifier} in the header, got someone-else");
    }

    [Fact]
    public async Task An_answer_to_another_kind_of_request_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response => response["header"]!["request_type"] = "HELLO";
        await AssertRefusedAuthorization(
            VerificationStep.Identifier, "Product instance identifier failed to match: asked for AUTHORIZATION, got an answer to HELLO");
    }

    [Fact]
    public async Task An_answer_of_another_vendor_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response => response["header"]!["vendor"] = "Acme";
        await AssertRefusedAuthorization(VerificationStep.Vendor, "Vendor string failed to match: expected Cisco, got Acme");
    }

    [Fact]
    public async Task An_unknown_status_is_shown_as_products_show_it()
    {
        await product.RegisterAsync("a-token");
        gateway.EditResponse = response => response["status"] = "MAYBE";
        await AssertRefusedAuthorization(VerificationStep.Status, "INVALID STATUS CODE: MAYBE");
    }

    [Fact]
    public async Task A_sub_ca_of_a_root_the_product_does_not_know_is_refused()
    {
        gateway.EditData = data =>
        {
            data["sub_ca_cert"] = FakeAuthority.Foreign.SubCa.ExportCertificatePem();
            data["cert_chain"] = new JsonArray(
                FakeAuthority.Foreign.SubCa.ExportCertificatePem(), FakeAuthority.Trusted.Root.ExportCertificatePem());
        };
        await AssertRefusedRegistration(
            VerificationStep.Chain, "Trust chain validation failed: the sub CA O=Test, CN=Test Sub CA does not lead to a root this product trusts: ");
    }

    [Fact]
    public async Task A_root_that_is_only_in_the_answer_is_not_believed()
    {
        gateway.EditData = data => data["cert_chain"] = new JsonArray(
            FakeAuthority.Trusted.SubCa.ExportCertificatePem(), FakeAuthority.Foreign.Root.ExportCertificatePem());
        await AssertRefusedRegistration(
            VerificationStep.Chain, "Trust chain validation failed: cert_chain is not the sub CA followed by a root this product trusts");
    }

    [Fact]
    public async Task A_signing_certificate_of_another_authority_is_refused()
    {
        gateway.SignWith = FakeAuthority.Foreign.Signer;
        gateway.EditData = data => data["signing_cert"] = FakeAuthority.Foreign.Signer.ExportCertificatePem();
        await AssertRefusedRegistration(
            VerificationStep.SigningCertificate, "Signing certificate verification failed: O=Test, CN=Test Signer is not trusted: ");
    }

    [Fact]
    public async Task An_authority_may_not_sign_answers_itself()
    {
        gateway.SignWith = FakeAuthority.Trusted.SubCa;
        gateway.EditData = data =>
        {
            data["signing_cert"] = FakeAuthority.Trusted.SubCa.ExportCertificatePem();
            data["signing_cert_serial_number"] = FakeAuthority.Serial(FakeAuthority.Trusted.SubCa);
        };
        await AssertRefusedRegistration(
            VerificationStep.SigningCertificate,
            "Signing certificate verification failed: O=Test, CN=Test Sub CA is not a certificate for signatures");
    }

    [Fact]
    public async Task A_signing_certificate_the_product_has_not_been_given_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.SignWith = FakeAuthority.Trusted.NextSigner;
        await AssertRefusedAuthorization(
            VerificationStep.SigningCertificate,
            "Signing certificate verification failed: the answer is signed with certificate 4 and this product knows 3; "
                + "renew the ID certificate to get the new one");
    }

    [Fact]
    public async Task An_answer_that_was_changed_after_it_was_signed_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.EditSignedText = text => text.Replace("OUT_OF_COMPLIANCE", "AUTHORIZED", StringComparison.Ordinal);
        await AssertRefusedAuthorization(
            VerificationStep.Signature,
            "Response signature verification failed: the signature was not made by O=Test, CN=Test Signer over this answer");
    }

    [Fact]
    public async Task A_refusal_that_was_changed_after_it_was_signed_is_refused_too()
    {
        await product.RegisterAsync("a-token");
        gateway.EditSignedText = text => text.Replace("\"OK\"", "\"FAILED\"", StringComparison.Ordinal);
        var result = Assert.IsType<ProductResult.Unverifiable>(await product.DeregisterAsync());
        Assert.Equal(VerificationStep.Signature, result.Step);
    }

    [Fact]
    public async Task An_id_certificate_for_another_key_is_refused()
    {
        using var foreign = RSA.Create(2048);
        gateway.EditData = data => Replace(data, "id_cert", (instance, now) => FakeAuthority.Trusted.IssueIdCertificate(
            new PublicKey(foreign), instance, "UCM", product.Product.Sudi.UdiSerialNumber, now));
        await AssertRefusedRegistration(
            VerificationStep.NodeCertificate, "ID certificate verification failed: it is for another key than the one in the signing request");
    }

    [Fact]
    public async Task An_id_certificate_for_another_udi_is_refused()
    {
        gateway.EditData = data => Replace(data, "id_cert", (instance, now) => FakeAuthority.Trusted.IssueIdCertificate(
            gateway.Requests.Last().SigningRequestKey!, instance, "UCM", "another", now));
        await AssertRefusedRegistration(
            VerificationStep.NodeCertificate,
            $"ID certificate verification failed: its alternative names do not hold PID:UCM SN:{product.Product.Sudi.UdiSerialNumber}");
    }

    [Fact]
    public async Task An_id_certificate_of_another_authority_is_refused()
    {
        gateway.EditData = data => Replace(data, "id_cert", (instance, now) => FakeAuthority.Foreign.IssueIdCertificate(
            gateway.Requests.Last().SigningRequestKey!, instance, "UCM", product.Product.Sudi.UdiSerialNumber, now));
        await AssertRefusedRegistration(VerificationStep.NodeCertificate, "ID certificate verification failed: it is not trusted: ");
    }

    [Fact]
    public async Task An_answer_for_another_list_of_licences_is_refused()
    {
        await product.RegisterAsync("a-token");
        gateway.EditData = data => data["entitlement_version"] = 7;
        await AssertRefusedAuthorization(
            VerificationStep.Content, "The answer does not fit the request: entitlement version 1 was sent and 7 came back");
    }

    [Theory]
    [InlineData(-59, true)]
    [InlineData(-61, false)]
    public async Task A_clock_that_is_late_by_less_than_an_hour_is_forgiven(int minutes, bool forgiven)
    {
        using var late = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Pi37,
            Gateway = client,
            Key = TestKeys.Pool.Next(),
            Clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow().AddMinutes(minutes)),
        });
        var result = await late.RegisterAsync("a-token");
        if (forgiven)
        {
            Assert.IsType<ProductResult.Accepted>(result);
        }
        else
        {
            Assert.Equal(VerificationStep.NodeCertificate, Assert.IsType<ProductResult.Unverifiable>(result).Step);
        }
    }

    [Fact]
    public async Task No_damaged_answer_is_ever_taken_for_another_one_and_none_breaks_the_product()
    {
        await product.RegisterAsync("a-token");
        var message = product.DraftIdCertRenewal().Seal();
        await Gen.Select(Gen.Double.Unit, Gen.Char[' ', '~'], Gen.Bool).SampleAsync(
            async damage =>
            {
                var (where, character, removed) = damage;
                var signed = "";
                gateway.EditSignedText = text => signed = text;
                gateway.EditEnvelope = text =>
                {
                    var at = (int)(where * text.Length);
                    return text[..at] + (removed ? "" : character) + text[(at + 1)..];
                };
                if (await product.SendAsync(message) is ProductResult.Accepted accepted)
                {
                    Assert.Equal(signed, accepted.Reply.ResponseText);
                }
            },
            iter: 200,
            threads: 1);
    }

    private static void Replace(
        JsonObject data, string field, Func<string, DateTimeOffset, X509Certificate2> issue)
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds((long)data["registered_at"]!);
        using var certificate = issue((string)data["product_instance_identifier"]!, now);
        data[field] = certificate.ExportCertificatePem();
        data["id_cert_serial_number"] = FakeAuthority.Serial(certificate);
    }

    private async Task AssertRefusedAuthorization(VerificationStep step, string display)
    {
        var before = product.State;
        var result = Assert.IsType<ProductResult.Unverifiable>(await product.AuthorizeAsync());
        Assert.Equal(display, result.Display);
        Assert.Equal(step, result.Step);
        Assert.Equal(display, product.State.LastFailure);
        Assert.Equal(
            before with
            {
                LastFailure = product.State.LastFailure,
                Pending = product.State.Pending,
                SavedAt = product.State.SavedAt,
                Requested = product.State.Requested,
                EntitlementVersion = product.State.EntitlementVersion,
            },
            product.State);
    }

    private async Task AssertRefusedRegistration(VerificationStep step, string displayStart)
    {
        var result = Assert.IsType<ProductResult.Unverifiable>(await product.RegisterAsync("a-token"));
        Assert.StartsWith(displayStart, result.Display, StringComparison.Ordinal);
        Assert.Equal(step, result.Step);
        Assert.Equal(RegistrationStatus.RetryInProgress, product.State.Registration);
        Assert.Null(product.State.IdCertificate);
        Assert.Null(product.State.SigningCertificate);
    }
}
