using TransportGateway.Accounts;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What an administrator does to a product that another one moves just then.</summary>
public abstract class MovedMeanwhileTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private TestGateway _gateway = null!;
    private string _id = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _id = (await _gateway.RegisteredAsync(SeedProducts.Cucmpub)).State.ProductInstanceIdentifier!;
        foreach (var name in new[] { "Branch", "Depot" })
        {
            Assert.IsType<CreateVirtualAccount.Outcome.Created>(await new CreateVirtualAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(
                new CreateVirtualAccount.Request(_gateway.Administrator, _gateway.Account, name, ""), CancellationToken.None));
        }
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_product_that_is_moved_while_it_is_removed_is_removed()
    {
        Assert.True(await WhileMovedAsync(() => new RemoveInstance(_gateway.Database, TimeProvider.System).ExecuteAsync(_gateway.Administrator, _id, CancellationToken.None)));

        Assert.Empty(await _gateway.InstancesAsync());
    }

    [Fact]
    public async Task A_product_that_is_moved_while_it_is_transferred_is_transferred()
    {
        Assert.IsType<TransferInstance.Outcome.Transferred>(await WhileMovedAsync(
            () => new TransferInstance(_gateway.Database, TimeProvider.System).ExecuteAsync(_gateway.Administrator, _id, "Depot", CancellationToken.None)));

        Assert.Equal("Depot", Assert.Single(await _gateway.InstancesAsync()).VirtualAccountName);
    }

    /// <summary>Begins the work when the product was moved to the branch, and lets the move be seen when the work has found it where it was.</summary>
    private async Task<T> WhileMovedAsync<T>(Func<Task<T>> work)
    {
        var branch = (await _gateway.ReadAsync(session => new VirtualAccounts(session).ListAsync(_gateway.Account.Id, CancellationToken.None))).Single(account => account.Name == "Branch");
        await using var moving = await _gateway.Database.BeginAsync();
        Assert.True(await new ProductInstances(moving).MoveAsync(_id, _gateway.VirtualAccount.Id, branch.Id, CancellationToken.None));
        var working = Task.Run(work);
        await _gateway.WaitUntilBlockedAsync();
        await moving.CommitAsync();
        return await working;
    }
}

public sealed class MovedMeanwhileOnSqlite : MovedMeanwhileTests<SqliteEngine>;

public sealed class MovedMeanwhileOnPostgreSql : MovedMeanwhileTests<PostgreSqlEngine>;
