namespace TransportGateway.Simulators;

/// <summary>When an agent sends again what got no answer.</summary>
public sealed record RetryPolicy
{
    /// <summary>How often the same bytes go out again at once when the connection broke before the answer came.</summary>
    public int AtOnce { get; init; } = 1;

    /// <summary>Product time until the next attempt; doubled after every further failure.</summary>
    public TimeSpan First { get; init; } = TimeSpan.FromMinutes(15);

    public TimeSpan Longest { get; init; } = TimeSpan.FromHours(4);

    /// <summary>
    /// How old a message may be and still go out as it is. A gateway remembers answers and accepts timestamps for an hour, so an
    /// older message is made anew.
    /// </summary>
    public TimeSpan SameMessageFor { get; init; } = TimeSpan.FromMinutes(55);

    internal TimeSpan Delay(int failures) => TimeSpan.FromTicks(Math.Min(Longest.Ticks, First.Ticks << Math.Clamp(failures - 1, 0, 16)));
}
