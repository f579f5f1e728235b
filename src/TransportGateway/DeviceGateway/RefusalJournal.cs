using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.DeviceGateway;

/// <summary>Enters messages of unproven senders in the event log and the archive, so many a minute and no more.</summary>
/// <remarks>Anybody who reaches the port can cause these entries. Past the bound they are only counted, and the count is entered later.</remarks>
internal sealed class RefusalJournal(Database database, TimeProvider clock)
{
    private const int MostPerMinute = 120;

    // Each may leave a message and an answer behind for an hour; a storm of honest products with a used-up token stays below.
    private const int MostRegistrationsPerMinute = 3000;

    // Larger ones are cut: the beginning shows what they are.
    private const int MostBytesKept = 64 * 1024;

    private readonly Lock _lock = new();
    private DateTimeOffset _minute;
    private int _entered;
    private int _passedOver;
    private DateTimeOffset _registrationMinute;
    private int _registrations;

    /// <summary>Whether one more refused registration of this minute is stored with its answer; beyond the bound it is only answered.</summary>
    public bool TakesRegistration()
    {
        var now = clock.GetUtcNow();
        lock (_lock)
        {
            if (now - _registrationMinute >= TimeSpan.FromMinutes(1))
            {
                _registrationMinute = now;
                _registrations = 0;
            }

            return ++_registrations <= MostRegistrationsPerMinute;
        }
    }

    public async Task EnterAsync(ReceivedMessage received, string reason, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        int passedOver;
        lock (_lock)
        {
            if (now - _minute >= TimeSpan.FromMinutes(1))
            {
                _minute = now;
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
            new LoggedEvent(EventKinds.MessageRefused, Severity.Warning, received.Source, $"A message was refused: {reason}"), now, cancellationToken);
        var kept = received.Payload[..Math.Min(received.Payload.Length, MostBytesKept)];
        await new RefusedMessages(session).AddAsync(received.Transport, received.Source, reason, kept, now, cancellationToken);
        await session.CommitAsync();
    }
}
