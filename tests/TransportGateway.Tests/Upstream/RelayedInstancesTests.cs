using TransportGateway.Registration;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Upstream;

/// <summary>Which of two messages a record of a relayed product follows.</summary>
public abstract class RelayedInstancesTests<TEngine>
    where TEngine : TestEngine, new()
{
    private static readonly DateTimeOffset Now = TimeProvider.System.GetUtcNow();

    [Fact]
    public async Task What_was_recorded_while_the_clock_was_ahead_does_not_freeze_the_record()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await using var session = await gateway.Database.BeginAsync();
        var instances = new RelayedInstances(session);
        await instances.AddAsync(Record(gateway, Now.AddDays(1), "before"), CancellationToken.None);

        Assert.True(await instances.UpdateAsync(Record(gateway, Now, "after"), CancellationToken.None));
        Assert.Equal("after", (await instances.FindAsync("a-product", CancellationToken.None))!.HostName);
        Assert.True(await instances.UpdateAsync(Record(gateway, Now.AddDays(1), "before"), CancellationToken.None));
        Assert.True(await instances.EndAsync("a-product", Now, CancellationToken.None));
    }

    [Fact]
    public async Task A_message_that_is_recorded_after_a_later_one_changes_nothing()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await using var session = await gateway.Database.BeginAsync();
        var instances = new RelayedInstances(session);
        await instances.AddAsync(Record(gateway, Now, "later"), CancellationToken.None);

        Assert.False(await instances.UpdateAsync(Record(gateway, Now.AddSeconds(-15), "earlier"), CancellationToken.None));
        Assert.False(await instances.EndAsync("a-product", Now.AddSeconds(-15), CancellationToken.None));
        Assert.Equal("later", (await instances.FindAsync("a-product", CancellationToken.None))!.HostName);
    }

    private static InstanceRow Record(TestGateway gateway, DateTimeOffset heardAt, string hostName) => new()
    {
        Id = "a-product",
        VirtualAccountId = gateway.VirtualAccount.Id,
        UdiKey = "PID:UCM SN:1",
        HostName = hostName,
        SoftwareTag = "a tag",
        ProductType = "UCL",
        ExportControlled = false,
        RegisteredAt = Now,
        LastContactAt = heardAt,
        RelayedTo = "https://upstream.example/",
    };
}

public sealed class RelayedInstancesOnSqlite : RelayedInstancesTests<SqliteEngine>;

public sealed class RelayedInstancesOnPostgreSql : RelayedInstancesTests<PostgreSqlEngine>;
