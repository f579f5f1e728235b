namespace TransportGateway.Tests.Harness;

/// <summary>Time that stands still until a test moves it. No timer ever fires, so a job runs when the test has it run, and at no other time.</summary>
internal sealed class StoppedClock(DateTimeOffset now) : TimeProvider
{
    private DateTimeOffset _now = now;
    private TimeSpan _elapsed;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override DateTimeOffset GetUtcNow() => _now;

    public override long GetTimestamp() => _elapsed.Ticks;

    public void Advance(TimeSpan by) => (_now, _elapsed) = (_now + by, _elapsed + by);

    /// <summary>What somebody does who corrects it: the hour is another one, and no time went by.</summary>
    public void SetBack(TimeSpan by) => _now -= by;

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) => new NoTimer();

    private sealed class NoTimer : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;
    }
}
