namespace TransportGateway.Cluster;

/// <summary>How long this process has been up.</summary>
internal sealed class Uptime(TimeProvider clock)
{
    private readonly long _started = clock.GetTimestamp();

    public TimeSpan Value => clock.GetElapsedTime(_started);
}
