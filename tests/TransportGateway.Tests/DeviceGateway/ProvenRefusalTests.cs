using Microsoft.Extensions.Time.Testing;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What a refusal tells about the product it went to: to those who look after it, and to the gateway itself.</summary>
public abstract class ProvenRefusalTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_refusal_to_a_known_product_is_an_event_of_the_product_and_its_account()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var used = product.DraftAuthorization();
        Assert.Equal("OK", (await gateway.Client().PostAsync(used.Seal())).Status);
        foreach (var (kind, message) in new (string, Func<SealedMessage>)[]
        {
            ("wrong serial", () => product.DraftAuthorization().Sealed(draft => draft.Header["id_cert_serial_number"] = "16451298")),
            ("wrong signature", () => product.DraftAuthorization().Sealed(draft => draft.SignatureValue = "")),
            ("nonces that differ", () => product.DraftAuthorization().Sealed(draft => draft.RequestNonce = "2")),
            ("nonce used again", () => product.DraftAuthorization().Sealed(draft => draft.Nonce = used.Nonce)),
            ("type not served", () => product.DraftAuthorization().Sealed(draft => draft.RequestTypeName = "TRUST")),
            ("poll", () => product.DraftPoll(7).Seal()),
            ("removed", () => product.DraftAuthorization().Seal()),
        })
        {
            if (kind == "removed")
            {
                await gateway.ExecuteAsync("UPDATE product_instances SET state = 'removed'");
            }

            Assert.Equal("FAILED", (await gateway.Client().PostAsync(message())).Status);

            var refusal = (await gateway.EventsAsync(kind is "type not served" or "poll" ? EventKinds.RequestRefused : EventKinds.MessageRefused))[0];
            Assert.Equal(
                (kind, gateway.Account.Id, gateway.VirtualAccount.Id, product.State.ProductInstanceIdentifier), (kind, refusal.AccountId, refusal.VirtualAccountId, refusal.InstanceId));
        }
    }

    [Fact]
    public async Task A_refusal_to_a_stranger_is_an_event_of_no_account()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        await gateway.Client().PostAsync(product.DraftAuthorization().Sealed(draft =>
        {
            draft.Header["product_instance_identifier"] = "4d47df04-ae89-4df6-bc15-d17c1a3f153f";
            draft.Data["product_instance_identifier"] = "4d47df04-ae89-4df6-bc15-d17c1a3f153f";
        }));

        var refusal = Assert.Single(await gateway.EventsAsync(EventKinds.MessageRefused));
        Assert.Null(refusal.AccountId);
        Assert.Null(refusal.InstanceId);
    }

    [Theory]
    [InlineData("a value that will not do")]
    [InlineData("a type that is not served")]
    [InlineData("a third-party key")]
    public async Task A_proven_message_is_a_contact_and_a_use_of_its_certificate_also_when_it_is_refused(string kind)
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var underOld = product.DraftAuthorization().Seal();
        Assert.IsType<ProductResult.Accepted>(await product.RenewIdCertificateAsync());
        clock.Advance(TimeSpan.FromMinutes(5));

        var refused = await gateway.Client().PostAsync(kind switch
        {
            "a value that will not do" => product.DraftAuthorization().Sealed(draft => draft.Data["entitlements"] = 7),
            "a type that is not served" => product.DraftAuthorization().Sealed(draft => draft.RequestTypeName = "TRUST"),
            _ => product.DraftThirdPartyKey(EntitlementTags.UcmBasic).Seal(),
        });

        Assert.Equal("FAILED", refused.Status);
        Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds(), (await gateway.InstancesAsync())[0].LastContactAt.ToUnixTimeMilliseconds());
        Assert.Equal(WireAnswers.IdentityErrors(product.State.ProductInstanceIdentifier), (await gateway.Client().PostAsync(underOld)).Message);
    }

    [Fact]
    public async Task A_message_of_another_time_is_no_contact_now()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var before = (await gateway.InstancesAsync())[0].LastContactAt;
        var old = product.DraftAuthorization().Seal();
        clock.Advance(TimeSpan.FromHours(2));

        Assert.StartsWith("The clock of the product is 2 h", (await gateway.Client().PostAsync(old)).Message, StringComparison.Ordinal);

        Assert.Equal(before, (await gateway.InstancesAsync())[0].LastContactAt);
    }
}

public sealed class ProvenRefusalOnSqlite : ProvenRefusalTests<SqliteEngine>;

public sealed class ProvenRefusalOnPostgreSql : ProvenRefusalTests<PostgreSqlEngine>;
