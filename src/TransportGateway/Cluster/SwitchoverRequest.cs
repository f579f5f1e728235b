namespace TransportGateway.Cluster;

/// <summary>A file whose being there asks for a switchover. The gateway decides no role and has no right in the cluster; a unit of systemd's finds the file, and has Pacemaker do it.</summary>
internal sealed class SwitchoverRequest(ClusterFiles files, TimeProvider clock)
{
    /// <summary>Longer than a switchover may take. One that is older was found by nobody, and stands in nobody's way.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromMinutes(12);

    /// <summary>Null when none is open.</summary>
    public DateTimeOffset? AskedAt => File.Exists(files.SwitchoverRequest)
        && new DateTimeOffset(File.GetLastWriteTimeUtc(files.SwitchoverRequest)) is var asked && clock.GetUtcNow() - asked < Longest ? asked : null;

    /// <exception cref="IOException">The folder is not there, as where the package's units are not used.</exception>
    /// <exception cref="UnauthorizedAccessException">It is somebody else's.</exception>
    public void Leave()
    {
        File.WriteAllBytes(files.SwitchoverRequest, []);
        File.SetLastWriteTimeUtc(files.SwitchoverRequest, clock.GetUtcNow().UtcDateTime);
    }
}
