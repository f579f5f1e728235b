using TransportGateway.Events;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using RefusalTexts = TransportGateway.Protocol.RefusalTexts;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>Only what a product really said counts, and only once (8.7.8, 8.7.14 to 8.7.18).</summary>
public abstract class SignatureTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_message_that_is_not_proved_gets_the_identity_text_and_changes_nothing()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        using var otherKey = ProductKey.Create();
        using var other = new SimulatedProduct(new SimulatedProductOptions { Product = SeedProducts.Pi37, Gateway = gateway.Client(), Key = otherKey, Clock = TimeProvider.System });
        await gateway.RegisteredAsync(SeedProducts.Pi37, other);
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        foreach (var (kind, reason) in new (string, string)[]
        {
            ("missing", "the signature of cucmpub does not verify"),
            ("empty", "the signature of cucmpub does not verify"),
            ("not base64", "the signature of cucmpub does not verify"),
            ("of another type", "the signature of cucmpub does not verify"),
            ("without a type", "the signature of cucmpub does not verify"),
            ("of another text", "the signature of cucmpub does not verify"),
            ("of another product", "the signature of cucmpub does not verify"),
            ("no serial", "cucmpub names an ID certificate that it was not given"),
            ("wrong serial", "cucmpub names an ID certificate that it was not given"),
            ("serial of another product", "cucmpub names an ID certificate that it was not given"),
            ("unknown product", "the product instance 4d47df04-ae89-4df6-bc15-d17c1a3f153f is not known"),
        })
        {
            var draft = product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 77)]);
            var id = product.State.ProductInstanceIdentifier;
            switch (kind)
            {
                case "missing":
                    draft.EditEnvelopeText = text => text.Replace("\"signature\":{", "\"unsigned\":{", StringComparison.Ordinal);
                    break;
                case "empty":
                    draft.SignatureValue = "";
                    break;
                case "not base64":
                    draft.SignatureValue = "*** none ***";
                    break;
                case "of another type":
                    draft.SignatureType = "MD5";
                    break;
                case "without a type":
                    draft.EditEnvelopeText = text => text.Replace("\"type\":\"SHA-256\",", "", StringComparison.Ordinal);
                    break;
                case "of another text":
                    draft.EditSignedText = text => text.Replace("count\\\":77", "count\\\":78", StringComparison.Ordinal);
                    break;
                case "of another product":
                    draft.SigningKey = otherKey;
                    break;
                case "no serial":
                    draft.Header["id_cert_serial_number"] = null;
                    break;
                case "wrong serial":
                    draft.Header["id_cert_serial_number"] = "16451298";
                    break;
                case "serial of another product":
                    draft.Header["id_cert_serial_number"] = other.State.IdCertSerialNumber;
                    draft.SigningKey = otherKey;
                    break;
                case "unknown product":
                    id = "4d47df04-ae89-4df6-bc15-d17c1a3f153f";
                    draft.Header["product_instance_identifier"] = id;
                    draft.Data["product_instance_identifier"] = id;
                    break;
            }

            var events = await gateway.AssertRefusedAsync(WireAnswers.IdentityErrors(id), () => gateway.Client().PostAsync(draft.Seal()));

            Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: {reason}"], events);
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        }
    }

    [Fact]
    public async Task A_message_without_a_product_instance_is_refused_by_its_field()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        await gateway.AssertRefusedAsync(
            WireAnswers.Errors("product_instance_identifier", "The field header.product_instance_identifier is missing. Register the product first."),
            () => gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Header["product_instance_identifier"] = null)));
    }

    [Theory]
    [InlineData(DeviceTransport.CallHome, DeviceTransport.SmartTransport)]
    [InlineData(DeviceTransport.SmartTransport, DeviceTransport.CallHome)]
    public async Task A_repeated_message_gets_the_same_answer_to_the_byte_on_either_transport_and_counts_once(DeviceTransport first, DeviceTransport second)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = gateway.Product(SeedProducts.Cucmpub);
        var registration = product.DraftRegistration(await gateway.CreateTokenAsync(maxUses: 1)).Seal();

        var registered = await gateway.Client(first).PostAsync(registration);
        Assert.Equal("OK", registered.Status);
        var state = await gateway.StateAsync();
        var events = (await gateway.EventsAsync()).Count;
        foreach (var transport in new[] { second, first, second })
        {
            Assert.Equal(registered.ResponseText, (await gateway.Client(transport).PostAsync(registration)).ResponseText);
        }

        Assert.Equal(state, await gateway.StateAsync());
        Assert.Equal(events, (await gateway.EventsAsync()).Count);
        Assert.Equal(1, await gateway.CountAsync("answered_messages"));
    }

    [Fact]
    public async Task A_repeated_message_is_answered_as_before_even_when_the_registration_has_ended_since()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var authorization = product.DraftAuthorization().Seal();
        var deregistration = product.DraftDeregistration().Seal();
        var authorized = await gateway.Client().PostAsync(authorization);
        var ended = await gateway.Client().PostAsync(deregistration);
        Assert.Equal(("OK", "OK"), (authorized.Status, ended.Status));

        Assert.Equal(authorized.ResponseText, (await gateway.Client().PostAsync(authorization)).ResponseText);
        Assert.Equal(ended.ResponseText, (await gateway.Client().PostAsync(deregistration)).ResponseText);
        Assert.Equal(0, await gateway.CountAsync("license_usages"));
        await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), () => gateway.Client().PostAsync(product.DraftAuthorization().Seal()));
    }

    [Fact]
    public async Task A_repeated_refusal_is_the_same_refusal_and_entered_once()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var message = gateway.Product(SeedProducts.Cucmpub).DraftRegistration("NoSuchToken").Seal();

        var first = await gateway.Client().PostAsync(message);

        Assert.Equal(first.ResponseText, (await gateway.Client().PostAsync(message)).ResponseText);
        Assert.Single(await gateway.EventsAsync(EventKinds.RegistrationRefused));
    }

    [Fact]
    public async Task A_nonce_used_before_for_other_bytes_is_refused()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var first = product.DraftAuthorization();
        Assert.Equal("OK", (await gateway.Client().PostAsync(first.Seal())).Status);

        var events = await gateway.AssertRefusedAsync(
            RefusalTexts.NonceReused,
            () => gateway.Client().PostAsync(product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 5)]).Sealed(draft => draft.Nonce = first.Nonce)));

        Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: cucmpub used a nonce again for another message"], events);
    }

    [Fact]
    public async Task A_nonce_used_before_by_another_product_is_no_matter()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var one = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var two = await gateway.RegisteredAsync(SeedProducts.CucmPub30);
        var first = one.DraftAuthorization();
        Assert.Equal("OK", (await gateway.Client().PostAsync(first.Seal())).Status);

        Assert.Equal("OK", (await gateway.Client().PostAsync(two.DraftAuthorization().Sealed(draft => draft.Nonce = first.Nonce))).Status);
    }

    [Fact]
    public async Task Eight_copies_of_a_registration_in_parallel_make_one_registration_and_one_answer()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var message = gateway.Product(SeedProducts.Cucmpub).DraftRegistration(await gateway.CreateTokenAsync(maxUses: 1)).Seal();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            gateway.Client(number % 2 == 0 ? DeviceTransport.SmartTransport : DeviceTransport.CallHome).PostAsync(message)));

        Assert.Single(answers.Select(answer => answer.ResponseText).Distinct(StringComparer.Ordinal));
        Assert.Equal("OK", answers[0].Status);
        Assert.Single(await gateway.InstancesAsync());
        Assert.Single(await gateway.EventsAsync(EventKinds.InstanceRegistered));
    }

    [Fact]
    public async Task Different_registrations_of_one_UDI_in_parallel_make_one_registration()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ =>
            gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Seal())));

        Assert.Equal(["FAILED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED", "FAILED", "OK"], answers.Select(answer => answer.Status).Order(StringComparer.Ordinal));
        Assert.Single(await gateway.InstancesAsync());
        Assert.Equal(1, await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT uses FROM registration_tokens", null, CancellationToken.None)));
    }

    [Fact]
    public async Task Three_nonces_that_differ_are_refused_and_the_first_is_echoed()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var level in new string[]
        {
            "header",
            "request",
            "data",
        })
        {
            var draft = product.DraftAuthorization();
            switch (level)
            {
                case "header":
                    draft.Header["nonce"] = "1";
                    break;
                case "request":
                    draft.RequestNonce = "2";
                    break;
                default:
                    draft.Data["nonce"] = "3";
                    break;
            }

            WireAnswer? answer = null;
            var events = await gateway.AssertRefusedAsync(
                RefusalTexts.NoncesDiffer,
                async () => answer = await gateway.Client().PostAsync(draft.Seal()));

            Assert.Equal((string?)draft.Header["nonce"], (string?)answer!.Header["nonce"]);
            Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: the nonces of the three levels differ"], events);
        }
    }

    [Fact]
    public async Task Levels_that_name_different_products_get_the_identity_text()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var field in new string[]
        {
            "product_instance_identifier",
            "udi_pid",
            "udi_serial_number",
            "uuid",
        })
        {
            var draft = product.DraftAuthorization();
            (field == "product_instance_identifier" ? draft.Data : draft.Data["sudi"]!)[field] = "another";

            var events = await gateway.AssertRefusedAsync(
                WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), () => gateway.Client().PostAsync(draft.Seal()));

            Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: header and request data name different products"], events);
        }
    }

    [Fact]
    public async Task A_removed_instance_gets_the_identity_text_for_every_message()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await gateway.ExecuteAsync("UPDATE product_instances SET state = 'removed'");

        foreach (var draft in new[]
        {
            product.DraftAuthorization(), product.DraftIdCertRenewal(), product.DraftDeregistration(), product.DraftThirdPartyKey(EntitlementTags.UcmBasic), product.DraftPoll(1),
        })
        {
            var events = await gateway.AssertRefusedAsync(
                WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), () => gateway.Client().PostAsync(draft.Seal()));
            Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: the registration of cucmpub has ended (removed)"], events);
        }
    }

    [Fact]
    public async Task The_old_certificate_counts_until_the_renewed_one_is_first_used()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        using var newKey = ProductKey.Create();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var before = new[] { product.DraftAuthorization().Seal(), product.DraftAuthorization().Seal() };
        var registeredAt = (await gateway.InstancesAsync())[0].RegisteredAt;

        var renewal = Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync(newKey)).Registration;

        Assert.Equal(registeredAt, renewal.RegisteredAt);
        Assert.Equal("OK", (await gateway.Client().PostAsync(before[0])).Status);
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        var events = await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), () => gateway.Client().PostAsync(before[1]));
        Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: cucmpub used an ID certificate that no longer counts (superseded)"], events);
        Assert.StartsWith("cucmpub was given a new ID certificate, valid until ", Assert.Single(await gateway.EventsAsync(EventKinds.CertificateRenewed)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_second_renewal_replaces_one_that_was_never_used()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var lost = await gateway.Client().PostAsync(product.DraftIdCertRenewal().Seal());
        Assert.Equal("OK", lost.Status);

        Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync());
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier),
            () => gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Header["id_cert_serial_number"] = (string?)lost.Data["id_cert_serial_number"])));
    }

    [Fact]
    public async Task A_renewal_with_a_signing_request_that_will_not_do_is_refused_and_entered()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var events = await gateway.AssertRefusedAsync(
            WireAnswers.Errors("csr", "The signing request is not a PKCS#10 request whose signature verifies."),
            () => gateway.Client().PostAsync(product.DraftIdCertRenewal().Sealed(draft => draft.Data["csr"] = "AAAA")));

        Assert.Equal([$"{EventKinds.RequestRefused}: A ID_CERT_RENEW message was refused: The signing request is not a PKCS#10 request whose signature verifies."], events);
    }

    [Fact]
    public async Task A_deregistration_frees_the_licences_and_happens_once_when_sent_by_two_messages_at_once()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var stays = await gateway.RegisteredAsync(SeedProducts.CucmPub30);
        var goes = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await stays.AuthorizeAsync([new Entitlement(EntitlementTags.UcmEnhanced, 44)]));
        Assert.IsType<ProductResult.Accepted>(await goes.AuthorizeAsync([new Entitlement(EntitlementTags.UcmEnhanced, 3)]));

        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(_ => gateway.Client().PostAsync(goes.DraftDeregistration().Seal())));

        Assert.All(answers, answer => Assert.True(
            answer.Status == "OK" || answer.Message == WireAnswers.IdentityErrors(goes.State.ProductInstanceIdentifier), $"{answer.Status} {answer.Message}"));
        Assert.Equal(1, answers.Count(answer => answer.Status == "OK"));
        Assert.Single(await gateway.EventsAsync(EventKinds.InstanceDeregistered));
        Assert.Equal(44, await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT in_use FROM license_pools", null, CancellationToken.None)));
        Assert.Equal(InstanceState.Deregistered, await gateway.ReadAsync(session => session.ScalarAsync<string>(
            "SELECT state FROM product_instances WHERE id = @Id", new { Id = goes.State.ProductInstanceIdentifier }, CancellationToken.None)));
    }
}

public sealed class SignatureOnSqlite : SignatureTests<SqliteEngine>;

public sealed class SignatureOnPostgreSql : SignatureTests<PostgreSqlEngine>;
