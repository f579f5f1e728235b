using System.Net;
using Microsoft.Extensions.Time.Testing;
using Npgsql;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What the standby has not confirmed is not acknowledged to a product, however often the answer is looked up.</summary>
public sealed class UnacknowledgedAnswerTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private PostgreSqlPair _databases = null!;
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _databases = await PostgreSqlPair.StartAsync();
        _gateway = await TestGateway.StartAsync<SqliteEngine>(_clock, ("database", "postgresql"), ("postgresql-connection", _databases.Primary));
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _databases.DisposeAsync();
    }

    [Fact]
    public async Task A_registration_whose_commit_only_the_primary_has_is_answered_with_try_again_until_the_standby_has_it()
    {
        var token = await _gateway.CreateTokenAsync(maxUses: 1);
        var product = _gateway.Product(SeedProducts.Cucmpub, clock: _clock);
        await _databases.StopStandbyAsync();

        var answer = Assert.IsType<ProductResult.Refused>(await WithoutStandbyAsync(product.RegisterAsync(token)));

        Assert.Equal(("OK_TRY_AGAIN", "Server error occurred: the gateway cannot reach its database. Try again in a minute."), (answer.Status, answer.Message));
        Assert.Single(await _gateway.InstancesAsync());
        await _databases.StartStandbyAsync();
        Assert.IsType<ProductResult.Accepted>(await product.RetryAsync());
        Assert.Equal(product.State.ProductInstanceIdentifier, Assert.Single(await _gateway.InstancesAsync()).Id);
    }

    [Fact]
    public async Task A_gateway_without_its_database_is_not_ready_and_says_so()
    {
        using var http = _gateway.Http();
        Assert.Equal("ready", await http.GetStringAsync("/readyz"));

        await _databases.KillPrimaryAsync();

        using var answer = await http.GetAsync("/readyz");
        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        Assert.Contains("The database cannot be reached.", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Cancels each wait for the standby, as a timeout or an operator would, until there is an answer.</summary>
    private async Task<ProductResult> WithoutStandbyAsync(Task<ProductResult> asked)
    {
        await using var administration = new NpgsqlConnection(_databases.Primary);
        await administration.OpenAsync();
        await Wait.UntilAsync(async () =>
        {
            await using var cancel = new NpgsqlCommand("SELECT count(pg_cancel_backend(pid)) FROM pg_stat_activity WHERE wait_event = 'SyncRep'", administration);
            await cancel.ExecuteScalarAsync();
            // The pauses between the gateway's attempts go by its clock.
            _clock.Advance(TimeSpan.FromMilliseconds(100));
            return asked.IsCompleted;
        });
        return await asked;
    }
}
