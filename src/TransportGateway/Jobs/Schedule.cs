using System.Globalization;
using TransportGateway.Protocol;

namespace TransportGateway.Jobs;

/// <summary>When something that is done again and again is done by itself. Pure: times are handed in, all UTC.</summary>
/// <param name="Period">Daily, weekly, monthly, or never.</param>
/// <param name="Day">Weekly: 0 (Sunday) to 6. Monthly: 1 to 28. Else 0.</param>
/// <param name="Hour">0 to 23.</param>
internal sealed record Schedule(SchedulePeriod Period, int Day, int Hour)
{
    public const string Help = "period is daily, weekly, monthly or never; day is 0 (Sunday) to 6 for weekly and 1 to 28 for monthly; hour is 0 to 23, UTC.";

    /// <summary>As it is shown: <c>weekly on Sunday at 02:00 UTC</c>.</summary>
    public Sentence Words => Period switch
    {
        SchedulePeriod.Never => new Sentence("never"),
        SchedulePeriod.Daily => new Sentence("daily at {0} UTC", Clock),
        SchedulePeriod.Weekly => new Sentence("weekly on {0} at {1} UTC", Weekdays[Day], Clock),
        _ => new Sentence("monthly on day {0} at {1} UTC", Day, Clock),
    };

    public static IReadOnlyList<Sentence> Weekdays { get; } =
    [
        new Sentence("Sunday"), new Sentence("Monday"), new Sentence("Tuesday"), new Sentence("Wednesday"), new Sentence("Thursday"), new Sentence("Friday"), new Sentence("Saturday"),
    ];

    private string Clock => string.Create(CultureInfo.InvariantCulture, $"{Hour:00}:00");

    /// <summary>Null when the words do not make a schedule.</summary>
    public static Schedule? Of(string period, int? day, int hour) =>
        !Enum.TryParse<SchedulePeriod>(period, ignoreCase: true, out var parsed) || !Enum.IsDefined(parsed) || char.IsDigit(period.FirstOrDefault()) || hour is < 0 or > 23
            ? null
            : parsed switch
            {
                SchedulePeriod.Weekly when (day ?? 0) is >= 0 and <= 6 => new(parsed, day ?? 0, hour),
                SchedulePeriod.Monthly when (day ?? 1) is >= 1 and <= 28 => new(parsed, day ?? 1, hour),
                SchedulePeriod.Daily or SchedulePeriod.Never when day is null or 0 => new(parsed, 0, hour),
                _ => null,
            };

    /// <summary>The text that <see cref="ToString"/> makes.</summary>
    public static Schedule? Parse(string? text) =>
        text?.Split(' ') is [var period, var day, var hour]
        && int.TryParse(day, CultureInfo.InvariantCulture, out var dayNumber)
        && int.TryParse(hour, CultureInfo.InvariantCulture, out var hourNumber)
            ? Of(period, dayNumber, hourNumber)
            : null;

    /// <summary>The first time after this instant; null when there is none.</summary>
    public DateTimeOffset? NextAfter(DateTimeOffset instant)
    {
        if (Period == SchedulePeriod.Never)
        {
            return null;
        }

        var day = new DateTimeOffset(instant.UtcDateTime.Date, TimeSpan.Zero);
        while (!IsOn(day) || day.AddHours(Hour) <= instant)
        {
            day = day.AddDays(1);
        }

        return day.AddHours(Hour);
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Period.ToString().ToLowerInvariant()} {Day} {Hour}");

    private bool IsOn(DateTimeOffset day) => Period switch
    {
        SchedulePeriod.Weekly => (int)day.DayOfWeek == Day,
        SchedulePeriod.Monthly => day.Day == Day,
        _ => true,
    };
}

internal enum SchedulePeriod
{
    Never,
    Daily,
    Weekly,
    Monthly,
}
