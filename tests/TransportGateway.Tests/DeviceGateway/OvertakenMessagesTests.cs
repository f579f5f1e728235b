using System.Text;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.DeviceGateway;
using TransportGateway.Protocol;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What a message relies on can change between the look at its sender and its own transaction: then it changes nothing.</summary>
public abstract class OvertakenMessagesTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Theory]
    [InlineData("forced registration")]
    [InlineData("second renewal")]
    public async Task A_renewed_certificate_that_ended_before_its_first_use_never_comes_back(string meanwhile)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var renewed = await RenewAsync(gateway, product);
        var (message, sender) = await IdentifyAsync(gateway, product.DraftAuthorization().Sealed(draft => draft.Header["id_cert_serial_number"] = renewed));

        await (meanwhile == "second renewal" ? RenewAsync(gateway, product) : RegisterByForceAsync(gateway));

        await AssertOvertakenAsync(gateway, message, sender);
    }

    [Theory]
    [InlineData("forced registration")]
    [InlineData("first use of a renewed certificate")]
    public async Task A_message_under_a_certificate_that_has_just_ended_changes_nothing(string meanwhile)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var (message, sender) = await IdentifyAsync(gateway, product.DraftAuthorization().Seal());

        if (meanwhile == "forced registration")
        {
            await RegisterByForceAsync(gateway);
        }
        else
        {
            Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync());
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync([new Entitlement(EntitlementTags.UcmBasic, 1)]));
        }

        await AssertOvertakenAsync(gateway, message, sender);
    }

    [Fact]
    public async Task A_message_that_is_overtaken_again_and_again_is_told_to_come_later()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        // As if another one came in between each time.
        await gateway.ExecuteAsync(typeof(TEngine) == typeof(SqliteEngine)
            ? "CREATE TRIGGER overtake BEFORE UPDATE ON product_instances BEGIN SELECT RAISE(IGNORE); END"
            : """
              CREATE FUNCTION overtake() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
              CREATE TRIGGER overtake BEFORE UPDATE ON product_instances FOR EACH ROW EXECUTE FUNCTION overtake()
              """);
        var before = await gateway.StateAsync();

        var answer = await gateway.Client().PostAsync(product.DraftAuthorization().Seal());

        Assert.Equal(("OK_TRY_AGAIN", "The gateway is busy with other messages of this product. Try again in a minute."), (answer.Status, answer.Message));
        Assert.Equal(before, await gateway.StateAsync());
    }

    private static async Task<string> RenewAsync(TestGateway gateway, SimulatedProduct product)
    {
        var answer = await gateway.Client().PostAsync(product.DraftIdCertRenewal().Seal());
        Assert.Equal("OK", answer.Status);
        return (string)answer.Data["id_cert_serial_number"]!;
    }

    private static async Task<string> RegisterByForceAsync(TestGateway gateway)
    {
        var again = gateway.Product(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await again.RegisterAsync(await gateway.CreateTokenAsync(), force: true));
        return again.State.IdCertSerialNumber!;
    }

    private static async Task<(DeviceMessage Message, Sender Sender)> IdentifyAsync(TestGateway gateway, SealedMessage sealedMessage)
    {
        var message = Assert.IsType<ParsedMessage.Readable>(SmartMessageReader.Read(Encoding.UTF8.GetBytes(sealedMessage.Json))).Message;
        var (sender, refusal) = await Messages(gateway).IdentifyAsync(message, Encoding.UTF8.GetBytes(message.Envelope.Request), CancellationToken.None);
        Assert.Null(refusal);
        Assert.Null(sender!.Ended);
        return (message, sender);
    }

    private static async Task AssertOvertakenAsync(TestGateway gateway, DeviceMessage message, Sender sender)
    {
        var before = await gateway.StateAsync();
        await using (var session = await gateway.Database.BeginAsync())
        {
            Assert.Null(await Messages(gateway).HandleAsync(session, sender, message, TimeProvider.System.GetUtcNow(), CancellationToken.None));
        }

        Assert.Equal(before, await gateway.StateAsync());
    }

    private static InstanceMessages Messages(TestGateway gateway) => gateway.Gateway.Services.GetRequiredService<InstanceMessages>();
}

public sealed class OvertakenMessagesOnSqlite : OvertakenMessagesTests<SqliteEngine>;

public sealed class OvertakenMessagesOnPostgreSql : OvertakenMessagesTests<PostgreSqlEngine>;
