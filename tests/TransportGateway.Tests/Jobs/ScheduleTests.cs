using TransportGateway.Jobs;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Jobs;

public sealed class ScheduleTests
{
    [Theory]
    [InlineData("daily", null, 3, "2026-11-23T02:59:59Z", "2026-11-23T03:00:00Z")]
    [InlineData("daily", null, 3, "2026-11-23T03:00:00Z", "2026-11-24T03:00:00Z")]
    [InlineData("weekly", 0, 2, "2026-11-23T12:00:00Z", "2026-11-29T02:00:00Z")]
    [InlineData("weekly", 1, 23, "2026-11-23T12:00:00Z", "2026-11-23T23:00:00Z")]
    [InlineData("monthly", 28, 0, "2026-11-28T00:00:00Z", "2026-12-28T00:00:00Z")]
    [InlineData("monthly", 1, 5, "2026-12-31T23:00:00Z", "2027-01-01T05:00:00Z")]
    public void The_next_time_is_the_first_one_after_the_last(string period, int? day, int hour, string after, string expected)
    {
        var schedule = Schedule.Of(period, day, hour);
        Assert.Equal(DateTimeOffset.Parse(expected, null), schedule!.NextAfter(DateTimeOffset.Parse(after, null)));
    }

    [Fact]
    public void Never_has_no_next_time() => Assert.Null(Schedule.Of("never", null, 0)!.NextAfter(DateTimeOffset.UnixEpoch));

    [Theory]
    [InlineData("hourly", null, 0)]
    [InlineData("2", null, 0)]
    [InlineData("", null, 0)]
    [InlineData("daily", 3, 0)]
    [InlineData("weekly", 7, 0)]
    [InlineData("weekly", -1, 0)]
    [InlineData("monthly", 29, 0)]
    [InlineData("monthly", 0, 0)]
    [InlineData("daily", null, 24)]
    [InlineData("daily", null, -1)]
    public void Words_that_make_no_schedule_are_not_one(string period, int? day, int hour) => Assert.Null(Schedule.Of(period, day, hour));

    [Fact]
    public void A_schedule_comes_back_from_its_text()
    {
        foreach (var schedule in new[] { SynchronizationDeadlines.ProposedSchedule, Schedule.Of("daily", null, 3)!, Schedule.Of("monthly", 28, 23)!, Schedule.Of("never", null, 0)! })
        {
            Assert.Equal(schedule, Schedule.Parse(schedule.ToString()));
        }

        Assert.Null(Schedule.Parse(null));
        Assert.Null(Schedule.Parse("weekly 0"));
    }
}
