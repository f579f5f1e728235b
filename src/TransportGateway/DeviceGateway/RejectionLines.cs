namespace TransportGateway.DeviceGateway;

/// <summary>So many log lines a minute about messages that were refused unread: whoever sends too many must not fill the disk with lines about it.</summary>
internal sealed class RejectionLines(TimeProvider clock)
{
    private const int MostPerMinute = 600;

    private readonly Lock _lock = new();
    private long _minute;
    private int _lines;

    public bool TakesAnother()
    {
        lock (_lock)
        {
            if (clock.GetElapsedTime(_minute) >= TimeSpan.FromMinutes(1))
            {
                _minute = clock.GetTimestamp();
                _lines = 0;
            }

            return ++_lines <= MostPerMinute;
        }
    }
}
