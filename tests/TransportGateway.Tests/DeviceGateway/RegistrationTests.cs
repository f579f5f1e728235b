using System.Numerics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>Registration again, odd products, and signing requests that will not do (8.7.17 to 8.7.24).</summary>
public abstract class RegistrationTests<TEngine>
    where TEngine : TestEngine, new()
{
    private const string Udi = "PID:UCM SN:6b1f2c0d94e74a53b8d06c7e5a1";

    [Fact]
    public async Task The_same_UDI_again_without_force_is_refused_in_the_documented_words_and_spends_no_use()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var first = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var token = await gateway.CreateTokenAsync(maxUses: 1);

        var events = await gateway.AssertRefusedAsync(
            WireAnswers.Errors(
                "sudi",
                "The product regid.2016-07.com.cisco.UCM,12.5_c4fee3bf-7bf1-4995-a5d5-db8e6087e399 and sudi containing "
                + "udi_serial_number:6b1f2c0d94e74a53b8d06c7e5a1, udi_pid:UCM; has already been registered."),
            () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Seal()));

        Assert.Equal([$"{EventKinds.RegistrationRefused}: A registration of {Udi} was refused: it is registered already and did not ask for force."], events);
        Assert.IsType<ProductResult.Accepted>(await first.AuthorizeAsync());
    }

    [Fact]
    public async Task With_force_the_identifier_stays_the_old_certificate_ends_and_one_use_is_spent()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var first = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await first.AuthorizeAsync());
        var again = gateway.Product(SeedProducts.Cucmpub);

        var token = await gateway.CreateTokenAsync(maxUses: 1);
        Assert.IsType<ProductResult.Accepted>(await again.RegisterAsync(token, force: true));

        Assert.Equal(first.State.ProductInstanceIdentifier, again.State.ProductInstanceIdentifier);
        Assert.NotEqual(first.State.IdCertSerialNumber, again.State.IdCertSerialNumber);
        Assert.Contains(" 1\n", await gateway.StateAsync() + "\n", StringComparison.Ordinal);
        Assert.Single(await gateway.InstancesAsync());
        Assert.Equal(
            "cucmpub was registered in 'Default' with token", Assert.Single(await gateway.EventsAsync(EventKinds.InstanceRegisteredAgain)).Message[..46]);
        Assert.Equal(
            WireAnswers.Errors("token", $"The token '{token}' is not valid."),
            Assert.IsType<ProductResult.Refused>(await gateway.Product(SeedProducts.Pi37).RegisterAsync(token)).Message);

        var events = await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors(first.State.ProductInstanceIdentifier), () => gateway.Client().PostAsync(first.DraftAuthorization().Seal()));
        Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: cucmpub used an ID certificate that no longer counts (revoked)"], events);
        Assert.IsType<ProductResult.Accepted>(await again.AuthorizeAsync());
    }

    [Fact]
    public async Task A_product_that_registers_by_force_in_another_local_account_leaves_a_trace_in_the_one_that_lost_it()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var other = Assert.IsType<CreateLocalAccount.Outcome.Created>(
            await new CreateLocalAccount(gateway.Database, TimeProvider.System).ExecuteAsync(gateway.Administrator, "Another", CancellationToken.None)).Account;
        var home = (await gateway.ReadAsync(session => new VirtualAccounts(session).ListAsync(other.Id, CancellationToken.None)))[0];

        Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Cucmpub).RegisterAsync(await gateway.CreateTokenAsync(virtualAccount: home), force: true));

        var events = await gateway.EventsAsync(EventKinds.InstanceRegisteredAgain);
        var lost = Assert.Single(events, entry => entry.AccountId == gateway.Account.Id);
        Assert.Equal(
            (Severity.Warning, gateway.VirtualAccount.Id, product.State.ProductInstanceIdentifier, "cucmpub left 'Default': it was registered by force in another local account."),
            (lost.Severity, lost.VirtualAccountId, lost.InstanceId, lost.Message));
        Assert.Equal(Severity.Info, Assert.Single(events, entry => entry.AccountId == other.Id).Severity);
    }

    [Fact]
    public async Task After_a_deregistration_no_force_is_needed_and_the_identifier_is_a_new_one()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var first = product.State.ProductInstanceIdentifier;
        Assert.IsType<ProductResult.Accepted>(await product.DeregisterAsync());
        Assert.Equal("cucmpub deregistered itself.", Assert.Single(await gateway.EventsAsync(EventKinds.InstanceDeregistered)).Message);

        await gateway.RegisteredAsync(SeedProducts.Cucmpub, product);

        Assert.NotEqual(first, product.State.ProductInstanceIdentifier);
        Assert.Single(await gateway.InstancesAsync());
    }

    [Fact]
    public async Task Force_for_a_product_that_is_not_registered_is_an_ordinary_registration()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        Assert.IsType<ProductResult.Accepted>(await gateway.Product(SeedProducts.Cucmpub).RegisterAsync(await gateway.CreateTokenAsync(), force: true));

        Assert.Single(await gateway.EventsAsync(EventKinds.InstanceRegistered));
    }

    [Fact]
    public async Task A_product_with_a_uuid_alone_registers_once_by_it()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        var product = gateway.Product(SeedProducts.Cucmpub);

        Assert.Equal("OK", (await gateway.Client().PostAsync(Draft().Seal())).Status);
        await gateway.AssertRefusedAsync(
            WireAnswers.Errors(
                "sudi",
                "The product regid.2016-07.com.cisco.UCM,12.5_c4fee3bf-7bf1-4995-a5d5-db8e6087e399 and sudi containing "
                + "udi_serial_number:, udi_pid:; has already been registered."),
            () => gateway.Client().PostAsync(Draft().Seal()));
        Assert.Equal("UUID:6b1f2c0d94e74a53b8d06c7e5a1f9d42", Assert.Single(await gateway.InstancesAsync()).UdiKey);

        MessageDraft Draft()
        {
            var draft = product.DraftRegistration(token);
            foreach (var level in new[] { draft.Header, draft.Data })
            {
                level["sudi"]!["udi_pid"] = null;
                level["sudi"]!["udi_serial_number"] = null;
            }

            return draft;
        }
    }

    [Fact]
    public async Task A_product_name_of_any_kind_gets_its_certificate()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        foreach (var pid in new string[]
        {
            "",
            " ",
            "a name of 62 characters ending in a character of two ........ \U0001F4DE",
            "aname-of-63-characters-ending-in-a-character-of-two-halves......\U0001F4DE",
            "name-of-63-characters-ending-in-a-character-of-two-halves......\U0001F4DE",
            "                                                                    far right",
        })
        {
            var answer = await gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft =>
            {
                draft.Header["sudi"]!["udi_pid"] = pid;
                draft.Data["sudi"]!["udi_pid"] = pid;
                draft.Data["force"] = true;
            }));

            Assert.Equal((200, "OK"), (answer.Http.Status, answer.Status));
        }
    }

    [Fact]
    public async Task A_product_without_any_UDI_is_refused()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        var events = await gateway.AssertRefusedAsync(
            WireAnswers.Errors("sudi", "The product names neither a PID with a serial number nor a UUID; one of them is needed."),
            () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft =>
            {
                draft.Header.Remove("sudi");
                draft.Data.Remove("sudi");
            })));

        Assert.Equal([$"{EventKinds.RegistrationRefused}: A REGISTRATION message was refused: no UDI."], events);
    }

    [Fact]
    public async Task A_registration_signed_by_another_key_than_that_of_its_signing_request_is_refused()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        using var other = ProductKey.Create();

        var events = await gateway.AssertRefusedAsync(
            WireAnswers.Errors("signature", "The signature of the request is not valid."),
            () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft => draft.SigningKey = other)));

        Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: its signature was not made with the key of its signing request"], events);
        Assert.Equal(1, await gateway.CountAsync("refused_messages"));
    }

    [Theory]
    [InlineData("MD5")]
    [InlineData("sha-256")]
    [InlineData("")]
    public async Task A_registration_whose_signature_is_of_another_type_is_refused_though_the_bytes_verify(string type)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        await gateway.AssertRefusedAsync(
            WireAnswers.Errors("signature", "The signature of the request is not valid."),
            () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft => draft.SignatureType = type)));
    }

    [Fact]
    public async Task A_signing_request_that_will_not_do_is_refused_by_what_is_wrong_with_it()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        foreach (var (kind, sentence) in new (string, string)[]
        {
            ("1024 bits", "The signing request holds an RSA key of 1024 bits; 2048 to 4096 are accepted."),
            ("elliptic", "The signing request holds a key that is not RSA."),
            ("outsized exponent", "The signing request holds an RSA key with an outsized exponent."),
            ("broken signature", "The signing request is not a PKCS#10 request whose signature verifies."),
            ("garbage", "The signing request is not a PKCS#10 request whose signature verifies."),
            ("empty", "The field request_data.csr is neither PEM nor base64 of a signing request."),
            ("not base64", "The field request_data.csr is neither PEM nor base64 of a signing request."),
        })
        {
            var events = await gateway.AssertRefusedAsync(
                WireAnswers.Errors("csr", sentence),
                () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft => draft.Data["csr"] = SigningRequest(kind))));

            Assert.Single(events);
            Assert.StartsWith($"{EventKinds.MessageRefused}: A message was refused: ", events[0], StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_registration_without_a_signing_request_is_refused_by_its_field()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        await gateway.AssertRefusedAsync(
            WireAnswers.Errors("csr", "The field request_data.csr is missing."),
            () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Sealed(draft => draft.Data.Remove("csr"))));
    }

    /// <summary>A key like any other but for its public exponent.</summary>
    private static RSA WithExponent(BigInteger exponent)
    {
        while (true)
        {
            using var ordinary = RSA.Create(2048);
            var numbers = ordinary.ExportParameters(includePrivateParameters: true);
            var (p, q) = (Number(numbers.P!), Number(numbers.Q!));
            var order = (p - 1) * (q - 1);
            if (!BigInteger.GreatestCommonDivisor(exponent, order).IsOne)
            {
                continue;
            }

            var secret = Inverse(exponent, order);
            return RSA.Create(numbers with
            {
                Exponent = exponent.ToByteArray(isUnsigned: true, isBigEndian: true),
                D = Bytes(secret, 256),
                DP = Bytes(secret % (p - 1), 128),
                DQ = Bytes(secret % (q - 1), 128),
            });
        }

        static BigInteger Number(byte[] bytes) => new(bytes, isUnsigned: true, isBigEndian: true);

        static byte[] Bytes(BigInteger number, int length)
        {
            var bytes = number.ToByteArray(isUnsigned: true, isBigEndian: true);
            return [.. new byte[length - bytes.Length], .. bytes];
        }

        static BigInteger Inverse(BigInteger number, BigInteger modulus)
        {
            var (before, now, r0, r1) = (BigInteger.Zero, BigInteger.One, modulus, number % modulus);
            while (!r1.IsZero)
            {
                var times = r0 / r1;
                (before, now, r0, r1) = (now, before - (times * now), r1, r0 - (times * r1));
            }

            return before < 0 ? before + modulus : before;
        }
    }

    private static string SigningRequest(string kind)
    {
        const string Name = "CN=UCM";
        switch (kind)
        {
            case "1024 bits":
                {
                    using var key = RSA.Create(1024);
                    return new CertificateRequest(Name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();
                }

            case "elliptic":
                {
                    using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
                    return new CertificateRequest(Name, key, HashAlgorithmName.SHA256).CreateSigningRequestPem();
                }

            case "outsized exponent":
                {
                    using var key = WithExponent(new BigInteger(4294967311));
                    return new CertificateRequest(Name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequestPem();
                }

            case "broken signature":
                {
                    using var key = RSA.Create(2048);
                    var der = new CertificateRequest(Name, key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSigningRequest();
                    der[^1] ^= 1;
                    return Convert.ToBase64String(der);
                }

            case "garbage":
                return Convert.ToBase64String(RandomNumberGenerator.GetBytes(500));
            case "empty":
                return "";
            case "too long":
                return new string('A', 20_000);
            default:
                return "this is no signing request";
        }
    }
}

public sealed class RegistrationOnSqlite : RegistrationTests<SqliteEngine>;

public sealed class RegistrationOnPostgreSql : RegistrationTests<PostgreSqlEngine>;
