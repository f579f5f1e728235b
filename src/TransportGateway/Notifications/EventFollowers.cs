using TransportGateway.Persistence;

namespace TransportGateway.Notifications;

/// <summary>How far each of those who follow the event log has come.</summary>
internal sealed class EventFollowers(DbSession session)
{
    public Task<EventFollowerRow?> FindAsync(string name, CancellationToken cancellationToken) =>
        session.QuerySingleOrDefaultAsync<EventFollowerRow>(
            "SELECT name, done_before, last_done_at, stuck_since, problem FROM event_followers WHERE name = @Name", new { Name = name }, cancellationToken);

    /// <summary>Follows from now on; one that follows already goes on where it is.</summary>
    public Task BeginAsync(string name, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "INSERT INTO event_followers (name, done_before) VALUES (@Name, @Now) ON CONFLICT (name) DO NOTHING", new { Name = name, Now = now }, cancellationToken);

    public Task EndAsync(string name, CancellationToken cancellationToken) =>
        session.ExecuteAsync("DELETE FROM event_followers WHERE name = @Name", new { Name = name }, cancellationToken);

    /// <summary>Everything before this is done. Where nothing had to be done with it, that says nothing of what keeps the follower from getting further.</summary>
    public Task<int> SkippedAsync(string name, DateTimeOffset doneBefore, CancellationToken cancellationToken) =>
        session.ExecuteAsync("UPDATE event_followers SET done_before = @DoneBefore WHERE name = @Name", new { Name = name, DoneBefore = doneBefore }, cancellationToken);

    public Task<int> DoneAsync(string name, DateTimeOffset doneBefore, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE event_followers SET done_before = @DoneBefore, last_done_at = @Now, stuck_since = NULL, problem = '' WHERE name = @Name",
            new { Name = name, DoneBefore = doneBefore, Now = now },
            cancellationToken);

    public Task<int> StuckAsync(string name, string problem, DateTimeOffset now, CancellationToken cancellationToken) =>
        session.ExecuteAsync(
            "UPDATE event_followers SET stuck_since = COALESCE(stuck_since, @Now), problem = @Problem WHERE name = @Name", new { Name = name, Problem = problem, Now = now }, cancellationToken);
}

internal sealed class EventFollowerRow
{
    public required string Name { get; init; }

    public required DateTimeOffset DoneBefore { get; init; }

    public DateTimeOffset? LastDoneAt { get; init; }

    /// <summary>Null while it gets on.</summary>
    public DateTimeOffset? StuckSince { get; init; }

    public required string Problem { get; init; }
}
