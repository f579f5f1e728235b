namespace TransportGateway.Simulators;

/// <summary>A clock that runs a whole number of times faster than another one, from a start of its own.</summary>
public sealed class SpedUpClock(TimeProvider outside, int factor, DateTimeOffset start) : TimeProvider
{
    private readonly DateTimeOffset began = outside.GetUtcNow();

    public override DateTimeOffset GetUtcNow() => start + ((outside.GetUtcNow() - began) * factor);

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period) =>
        new ScaledTimer(outside.CreateTimer(callback, state, Scale(dueTime), Scale(period)), this);

    private TimeSpan Scale(TimeSpan span) => span == Timeout.InfiniteTimeSpan ? span : span / factor;

    private sealed class ScaledTimer(ITimer timer, SpedUpClock clock) : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => timer.Change(clock.Scale(dueTime), clock.Scale(period));

        public void Dispose() => timer.Dispose();

        public ValueTask DisposeAsync() => timer.DisposeAsync();
    }
}
