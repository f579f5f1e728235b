using System.Runtime.InteropServices;

namespace TransportGateway.Cluster;

/// <summary>What the machine knows of its own clock: the zone, and whether something keeps it right. Read from the kernel, Linux alone; nothing here sets it.</summary>
internal sealed class MachineClock(TimeProvider clock)
{
    private const string TimesyncdMark = "/run/systemd/timesync/synchronized";
    private const string ChronyFolder = "/run/chrony";
    private const string NtpdFile = "/run/ntpd.pid";

    public ClockView Read() => new(clock.GetUtcNow(), TimeZoneInfo.Local.Id, IsSynchronized(), KeptBy());

    /// <summary>Null when the kernel does not say.</summary>
    /// <remarks>timex(2): without a bit in modes nothing is changed, and anybody may ask. STA_UNSYNC is in the field status, at byte 40 on every 64-bit Linux.</remarks>
    private static bool? IsSynchronized()
    {
        const int StatusAt = 40;
        const int Unsynchronized = 0x40;
        var buffer = new byte[256];
        return !OperatingSystem.IsLinux() || !Environment.Is64BitProcess || AdjustTime(buffer) < 0 ? null : (BitConverter.ToInt32(buffer, StatusAt) & Unsynchronized) == 0;
    }

    private static string? KeptBy() =>
        Directory.Exists(ChronyFolder) ? "chrony"
        : File.Exists(NtpdFile) ? "ntpd"
        : File.Exists(TimesyncdMark) ? "systemd-timesyncd"
        : null;

    [DllImport("libc", EntryPoint = "adjtimex", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int AdjustTime([In, Out] byte[] timex);
}

/// <param name="Synchronized">Null when the system does not say.</param>
/// <param name="KeptBy">The program that keeps it right, as far as it can be seen.</param>
internal sealed record ClockView(DateTimeOffset Now, string Zone, bool? Synchronized, string? KeptBy);
