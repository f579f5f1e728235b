namespace TransportGateway.Upstream;

/// <summary>Whether an upstream answers, since when not, and why; kept up by every message and every probe.</summary>
internal sealed class UpstreamHealth
{
    private readonly Lock _lock = new();
    private Reading _reading = new(UpstreamState.Unknown, null, null, null);
    private bool _probeSees;

    public sealed record Reading(UpstreamState State, DateTimeOffset? AwaySince, string? Cause, DateTimeOffset? LastAnswer);

    public Reading Now
    {
        get
        {
            lock (_lock)
            {
                return _reading;
            }
        }
    }

    public void Answered(DateTimeOffset now)
    {
        lock (_lock)
        {
            _probeSees = false;
            _reading = new Reading(UpstreamState.Up, null, null, now);
        }
    }

    /// <param name="answered">Whether it answered and the answer was of no use, so that a probe would not have noticed.</param>
    public void Failed(DateTimeOffset now, string cause, bool answered)
    {
        lock (_lock)
        {
            _probeSees = !answered;
            _reading = _reading with { State = UpstreamState.Away, AwaySince = _reading.AwaySince ?? now, Cause = cause };
        }
    }

    /// <summary>Ends an outage of a kind that a probe can see; an upstream that answers messages alone with errors must answer a message to be back.</summary>
    public void ProbeAnswered(DateTimeOffset now)
    {
        lock (_lock)
        {
            if (_reading.State != UpstreamState.Away || _probeSees)
            {
                _probeSees = false;
                _reading = new Reading(UpstreamState.Up, null, null, now);
            }
        }
    }
}

internal enum UpstreamState
{
    /// <summary>Nothing was sent to it since the start, or since the settings changed.</summary>
    Unknown,
    Up,
    Away,
}
