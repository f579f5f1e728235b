using TransportGateway.Jobs;

namespace TransportGateway.Web;

/// <summary>A schedule as a form has it: every field is there, whatever the period makes of it.</summary>
internal sealed record ScheduleFields(string? Period = null, int Weekday = 0, int MonthDay = 1, int Hour = 0)
{
    public const string Problem = "A schedule is daily, weekly, monthly or never; the day of the month is 1 to 28, the hour 0 to 23.";

    public static IReadOnlyList<string> Periods { get; } = ["daily", "weekly", "monthly", "never"];

    public static ScheduleFields Of(Schedule schedule) => new(
        schedule.Period.ToString().ToLowerInvariant(),
        schedule.Period == SchedulePeriod.Weekly ? schedule.Day : 0,
        schedule.Period == SchedulePeriod.Monthly ? schedule.Day : 1,
        schedule.Hour);

    /// <summary>Null when the fields make none.</summary>
    public Schedule? Read() => Schedule.Of(Period ?? "", Period switch { "weekly" => Weekday, "monthly" => MonthDay, _ => null }, Hour);
}
