using Microsoft.Extensions.Time.Testing;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Simulators;
using RefusalTexts = TransportGateway.Protocol.RefusalTexts;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What depends on time: the time in a message (8.7.15), certificates that end, what products are told to do when.</summary>
public abstract class ClockTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Theory]
    [InlineData(RequestType.Registration)]
    [InlineData(RequestType.Authorization)]
    [InlineData(RequestType.IdCertRenew)]
    [InlineData(RequestType.Deregistration)]
    [InlineData(RequestType.ThirdPartyKey)]
    [InlineData(RequestType.Poll)]
    public async Task A_message_an_hour_and_a_second_off_is_refused_and_one_an_hour_off_is_heard(string type)
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var token = await gateway.CreateTokenAsync();
        var product = gateway.Product(SeedProducts.Cucmpub);
        if (type != RequestType.Registration)
        {
            await gateway.RegisteredAsync(SeedProducts.Cucmpub, product);
        }

        foreach (var direction in new[] { 1, -1 })
        {
            var hour = direction * (long)TimeSpan.FromHours(1).TotalMilliseconds;
            var events = await gateway.AssertRefusedAsync(
                RefusalTexts.ClocksDiffer(TimeSpan.FromSeconds(direction * 3601)),
                () => gateway.Client().PostAsync(Draft().Sealed(draft => draft.Timestamp += hour + (direction * 1000))));
            Assert.Equal(
                [type == RequestType.Registration
                    ? $"{EventKinds.RegistrationRefused}: A REGISTRATION message was refused: its clock differs by more than an hour."
                    : $"{EventKinds.RequestRefused}: A {type} message was refused: its clock differs by more than an hour."],
                events);
        }

        // A product says good-bye but once.
        foreach (var direction in type == RequestType.Deregistration ? new[] { 1 } : [1, -1])
        {
            var heard = await gateway.Client().PostAsync(Draft().Sealed(draft => draft.Timestamp += direction * (long)TimeSpan.FromHours(1).TotalMilliseconds));
            Assert.DoesNotContain("The clock of the product", heard.Message ?? "", StringComparison.Ordinal);
        }

        MessageDraft Draft() => type switch
        {
            RequestType.Registration => product.DraftRegistration(token),
            RequestType.Authorization => product.DraftAuthorization(),
            RequestType.IdCertRenew => product.DraftIdCertRenewal(),
            RequestType.ThirdPartyKey => product.DraftThirdPartyKey(EntitlementTags.UcmBasic),
            RequestType.Poll => product.DraftPoll(1),
            _ => product.DraftDeregistration(),
        };
    }

    [Fact]
    public async Task A_repeated_message_gets_its_answer_for_an_hour_and_none_after_it()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var message = product.DraftAuthorization().Seal();
        var ahead = product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 1)]).Sealed(draft => draft.Timestamp += (long)TimeSpan.FromMinutes(50).TotalMilliseconds);
        var answers = new[] { await gateway.Client().PostAsync(message), await gateway.Client().PostAsync(ahead) };
        Assert.All(answers, answer => Assert.Equal("OK", answer.Status));

        clock.Advance(TimeSpan.FromMinutes(59));
        Assert.Equal(answers[0].ResponseText, (await gateway.Client().PostAsync(message)).ResponseText);
        Assert.Equal(answers[1].ResponseText, (await gateway.Client().PostAsync(ahead)).ResponseText);

        clock.Advance(TimeSpan.FromMinutes(2));
        var late = await gateway.AssertRefusedAsync(RefusalTexts.ClocksDiffer(TimeSpan.FromMinutes(-61)), () => gateway.Client().PostAsync(message));
        Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: cucmpub sent a message of more than an hour ago again"], late);
        await gateway.AssertRefusedAsync(RefusalTexts.NonceReused, () => gateway.Client().PostAsync(ahead));
    }

    [Fact]
    public async Task A_timestamp_beyond_all_calendars_is_refused_like_any_other_wrong_one()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var timestamp in new long[]
        {
            long.MaxValue,
            long.MinValue,
            0,
            -1,
        })
        {
            var answer = await gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Timestamp = timestamp));

            Assert.Equal((200, "FAILED"), (answer.Http.Status, answer.Status));
            Assert.True(
                answer.Message!.StartsWith("The clock of the product is ", StringComparison.Ordinal) || answer.Message.Contains("The field request_data.timestamp must be an integer", StringComparison.Ordinal),
                answer.Message);
        }
    }

    [Fact]
    public async Task The_timestamp_in_the_header_does_not_matter()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        Assert.Equal("OK", (await gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Header["timestamp"] = 12345))).Status);
    }

    [Fact]
    public async Task A_certificate_counts_for_365_days_with_an_hour_of_grace_and_not_a_second_longer()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock, ("listen-http", "127.0.0.1:0"));
        using var client = PlainHttp(gateway);
        using var product = Product(gateway, client, clock);
        await gateway.RegisteredAsync(SeedProducts.Cucmpub, product);
        var end = (await gateway.InstancesAsync())[0].RegisteredAt.AddDays(365);

        clock.SetUtcNow(end.AddHours(1));
        Assert.Equal("OK", (await client.PostAsync(product.DraftAuthorization().Seal())).Status);
        clock.Advance(TimeSpan.FromSeconds(1));
        await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), () => client.PostAsync(product.DraftAuthorization().Seal()));
        Assert.Equal(
            "A message was refused: cucmpub used an ID certificate that no longer counts (current)", (await gateway.EventsAsync(EventKinds.MessageRefused))[0].Message);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_by_an_hour_leaves_products_registered()
    {
        var clock = new StoppedClock(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync());

        clock.SetBack(TimeSpan.FromMinutes(59));

        Assert.Equal("OK", (await gateway.Client().PostAsync(product.DraftAuthorization().Seal())).Status);
        clock.SetBack(TimeSpan.FromMinutes(2));
        await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), () => gateway.Client().PostAsync(product.DraftAuthorization().Seal()));
    }

    [Fact]
    public async Task A_registration_is_told_180_and_365_days_and_a_renewal_counts_from_itself()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock, ("listen-http", "127.0.0.1:0"));
        using var client = PlainHttp(gateway);
        using var product = Product(gateway, client, clock);
        var now = clock.GetUtcNow();

        var registered = Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await gateway.CreateTokenAsync())).Registration;
        Assert.Equal(WholeSeconds(now), registered.RegisteredAt);
        Assert.Equal(WholeSeconds(now).AddDays(180), registered.RenewAt);
        Assert.Equal(WholeSeconds(now).AddDays(365), registered.ExpiresAt);

        clock.Advance(TimeSpan.FromDays(180));
        var renewed = Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync()).Registration;
        Assert.Equal(registered.RegisteredAt, renewed.RegisteredAt);
        Assert.Equal(WholeSeconds(now).AddDays(360), renewed.RenewAt);
        Assert.Equal(WholeSeconds(now).AddDays(545), renewed.ExpiresAt);
    }

    private static DateTimeOffset WholeSeconds(DateTimeOffset instant) => DateTimeOffset.FromUnixTimeSeconds(instant.ToUnixTimeSeconds());

    /// <summary>Without TLS, whose certificates count by the clock of the machine.</summary>
    private static GatewayClient PlainHttp(TestGateway gateway) => new(
        new Uri(new Uri(gateway.Gateway.Addresses.Single(address => address.StartsWith("http://127", StringComparison.Ordinal))), GatewayClient.SmartTransportPath),
        DeviceTransport.SmartTransport,
        gateway.Anchors);

    private static SimulatedProduct Product(TestGateway gateway, GatewayClient client, TimeProvider clock) => new(new SimulatedProductOptions
    {
        Product = SeedProducts.Cucmpub,
        Gateway = client,
        Key = TestKeys.Pool.Next(),
        Clock = clock,
        LicensingAnchors = gateway.Anchors,
    });
}

public sealed class ClockOnSqlite : ClockTests<SqliteEngine>;

public sealed class ClockOnPostgreSql : ClockTests<PostgreSqlEngine>;
