using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Simulators;

namespace TransportGateway.Tests.Simulators;

public sealed class MessageOnTheWireTests : IAsyncLifetime
{
    private FakeGateway gateway = null!;

    public async Task InitializeAsync() => gateway = await FakeGateway.StartAsync();

    public async Task DisposeAsync() => await gateway.DisposeAsync();

    [Fact]
    public async Task A_registration_has_no_identity_yet_and_proves_its_key()
    {
        using var client = gateway.Client();
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a-token", force: true);

        var request = gateway.Requests.Single();
        Assert.True(request.IsSignedBy(request.SigningRequestKey!));
        Assert.Equal("a-token", (string?)request.Data["id_token"]);
        Assert.True((bool)request.Data["force"]!);
        Assert.Equal("cucmpub", (string?)request.Data["hostname"]);
        Assert.Null(request.Envelope["credential"]);
        foreach (var name in new[] { "product_instance_identifier", "id_cert_serial_number", "signing_cert_serial_number" })
        {
            Assert.True(request.Header.TryGetPropertyValue(name, out var value));
            Assert.Null(value);
        }
    }

    [Fact]
    public async Task Every_level_has_the_keys_of_the_message_that_is_public_in_its_order()
    {
        using var client = gateway.Client();
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a-token");
        await product.RequestThirdPartyKeyAsync(EntitlementTags.UcmEnhanced);

        var request = gateway.Requests.Last();
        Assert.Equal(["signature", "credential", "request"], Keys(request.Envelope));
        Assert.Equal(["header", "nonce", "request_data"], Keys(request.Request));
        Assert.Equal(
            [
                "version", "locale", "sudi", "timestamp", "nonce", "request_type", "agent_actions", "connect_info",
                "product_instance_identifier", "id_cert_serial_number", "signing_cert_serial_number",
            ],
            Keys(request.Header));
        Assert.Equal(
            ["suvi", "uuid", "host_identifier", "mac_address", "udi_pid", "udi_serial_number", "udi_vid"], Keys(request.Header["sudi"]!.AsObject()));
        Assert.Equal(["id", "name", "value", "routing", "action", "key_id"], Keys(request.Data["data"]![0]!.AsObject()));
        Assert.Equal(request.Nonce, (string?)request.Request["nonce"]);
        Assert.Equal(request.Nonce, (string?)request.Data["nonce"]);
        Assert.True(long.Parse(request.Nonce, System.Globalization.CultureInfo.InvariantCulture) > 0);
    }

    [Fact]
    public async Task Prime_hides_its_host_name_and_sends_the_token_as_credential_too()
    {
        using var client = gateway.Client();
        using var product = Product(SeedProducts.Annanr39, client);
        await product.RegisterAsync("a-token");

        var request = gateway.Requests.Single();
        Assert.True(request.Data.ContainsKey("hostname"));
        Assert.Null(request.Data["hostname"]);
        Assert.Equal("annanr-39", (string?)request.Header["sudi"]!["udi_serial_number"]);
        Assert.Equal("""{"type":"ID_TOKEN","value":"a-token"}""", request.Envelope["credential"]!.ToJsonString());
        Assert.Equal("UDI_PID:PI-SOFTWARE;UDI_SN:annanr-39;", product.State.ProductInstanceName);
    }

    [Fact]
    public async Task Call_Home_says_it_is_a_form_although_it_is_xml()
    {
        using var client = gateway.Client(DeviceTransport.CallHome);
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a-token");

        var request = gateway.Requests.Single();
        Assert.Equal("application/x-www-form-urlencoded", request.ContentType);
        Assert.Contains("soap-env:mustUnderstand=\"true\"", Encoding.UTF8.GetString(request.Body), StringComparison.Ordinal);
        Assert.Contains("<aml-block:Name>smart_licensing_data</aml-block:Name>", Encoding.UTF8.GetString(request.Body), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_text_that_would_end_the_attachment_arrives_whole()
    {
        using var client = gateway.Client(DeviceTransport.CallHome);
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a]]>b]]]]>>c");
        Assert.Equal("a]]>b]]]]>>c", (string?)gateway.Requests.Single().Data["id_token"]);
    }

    [Fact]
    public async Task Call_Home_can_be_sent_in_all_the_styles_a_gateway_has_to_read()
    {
        var style = new CallHomeStyle { ContentType = null, Base64 = true, Indented = true, ByteOrderMark = false };
        using var client = gateway.Client(DeviceTransport.CallHome, new GatewayClientOptions { CallHome = style });
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a-token");
        Assert.Null(gateway.Requests.Single().ContentType);
        Assert.Contains("encoding=\"base64\"", Encoding.UTF8.GetString(gateway.Requests.Single().Body), StringComparison.Ordinal);

        using var odd = gateway.Client(
            DeviceTransport.CallHome,
            new GatewayClientOptions { CallHome = new CallHomeStyle { IllegalCharacterReferences = true, ByteOrderMark = true } });
        var bytes = odd.Write(product.DraftRegistration("a-token").Seal(), product.Product);
        Assert.Equal([0xEF, 0xBB, 0xBF], bytes[..3]);
        Assert.Contains("&#x1;", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_message_can_be_changed_before_it_is_signed_and_after()
    {
        using var client = gateway.Client();
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a-token");
        using var foreign = ProductKey.Create();

        var draft = product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 1)]);
        draft.Nonce = "17";
        draft.Data["nonce"] = "18";
        draft.Version = "2.0";
        draft.RequestTypeName = "SOMETHING_NEW";
        draft.Timestamp = 5;
        draft.Header["id_cert_serial_number"] = "999";
        draft.SigningKey = foreign;
        draft.EditSignedText = text => text.Replace("SOMETHING_NEW", "SOMETHING_ELSE", StringComparison.Ordinal);
        draft.EditEnvelopeText = text => text.Replace("\"credential\":null", "\"credential\":null,\"credential\":null", StringComparison.Ordinal);
        var message = draft.Seal();

        Assert.Contains("\"credential\":null,\"credential\":null", message.Json, StringComparison.Ordinal);
        var request = JsonNode.Parse((string)JsonNode.Parse(message.Json.Replace(",\"credential\":null", "", StringComparison.Ordinal))!["request"]!)!;
        Assert.Equal("17", (string?)request["header"]!["nonce"]);
        Assert.Equal("SOMETHING_ELSE", (string?)request["header"]!["request_type"]);
        Assert.Equal("18", (string?)JsonNode.Parse((string)request["request_data"]!)!["nonce"]);
        Assert.Equal("SOMETHING_NEW", message.Expected.RequestType);
        Assert.Equal("2.0", message.Expected.Version);
    }

    [Fact]
    public async Task A_message_made_by_hand_changes_nothing_in_the_product_even_when_it_is_refused()
    {
        using var client = gateway.Client();
        using var product = Product(SeedProducts.Cucmpub, client);
        await product.RegisterAsync("a-token");
        var before = product.State;
        gateway.Refusal = ("FAILED", Identity(before.ProductInstanceIdentifier!));

        var result = Assert.IsType<ProductResult.Refused>(await product.SendAsync(product.DraftAuthorization().Seal()));

        Assert.True(result.Verified);
        Assert.Same(before, product.State);
    }

    internal static string Identity(string instance) =>
        $$"""{"product_instance_identifier":["The identity for the instance {{instance}} is not valid.Please re-register the instance."]}""";

    private static string[] Keys(JsonObject node) => [.. node.Select(property => property.Key)];

    private static SimulatedProduct Product(ProductDefinition definition, GatewayClient client) =>
        new(new SimulatedProductOptions { Product = definition, Gateway = client, Key = TestKeys.Pool.Next() });
}
