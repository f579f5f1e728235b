using CsCheck;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Simulators;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>Many products at once, and sequences that nobody thought of.</summary>
public abstract class ConcurrencyTests<TEngine>
    where TEngine : TestEngine, new()
{
    private static readonly string[] Tags = [EntitlementTags.UcmBasic, EntitlementTags.UcmEnhanced, EntitlementTags.UcmEssential];

    [Fact]
    public async Task Of_a_thousand_products_at_one_token_of_500_uses_exactly_500_register()
    {
        const int Products = 1000;
        const int Uses = 500;
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync(maxUses: Uses);
        // A connection each, half of them on either transport.
        var each = new GatewayClientOptions { Timeout = TimeSpan.FromMinutes(3) };
        GatewayClient[] clients = [gateway.Client(DeviceTransport.SmartTransport, each), gateway.Client(DeviceTransport.CallHome, each)];
        var messages = Enumerable.Range(0, Products).Select(number =>
        {
            using var product = new SimulatedProduct(new SimulatedProductOptions
            {
                Product = SeedProducts.Prime($"storm-{number}"),
                Gateway = clients[0],
                Key = TestKeys.Pool.Next(),
                Clock = TimeProvider.System,
            });
            return product.DraftRegistration(token).Seal();
        }).ToArray();

        var answers = await Task.WhenAll(messages.Select((message, number) => UntilAnsweredAsync(clients[number % 2], message)));

        Assert.All(answers, answer => Assert.Equal(200, answer.Http.Status));
        Assert.Equal(Uses, answers.Count(answer => answer.Status == "OK"));
        Assert.All(
            answers.Where(answer => answer.Status != "OK"),
            answer => Assert.Equal(("FAILED", WireAnswers.Errors("token", $"The token '{token}' is not valid.")), (answer.Status, answer.Message)));
        Assert.Equal(Uses, answers.Where(answer => answer.Status == "OK").Select(answer => (string?)answer.Data["product_instance_identifier"]).Distinct().Count());
        Assert.Equal(Uses, (await gateway.InstancesAsync()).Count);
        Assert.Equal(Uses, await gateway.CountAsync("id_certificates"));
        Assert.Equal(Products, await gateway.CountAsync("answered_messages"));
        Assert.Equal(Uses, await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT uses FROM registration_tokens", null, CancellationToken.None)));
        Assert.Equal(Uses, (await gateway.EventsAsync(EventKinds.InstanceRegistered)).Count);
        Assert.Equal(Uses, (await gateway.EventsAsync(EventKinds.RegistrationRefused)).Count);
    }

    /// <summary>What a product does that finds no connection in such a crowd, or is told to come again: it sends the same once more.</summary>
    private static async Task<WireAnswer> UntilAnsweredAsync(GatewayClient client, SealedMessage message)
    {
        WireAnswer? answer = null;
        await Wait.UntilAsync(async () =>
            await client.SendRawAsync(client.Write(message, SeedProducts.Cucmpub), client.ContentType) is Delivery.Answered answered
            && (answer = new WireAnswer(answered.Answer)) is not { Http.Status: 200, Status: "OK_TRY_AGAIN" });
        return answer!;
    }

    [Fact]
    public async Task Products_that_report_at_once_add_up_whatever_their_order()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var products = new List<SimulatedProduct>();
        for (var i = 0; i < 12; i++)
        {
            products.Add(await gateway.RegisteredAsync(SeedProducts.Prime($"crowd-{i}")));
        }

        for (var round = 1; round <= 3; round++)
        {
            var results = await Task.WhenAll(products.Select((product, i) => product.AuthorizeAsync(
                Tags.Skip(i % 2).Select((tag, j) => new Entitlement(tag, (i * round) + j)).Reverse().ToArray())));
            Assert.All(results, result => Assert.IsType<ProductResult.Accepted>(result));
            await AssertSumsAsync(gateway);
        }
    }

    [Fact]
    public async Task One_product_that_reports_and_leaves_at_once_leaves_nothing_behind()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var stays = await gateway.RegisteredAsync(SeedProducts.CucmPub30);
        Assert.IsType<ProductResult.Accepted>(await stays.AuthorizeAsync());
        for (var round = 0; round < 5; round++)
        {
            var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
            var client = gateway.Client();
            var answers = await Task.WhenAll(Enumerable.Range(1, 6).Select(number => client.PostAsync(number == 3
                ? product.DraftDeregistration().Seal()
                : product.DraftAuthorization([new Entitlement(EntitlementTags.UcmEnhanced, number), new Entitlement(EntitlementTags.UcmBasic, 7 - number)]).Seal())));

            Assert.All(answers, answer => Assert.Equal(200, answer.Http.Status));
            Assert.All(answers, answer => Assert.Contains(answer.Status, new[] { "OK", "FAILED" }));
            await AssertSumsAsync(gateway);
            Assert.Single(await gateway.InstancesAsync());
            Assert.Equal(3, await gateway.CountAsync("license_usages"));
        }
    }

    [Fact]
    public async Task After_any_sequence_of_messages_the_pools_hold_the_sum_of_what_the_products_use()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();
        var elsewhere = await gateway.CreateTokenAsync(virtualAccount: await AnotherVirtualAccountAsync(gateway));
        var products = Enumerable.Range(0, 3).Select(number => gateway.Product(SeedProducts.Prime($"random-{number}"))).ToArray();
        var step = Gen.Select(Gen.Int[0, 2], Gen.Int[0, 5], Gen.Int[0, 4].Array[3]);

        await step.Array[1, 12].SampleAsync(
            async steps =>
            {
                foreach (var (number, action, counts) in steps)
                {
                    var product = products[number];
                    ProductResult result = action switch
                    {
                        0 => await product.DeregisterAsync(),
                        1 => await product.RegisterAsync(counts[0] > 2 ? elsewhere : token, force: true),
                        2 => await product.RegisterAsync(token),
                        _ => await product.AuthorizeAsync(Tags.Zip(counts, (tag, count) => new Entitlement(tag, count)).Where(entry => entry.Count != 3).ToArray()),
                    };
                    Assert.True(result is ProductResult.Accepted or ProductResult.Refused or ProductResult.NotSent, result.Display);
                    if (result is ProductResult.Refused refused)
                    {
                        Assert.Contains("has already been registered.", refused.Message, StringComparison.Ordinal);
                    }
                }

                await AssertSumsAsync(gateway);
            },
            iter: 15,
            threads: 1);
    }

    [Fact]
    public async Task A_second_gateway_on_the_same_data_directory_does_not_start_and_says_why()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var (settings, errors) = GatewaySettings.Load(
            [$"--data-directory={gateway.Gateway.Directory.Path}", "--host-name=localhost", "--listen-https=127.0.0.1:0"], new Dictionary<string, string>());
        Assert.Empty(errors);

        var refusal = await Assert.ThrowsAsync<DatabaseUnusableException>(() => Gateway.StartAsync(settings!, TimeProvider.System));

        Assert.StartsWith(
            $"data-directory: {gateway.Gateway.Directory.Path} cannot be used; is another gateway running on it?", refusal.Message, StringComparison.Ordinal);
        await gateway.RegisteredAsync(SeedProducts.Cucmpub);
    }

    private static async Task<TransportGateway.Accounts.VirtualAccountRow> AnotherVirtualAccountAsync(TestGateway gateway)
    {
        await gateway.ExecuteAsync(
            """
            INSERT INTO virtual_accounts (id, account_id, name, name_key, description, is_default, created_at)
            VALUES ('elsewhere', @Account, 'Elsewhere', 'elsewhere', '', FALSE, 0)
            """,
            new { Account = gateway.Account.Id });
        return (await gateway.ReadAsync(session => new TransportGateway.Accounts.VirtualAccounts(session).ListAsync(gateway.Account.Id, CancellationToken.None)))
            .Single(account => account.Name == "Elsewhere");
    }

    private static async Task AssertSumsAsync(TestGateway gateway)
    {
        var wrong = await gateway.ReadAsync(session => session.QueryAsync<string>(
            """
            SELECT p.virtual_account_id || ' ' || p.tag || ' ' || CAST(p.in_use AS TEXT) AS line
              FROM license_pools p
             WHERE p.in_use <> (SELECT COALESCE(SUM(u.quantity), 0)
                                  FROM license_usages u JOIN product_instances i ON i.id = u.instance_id
                                 WHERE u.tag = p.tag AND i.virtual_account_id = p.virtual_account_id AND i.state = 'registered')
            UNION ALL
            SELECT u.instance_id || ' ' || u.tag
              FROM license_usages u JOIN product_instances i ON i.id = u.instance_id
             WHERE i.state <> 'registered'
                OR NOT EXISTS (SELECT 1 FROM license_pools p WHERE p.tag = u.tag AND p.virtual_account_id = i.virtual_account_id)
            """,
            null,
            CancellationToken.None));
        Assert.Empty(wrong);
    }
}

public sealed class ConcurrencyOnSqlite : ConcurrencyTests<SqliteEngine>;

public sealed class ConcurrencyOnPostgreSql : ConcurrencyTests<PostgreSqlEngine>;
