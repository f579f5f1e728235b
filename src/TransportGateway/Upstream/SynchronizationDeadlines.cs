using TransportGateway.Jobs;

namespace TransportGateway.Upstream;

/// <summary>How long an account may go without synchronising.</summary>
internal static class SynchronizationDeadlines
{
    /// <summary>Well inside the 30 days after which a synchronisation is overdue.</summary>
    public static Schedule ProposedSchedule { get; } = new(SchedulePeriod.Weekly, 0, 2);

    /// <summary>After a success, the next one is due in 30 days (seed note).</summary>
    public static readonly TimeSpan DueAfter = TimeSpan.FromDays(30);

    public static readonly TimeSpan LongOverdueAfter = TimeSpan.FromDays(90);

    /// <summary>An account that has not synchronised for so long has to be registered again.</summary>
    public static readonly TimeSpan LostAfter = TimeSpan.FromDays(365);

    private static readonly TimeSpan MostAhead = TimeSpan.FromDays(1);

    /// <summary>Whether a time was written down by a clock that was ahead by more than a little; it says nothing of when it was.</summary>
    public static bool IsToCome(DateTimeOffset? instant, DateTimeOffset now) => instant > now + MostAhead;
}
