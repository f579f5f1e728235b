using TransportGateway.Licensing;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>The seed note's four products and the licence table that they make, over real TLS.</summary>
public abstract class SeedStoryTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Theory]
    [InlineData(DeviceTransport.CallHome)]
    [InlineData(DeviceTransport.SmartTransport)]
    public async Task Four_products_register_and_the_licence_table_is_that_of_the_seed_note(DeviceTransport transport)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var token = await gateway.CreateTokenAsync();

        foreach (var definition in SeedProducts.All)
        {
            var product = gateway.Product(definition, transport);
            Assert.Equal("Registration completed successfully", (await product.RegisterAsync(token)).Display);
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
            Assert.Equal(AuthorizationStatus.OutOfCompliance, product.State.Authorization);
            Assert.Equal("Example Account", product.State.SmartAccount);
            Assert.Equal("Default", product.State.VirtualAccount);
            Assert.True(product.State.ExportControlAllowed);
        }

        Assert.Equal(
            [
                ("UDI_PID:PI-SOFTWARE;UDI_SN:annanr-39;", "SDNMGMT"),
                ("cucmpub", "UCL"),
                ("UDI_PID:PI-SOFTWARE;UDI_SN:pi37;", "SDNMGMT"),
                ("cucm-pub-30", "UCL"),
            ],
            (await gateway.InstancesAsync()).Select(instance => (instance.DisplayName, instance.ProductType)));
        var balances = await gateway.ReadAsync(session => Compliance.SettleAsync(session, gateway.Account.Id, gateway.VirtualAccount.Id, CancellationToken.None));
        Assert.Equal(
            [
                ("Prime Infrastructure 3.x, Assurance Lic.", 0, 2, -2),
                ("Prime Infrastructure 3.x, BASE Lic.", 0, 2, -2),
                ("Prime Infrastructure 3.x, Lifecycle Lic.", 0, 48, -48),
                ("UC Manager Basic License (12.x)", 0, 2, -2),
                ("UC Manager Enhanced License (12.x)", 0, 47, -47),
                ("UC Manager Enhanced Plus License (12.x)", 0, 1, -1),
                ("UC Manager Essential License (12.x)", 0, 4, -4),
                ("UC Manager Telepresence Room License (12.x)", 0, 1, -1),
            ],
            balances.Select(entry => (Catalogue.NameOf(entry.Key).DisplayName, entry.Value.Purchased, entry.Value.InUse, entry.Value.Balance))
                .OrderBy(row => row.DisplayName, StringComparer.OrdinalIgnoreCase)
                .Select(row => (row.DisplayName, (int)row.Purchased, (int)row.InUse, (int)row.Balance)));
    }
}

public sealed class SeedStoryOnSqlite : SeedStoryTests<SqliteEngine>;

public sealed class SeedStoryOnPostgreSql : SeedStoryTests<PostgreSqlEngine>;
