using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Enters messages of unproven senders in the event log and the archive, so many a minute and no more.</summary>
/// <remarks>Anybody who reaches the port can cause these entries. Past the bound they are only counted, and the count is entered later.</remarks>
internal sealed class RefusalJournal(Database database, MasterKey masterKey, TimeProvider clock)
{
    private const int MostPerMinute = 120;

    // Each leaves an answer and an event behind; a storm of honest products with a used-up token stays below both.
    private const int MostRegistrationsPerMinute = 3000;
    private const int MostRegistrationsPerHour = 20_000;

    // Larger ones are cut: the beginning shows what they are.
    public const int MostBytesKept = 64 * 1024;

    // More than any sentence of ours with what it may quote.
    private const int MostOfReason = 1000;

    private readonly Lock _lock = new();

    // Timestamps, since a clock that is set back would keep a window shut.
    private long _minute;
    private int _entered;
    private int _passedOver;
    private long _registrationMinute;
    private long _registrationHour;
    private int _registrations;
    private int _registrationsOfTheHour;

    /// <summary>Whether one more refused registration of this minute and hour is stored with its answer; beyond the bound it is only answered.</summary>
    public bool TakesRegistration()
    {
        lock (_lock)
        {
            if (clock.GetElapsedTime(_registrationMinute) >= TimeSpan.FromMinutes(1))
            {
                _registrationMinute = clock.GetTimestamp();
                _registrations = 0;
            }

            if (clock.GetElapsedTime(_registrationHour) >= TimeSpan.FromHours(1))
            {
                _registrationHour = clock.GetTimestamp();
                _registrationsOfTheHour = 0;
            }

            if (_registrations >= MostRegistrationsPerMinute || _registrationsOfTheHour >= MostRegistrationsPerHour)
            {
                return false;
            }

            _registrations++;
            _registrationsOfTheHour++;
            return true;
        }
    }

    /// <param name="about">The product that the message claims to come from, where there is one: those who see its account see the event.</param>
    public async Task EnterAsync(ReceivedMessage received, string reason, InstanceRow? about, CancellationToken cancellationToken)
    {
        reason = Excerpt.Of(reason, MostOfReason);
        var now = clock.GetUtcNow();
        int passedOver;
        lock (_lock)
        {
            if (clock.GetElapsedTime(_minute) >= TimeSpan.FromMinutes(1))
            {
                _minute = clock.GetTimestamp();
                _entered = 0;
            }

            if (++_entered > MostPerMinute)
            {
                _passedOver++;
                return;
            }

            passedOver = _passedOver;
            _passedOver = 0;
        }

        try
        {
            await WriteAsync(received, reason, about, passedOver, now, cancellationToken);
        }
        catch
        {
            // Still to be told; taken away first, so that another entry does not tell it as well.
            lock (_lock)
            {
                _passedOver += passedOver;
            }

            throw;
        }
    }

    private async Task WriteAsync(
        ReceivedMessage received, string reason, InstanceRow? about, int passedOver, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        var events = new EventLog(session);
        if (passedOver > 0)
        {
            await events.AppendAsync(
                new LoggedEvent(
                    EventKinds.MessageRefused, Severity.Warning, "gateway", $"{passedOver} more messages of unproven senders were refused and not entered one by one."),
                now,
                cancellationToken);
        }

        await events.AppendAsync(
            new LoggedEvent(EventKinds.MessageRefused, Severity.Warning, received.Source, $"A message was refused: {reason}", about?.AccountId, about?.Id)
            { VirtualAccountId = about?.VirtualAccountId },
            now,
            cancellationToken);
        var kept = received.Payload[..Math.Min(received.Payload.Length, MostBytesKept)];
        await new RefusedMessages(session, masterKey).AddAsync(received.Transport, received.Source, reason, kept, now, cancellationToken);
        await session.CommitAsync();
    }
}
