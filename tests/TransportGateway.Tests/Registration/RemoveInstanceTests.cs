using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Events;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Registration;

public sealed class RemoveInstanceOnPostgreSqlTests
{
    [Fact]
    public async Task A_removal_that_has_to_give_way_is_begun_anew()
    {
        await using var gateway = await TestGateway.StartAsync<PostgreSqlEngine>();
        await gateway.StopJobsAsync();
        var product = gateway.Product(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await gateway.CreateTokenAsync()));
        await Deadlocks.OnceAsync(gateway, "UPDATE ON product_instances");

        Assert.True(await gateway.Gateway.Services.GetRequiredService<RemoveInstance>().ExecuteAsync(
            gateway.Administrator, product.State.ProductInstanceIdentifier!, CancellationToken.None));
        Assert.Single(await gateway.EventsAsync(EventKinds.InstanceRemoved));
    }
}
