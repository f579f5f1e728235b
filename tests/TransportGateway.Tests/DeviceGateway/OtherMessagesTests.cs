using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using RefusalTexts = TransportGateway.Protocol.RefusalTexts;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>Third-party keys, polling, types and versions that are not served, and the one real message that is public.</summary>
public abstract class OtherMessagesTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_third_party_key_for_an_unused_tag_is_refused_in_the_documented_words()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var events = await gateway.AssertRefusedAsync(
            "Product Instance is not consuming this tag : ", () => gateway.Client().PostAsync(product.DraftThirdPartyKey(EntitlementTags.UcmEnhanced).Seal()));

        Assert.Equal([$"{EventKinds.RequestRefused}: A THIRD_PARTY_KEY message was refused: third-party key for a tag that is not in use."], events);
    }

    [Fact]
    public async Task A_third_party_key_for_a_used_tag_is_refused_with_a_sentence()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        var events = await gateway.AssertRefusedAsync(
            RefusalTexts.NoKeySource(EntitlementTags.UcmEnhanced),
            () => gateway.Client().PostAsync(product.DraftThirdPartyKey(EntitlementTags.UcmEnhanced).Seal()));

        Assert.Equal([$"{EventKinds.RequestRefused}: A THIRD_PARTY_KEY message was refused: no source of third-party keys."], events);
    }

    [Fact]
    public async Task Polling_for_an_unknown_id_is_refused()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var events = await gateway.AssertRefusedAsync(
            RefusalTexts.UnknownPoll(773126444402795033),
            () => gateway.Client().PostAsync(product.DraftPoll(773126444402795033).Seal()));

        Assert.Equal([$"{EventKinds.RequestRefused}: A POLL message was refused: nothing to poll for."], events);
    }

    [Fact]
    public async Task A_request_type_that_is_not_served_is_refused_by_its_name()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var type in new string[]
        {
            "TRUST",
            "registration",
            "A type of 3 words",
        })
        {
            var events = await gateway.AssertRefusedAsync(
                RefusalTexts.UnknownRequestType(type),
                () => gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.RequestTypeName = type)));
            Assert.Equal([$"{EventKinds.RequestRefused}: A {type} message was refused: unknown request type."], events);

            await gateway.AssertRefusedAsync(
                RefusalTexts.UnknownRequestType(type),
                () => gateway.Client().PostAsync(gateway.Product(SeedProducts.Pi37).DraftRegistration("x").Sealed(draft => draft.RequestTypeName = type)));
        }
    }

    [Fact]
    public async Task The_gateway_announces_itself_with_what_it_can_do_and_no_more()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var answer = await gateway.Client().PostAsync(product.DraftAuthorization().Seal());

        Assert.Equal("""{"name":"SSM","version":"1.3","additional":"","prod":false,"capabilities":["OK_TRY_AGAIN"]}""", answer.Header["connect_info"]!.ToJsonString());
        Assert.Null(answer.Response["message_code"]);
    }

    [Fact]
    public async Task A_request_type_that_a_capture_showed_is_served_under_its_name_without_another_program()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("request-type-aliases", "REGISTER=REGISTRATION,ENTITLE=AUTHORIZATION"));
        var product = gateway.Product(SeedProducts.Cucmpub);
        var token = await gateway.CreateTokenAsync();

        var registered = await gateway.Client().PostAsync(product.DraftRegistration(token).Sealed(draft => draft.RequestTypeName = "REGISTER"));

        Assert.Equal(("OK", "REGISTER"), (registered.Status, (string?)registered.Header["request_type"]));
        var other = await gateway.RegisteredAsync(SeedProducts.Pi37);
        Assert.Equal("OK", (await gateway.Client().PostAsync(other.DraftAuthorization().Sealed(draft => draft.RequestTypeName = "ENTITLE"))).Status);
        await gateway.AssertRefusedAsync(
            RefusalTexts.UnknownRequestType("ENTITLED"), () => gateway.Client().PostAsync(other.DraftAuthorization().Sealed(draft => draft.RequestTypeName = "ENTITLED")));
        Assert.DoesNotContain(
            await gateway.ReadAsync(session => session.QueryAsync<byte[]>("SELECT request FROM answered_messages", null, CancellationToken.None)),
            request => Encoding.UTF8.GetString(request).Contains(token, StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_product_registers_as_the_type_that_an_administrator_added_for_its_software_tag()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("product-types", "PI*=INFRASTRUCTURE"));
        await gateway.RegisteredAsync(SeedProducts.Pi37);
        await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        Assert.Equal(
            ["INFRASTRUCTURE", "UCL"],
            await gateway.ReadAsync(session => session.QueryAsync<string>("SELECT product_type FROM product_instances ORDER BY product_type", null, CancellationToken.None)));
    }

    [Fact]
    public async Task Any_version_1_is_answered_in_the_lower_of_both()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var (theirs, answered) in new (string, string)[]
        {
            ("1.0", "1.0"),
            ("1.1", "1.1"),
            ("1.3", "1.3"),
            ("1.9", "1.3"),
            ("1.10", "1.3"),
        })
        {
            var answer = await gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Version = theirs));

            Assert.Equal(("OK", answered), (answer.Status, (string?)answer.Header["version"]));
        }
    }

    [Fact]
    public async Task A_higher_major_version_is_told_ours()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var state = await gateway.StateAsync();
        foreach (var version in new string[]
        {
            "2.0",
            "10.1",
        })
        {
            var answer = await gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Version = version));

            Assert.Equal(("VERSION_TOO_HIGH", "1.3"), (answer.Status, (string?)answer.Header["version"]));
            Assert.Equal(RefusalTexts.VersionTooHigh(version), answer.Message);
            Assert.Equal(state, await gateway.StateAsync());
            Assert.IsType<ProductResult.Refused>(await product.SendAsync(product.DraftAuthorization().Sealed(draft => draft.Version = version)));
        }
    }

    [Fact]
    public async Task A_version_that_is_none_is_refused()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        foreach (var version in new string[]
        {
            "",
            "one.two",
            "1.-1",
            "0.9",
            "1.2.3",
        })
        {
            var answer = await gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft => draft.Version = version));
            Assert.Equal((200, "FAILED"), (answer.Http.Status, answer.Status));
            Assert.Contains("version", answer.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task The_one_real_message_that_is_public_is_read_archived_and_refused_as_documented(DeviceTransport transport)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var bytes = await File.ReadAllBytesAsync(Path.Combine(AppContext.BaseDirectory, "DeviceGateway", "Samples", "unity-connection-third-party-key.json"));
        var body = transport == DeviceTransport.SmartTransport ? bytes : gateway.Client(transport).Write(
            new SealedMessage
            {
                Json = Encoding.UTF8.GetString(bytes),
                ComposedAt = DateTimeOffset.UnixEpoch,
                Expected = new ReplyExpectation { RequestType = "THIRD_PARTY_KEY", Version = "1.1", Nonce = "7648446339161391345", ProductInstanceIdentifier = null },
            },
            SeedProducts.Cucmpub);

        WireAnswer? answer = null;
        var events = await gateway.AssertRefusedAsync(
            WireAnswers.IdentityErrors("4d47df04-ae89-4df6-bc15-d17c1a3f153f"),
            async () => answer = await gateway.Client(transport).PostAsync(body, gateway.Client(transport).ContentType));

        Assert.Equal("1.1", (string?)answer!.Header["version"]);
        Assert.Equal("7648446339161391345", (string?)answer.Header["nonce"]);
        Assert.Equal("THIRD_PARTY_KEY", (string?)answer.Header["request_type"]);
        Assert.Equal("4d47df04-ae89-4df6-bc15-d17c1a3f153f", (string?)answer.Header["product_instance_identifier"]);
        Assert.Equal([$"{EventKinds.MessageRefused}: A message was refused: the product instance 4d47df04-ae89-4df6-bc15-d17c1a3f153f is not known"], events);
        Assert.Equal(
            Encoding.UTF8.GetString(bytes).Trim(),
            Encoding.UTF8.GetString(Assert.Single(await gateway.RefusedMessagesAsync())).Trim());
    }
}

public sealed class OtherMessagesOnSqlite : OtherMessagesTests<SqliteEngine>;

public sealed class OtherMessagesOnPostgreSql : OtherMessagesTests<PostgreSqlEngine>;
