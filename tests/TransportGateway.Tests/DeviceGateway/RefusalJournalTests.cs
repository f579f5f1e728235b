using System.Data.Common;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.DeviceGateway;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Persistence;
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
            await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);
        }

        Assert.Equal(120, (await gateway.EventsAsync(EventKinds.MessageRefused)).Count);
        var kept = await gateway.RefusedMessagesAsync();
        Assert.Equal(120, kept.Count);
        Assert.All(kept, request => Assert.Equal(65_536, request.Length));

        clock.Advance(TimeSpan.FromMinutes(1));
        await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);
        Assert.Contains(await gateway.EventsAsync(EventKinds.MessageRefused), entry => entry.Message.StartsWith("80 more messages", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Of_a_long_reason_the_beginning_is_entered()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        await gateway.Gateway.Services.GetRequiredService<RefusalJournal>().EnterAsync(
            new ReceivedMessage(new byte[10], "smart-transport", "192.0.2.1"), "nonsense\0" + new string('x', 500_000), about: null, CancellationToken.None);

        var entered = Assert.Single(await gateway.EventsAsync(EventKinds.MessageRefused)).Message;
        Assert.StartsWith("A message was refused: nonsense?xxx", entered, StringComparison.Ordinal);
        Assert.InRange(entered.Length, 1000, 1100);
        Assert.InRange(await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT length(reason) FROM refused_messages", null, CancellationToken.None)), 1000, 1100);
    }

    [Fact]
    public async Task A_clock_that_is_set_back_does_not_keep_the_journal_shut()
    {
        var clock = new StoppedClock(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var journal = gateway.Gateway.Services.GetRequiredService<RefusalJournal>();
        var lines = gateway.Gateway.Services.GetRequiredService<RejectionLines>();
        var message = new ReceivedMessage(new byte[10], "smart-transport", "192.0.2.1");
        for (var i = 0; i < 121; i++)
        {
            await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);
        }

        while (journal.TakesRegistration() | lines.TakesAnother())
        {
        }

        clock.SetBack(TimeSpan.FromDays(1));
        clock.Advance(TimeSpan.FromMinutes(1));

        Assert.True(journal.TakesRegistration());
        Assert.True(lines.TakesAnother());
        await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);
        Assert.Equal(122, await gateway.ReadAsync(session => session.ScalarAsync<long>(
            "SELECT COUNT(*) FROM events WHERE kind = @Kind", new { Kind = EventKinds.MessageRefused }, CancellationToken.None)));
    }

    [Fact]
    public async Task The_count_of_what_was_not_entered_outlasts_an_entry_that_fails()
    {
        var clock = new StoppedClock(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var journal = gateway.Gateway.Services.GetRequiredService<RefusalJournal>();
        var message = new ReceivedMessage(new byte[10], "smart-transport", "192.0.2.1");
        for (var i = 0; i < 125; i++)
        {
            await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);
        }

        clock.Advance(TimeSpan.FromMinutes(1));
        await gateway.ExecuteAsync("ALTER TABLE refused_messages RENAME TO away");
        await Assert.ThrowsAnyAsync<DbException>(() => journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None));
        await gateway.ExecuteAsync("ALTER TABLE away RENAME TO refused_messages");
        await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);
        await journal.EnterAsync(message, "nonsense", about: null, CancellationToken.None);

        Assert.StartsWith(
            "5 more messages",
            Assert.Single(await gateway.EventsAsync(EventKinds.MessageRefused), entry => entry.Message.Contains("more messages", StringComparison.Ordinal)).Message,
            StringComparison.Ordinal);
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
    public async Task A_refused_registration_leaves_its_answer_behind_and_nothing_of_what_was_sent()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();

        var first = await gateway.Client().PostAsync(gateway.Product(SeedProducts.Cucmpub).DraftRegistration("nonsense").Seal());

        Assert.Equal("FAILED", first.Status);
        Assert.Equal(0, await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT SUM(length(request)) FROM answered_messages", null, CancellationToken.None)));
    }

    [Fact]
    public async Task Refused_registrations_are_stored_20000_times_an_hour_and_no_more()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var journal = gateway.Gateway.Services.GetRequiredService<RefusalJournal>();
        var taken = 0;
        for (var minute = 0; minute < 59; minute++)
        {
            while (journal.TakesRegistration())
            {
                taken++;
            }

            clock.Advance(TimeSpan.FromMinutes(1));
        }

        Assert.Equal(20_000, taken);
        clock.Advance(TimeSpan.FromMinutes(1));
        Assert.True(journal.TakesRegistration());
    }

    [Fact]
    public async Task Of_unproven_messages_the_newest_thousand_are_kept_at_any_time()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var masterKey = gateway.Gateway.Services.GetRequiredService<MasterKey>();
        var now = TimeProvider.System.GetUtcNow();
        await using (var session = await gateway.Database.BeginAsync())
        {
            for (var i = 0; i < 1005; i++)
            {
                await new RefusedMessages(session, masterKey).AddAsync("smart-transport", "192.0.2.1", "nonsense", BitConverter.GetBytes(i), now.AddSeconds(i), CancellationToken.None);
            }

            await session.CommitAsync();
        }

        Assert.Equal(
            Enumerable.Range(5, 1000).Reverse(),
            (await gateway.RefusedMessagesAsync()).Select(request => BitConverter.ToInt32(request)));
    }

    [Fact]
    public async Task Of_events_that_strangers_cause_the_newest_are_kept_whatever_they_claimed_to_be_and_those_of_proven_products_all()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var now = TimeProvider.System.GetUtcNow();
        await using (var session = await gateway.Database.BeginAsync())
        {
            var events = new EventLog(session);
            foreach (var kind in new[] { EventKinds.MessageRefused, EventKinds.RegistrationRefused, EventKinds.SignInRefused, EventKinds.RequestRefused })
            {
                for (var i = 0; i < 4; i++)
                {
                    await events.AppendAsync(new LoggedEvent(kind, Severity.Warning, "192.0.2.1", $"{i}", null, i % 2 == 0 ? "a-product" : null), now.AddSeconds(i), CancellationToken.None);
                }
            }

            await events.TrimRefusalsAsync(2, 1000, CancellationToken.None);
            await session.CommitAsync();
        }

        foreach (var kind in new[] { EventKinds.MessageRefused, EventKinds.RegistrationRefused, EventKinds.SignInRefused })
        {
            Assert.Equal(["3", "2"], (await gateway.EventsAsync(kind)).Select(entry => entry.Message));
        }

        Assert.Equal(4, (await gateway.EventsAsync(EventKinds.RequestRefused)).Count);
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
