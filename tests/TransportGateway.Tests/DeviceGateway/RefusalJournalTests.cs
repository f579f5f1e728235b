using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.DeviceGateway;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What strangers may cost: anybody can make a key and send nonsense.</summary>
public abstract class RefusalJournalTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_flood_of_unproven_messages_is_entered_in_part_and_counted_in_whole()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var journal = gateway.Gateway.Services.GetRequiredService<RefusalJournal>();
        var message = new ReceivedMessage(new byte[100_000], "smart-transport", "192.0.2.1");
        for (var i = 0; i < 200; i++)
        {
            await journal.EnterAsync(message, "nonsense", CancellationToken.None);
        }

        Assert.Equal(120, (await gateway.EventsAsync(EventKinds.MessageRefused)).Count);
        Assert.Equal(120L * 65_536, await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT SUM(length(request)) FROM refused_messages", null, CancellationToken.None)));

        clock.Advance(TimeSpan.FromMinutes(1));
        await journal.EnterAsync(message, "nonsense", CancellationToken.None);
        Assert.Contains(await gateway.EventsAsync(EventKinds.MessageRefused), entry => entry.Message.StartsWith("80 more messages", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Refused_registrations_are_stored_so_many_a_minute_and_answered_all_the_same()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var journal = gateway.Gateway.Services.GetRequiredService<RefusalJournal>();
        while (journal.TakesRegistration())
        {
        }

        var refused = Assert.IsType<ProductResult.Refused>(await gateway.Product(SeedProducts.Cucmpub).RegisterAsync("nonsense"));
        Assert.Contains("The token 'nonsense' is not valid.", refused.Message, StringComparison.Ordinal);
        Assert.Equal(0, await CountAsync(gateway));

        clock.Advance(TimeSpan.FromMinutes(1));
        await gateway.Product(SeedProducts.Cucmpub).RegisterAsync("nonsense");
        Assert.Equal(1, await CountAsync(gateway));
    }

    [Fact]
    public async Task Housekeeping_forgets_refused_registrations_after_two_hours_and_other_messages_after_their_days()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        await gateway.Product(SeedProducts.Pi37).RegisterAsync("nonsense");
        await gateway.Product(SeedProducts.Cucmpub).RegisterAsync(await gateway.CreateTokenAsync());
        var housekeeping = new Housekeeping(gateway.Database, gateway.Gateway.Services.GetRequiredService<GatewaySettings>(), clock);

        await housekeeping.RunAsync(CancellationToken.None);
        Assert.Equal(2, await CountAsync(gateway));
        clock.Advance(TimeSpan.FromHours(3));
        await housekeeping.RunAsync(CancellationToken.None);
        Assert.Equal(1, await CountAsync(gateway));
        clock.Advance(TimeSpan.FromDays(30));
        await housekeeping.RunAsync(CancellationToken.None);
        Assert.Equal(0, await CountAsync(gateway));
    }

    private static Task<long> CountAsync(TestGateway gateway) =>
        gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM answered_messages", null, CancellationToken.None));
}

public sealed class RefusalJournalOnSqlite : RefusalJournalTests<SqliteEngine>;

public sealed class RefusalJournalOnPostgreSql : RefusalJournalTests<PostgreSqlEngine>;
