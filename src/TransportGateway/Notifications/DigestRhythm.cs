using TransportGateway.Jobs;

namespace TransportGateway.Notifications;

/// <summary>How often an account is told how it stands.</summary>
internal static class DigestRhythm
{
    public const string None = "none";
    public const string Daily = "daily";
    public const string Weekly = "weekly";

    private const int Hour = 6;

    public static IReadOnlyList<string> All { get; } = [None, Daily, Weekly];

    /// <summary>Every day, or every Monday, at six o'clock UTC; null for never.</summary>
    public static DateTimeOffset? NextAfter(string rhythm, DateTimeOffset now) => rhythm switch
    {
        Daily => new Schedule(SchedulePeriod.Daily, 0, Hour).NextAfter(now),
        Weekly => new Schedule(SchedulePeriod.Weekly, (int)DayOfWeek.Monday, Hour).NextAfter(now),
        _ => null,
    };
}
