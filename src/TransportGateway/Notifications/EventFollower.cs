using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>Goes through the event log from a place that the database remembers, and misses nothing.</summary>
/// <remarks>
/// An entry bears the time at which its transaction began, so it can appear behind younger ones. Therefore the place stays a while behind the
/// youngest entry, and what was done since then is remembered here. A node that starts or takes over does not have that memory, and comes by those
/// entries once more. So does one whose clock was set back by more than that while.
/// </remarks>
/// <param name="kinds">Those that matter; null for all.</param>
internal sealed class EventFollower(string name, IReadOnlyCollection<string>? kinds = null)
{
    public static readonly TimeSpan LookBack = TimeSpan.FromMinutes(2);

    private readonly Dictionary<string, DateTimeOffset> _done = new(StringComparer.Ordinal);
    private DateTimeOffset? _doneBefore;
    private DateTimeOffset _youngest;

    /// <param name="DoneBefore">The place to remember when the entries are done.</param>
    public sealed record Batch(IReadOnlyList<EventRow> Entries, DateTimeOffset DoneBefore);

    public string Name => name;

    /// <summary>The next entries; none when there are no more, or nobody is to follow.</summary>
    public async Task<Batch> NextAsync(DbSession session, int limit, DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (await new EventFollowers(session).FindAsync(name, cancellationToken) is not { } place)
        {
            return new Batch([], now);
        }

        if (place.DoneBefore != _doneBefore)
        {
            // The first time on this node, or the other node went on meanwhile.
            _done.Clear();
            _doneBefore = _youngest = place.DoneBefore;
        }

        var clockWasSetBack = now < place.DoneBefore;
        var log = new EventLog(session);
        var ids = await log.ListIdsSinceAsync(clockWasSetBack ? now - LookBack : place.DoneBefore, kinds, _done.Count + limit, cancellationToken);
        var entries = await log.FindAsync([.. ids.Where(id => !_done.ContainsKey(id)).Take(limit)], cancellationToken);
        var youngest = entries.Select(entry => entry.OccurredAt).Append(_youngest).Max();
        var behind = DateTimeOffset.FromUnixTimeMilliseconds((youngest < now ? youngest : now).ToUnixTimeMilliseconds()) - LookBack;
        return new Batch(entries, clockWasSetBack || behind > place.DoneBefore ? behind : place.DoneBefore);
    }

    /// <summary>To be called when the place is committed.</summary>
    public void Done(Batch batch)
    {
        foreach (var entry in batch.Entries)
        {
            _done[entry.Id] = entry.OccurredAt;
            _youngest = entry.OccurredAt > _youngest ? entry.OccurredAt : _youngest;
        }

        _doneBefore = batch.DoneBefore;
        foreach (var (id, _) in _done.Where(entry => entry.Value < batch.DoneBefore).ToArray())
        {
            _done.Remove(id);
        }
    }
}
