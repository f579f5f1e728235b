using System.Globalization;

namespace TransportGateway.Cluster;

/// <summary>How busy this machine is: processor, memory, the disk of the data directory, and its interfaces. Read from the kernel, Linux alone.</summary>
internal sealed class MachineMonitor(string dataDirectory, TimeProvider clock)
{
    /// <summary>Rates are over at least so long; who asks sooner gets the same figures again.</summary>
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(2);

    private readonly Lock _lock = new();
    private Sample? _before;
    private MachineLoad? _last;

    public MachineLoad Read()
    {
        lock (_lock)
        {
            if (_last is not null && _before is not null && clock.GetElapsedTime(_before.At) < Least)
            {
                return _last;
            }

            var now = Sample.Take(clock);
            _last = Between(_before, now, clock.GetElapsedTime(_before?.At ?? 0, now.At), File.ReadAllLines("/proc/meminfo"), new DriveInfo(dataDirectory));
            _before = now;
            return _last;
        }
    }

    private static MachineLoad Between(Sample? before, Sample now, TimeSpan elapsed, string[] memory, DriveInfo disk)
    {
        // Without a sample before, the figures are since the start of the machine; rates of interfaces would say nothing then.
        var total = now.Cpu.Total - (before?.Cpu.Total ?? 0);
        var idle = now.Cpu.Idle - (before?.Cpu.Idle ?? 0);
        var bytes = Kilobytes(memory, "MemTotal") * 1024;
        return new MachineLoad(
            total > 0 ? 100.0 * (total - idle) / total : 0,
            bytes,
            bytes - (Kilobytes(memory, "MemAvailable") * 1024),
            disk.TotalSize,
            disk.TotalSize - disk.AvailableFreeSpace,
            [.. now.Interfaces.OrderBy(entry => entry.Key, StringComparer.Ordinal).Select(entry =>
            {
                var was = before is not null && before.Interfaces.TryGetValue(entry.Key, out var found) ? found : entry.Value;
                return new InterfaceRate(entry.Key, PerSecond(was.Received, entry.Value.Received), PerSecond(was.Sent, entry.Value.Sent));
            })]);

        long PerSecond(long from, long to) => elapsed > TimeSpan.Zero && to >= from ? (long)((to - from) / elapsed.TotalSeconds) : 0;
    }

    private static long Kilobytes(string[] memory, string name) =>
        memory.FirstOrDefault(line => line.StartsWith(name + ":", StringComparison.Ordinal)) is { } line
            ? long.Parse(line.Split(' ', StringSplitOptions.RemoveEmptyEntries)[1], CultureInfo.InvariantCulture)
            : 0;

    /// <param name="At">In the clock's ticks.</param>
    private sealed record Sample(long At, (long Total, long Idle) Cpu, IReadOnlyDictionary<string, (long Received, long Sent)> Interfaces)
    {
        public static Sample Take(TimeProvider clock) => new(clock.GetTimestamp(), Processor(File.ReadLines("/proc/stat").First()), Traffic(File.ReadAllLines("/proc/net/dev")));

        /// <remarks>proc(5): user, nice, system, idle, iowait, irq, softirq, steal; what follows is counted in these already.</remarks>
        private static (long Total, long Idle) Processor(string line)
        {
            var ticks = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Skip(1).Take(8).Select(text => long.Parse(text, CultureInfo.InvariantCulture)).ToArray();
            return (ticks.Sum(), ticks[3] + ticks[4]);
        }

        /// <remarks>Two lines of headings, then an interface a line: bytes received are the first figure, bytes sent the ninth.</remarks>
        private static Dictionary<string, (long Received, long Sent)> Traffic(string[] lines) =>
            lines.Skip(2).Select(line => line.Split(':', 2)).Where(parts => parts.Length == 2 && parts[0].Trim() != "lo").ToDictionary(
                parts => parts[0].Trim(),
                parts =>
                {
                    var figures = parts[1].Split(' ', StringSplitOptions.RemoveEmptyEntries);
                    return (long.Parse(figures[0], CultureInfo.InvariantCulture), long.Parse(figures[8], CultureInfo.InvariantCulture));
                },
                StringComparer.Ordinal);
    }
}

/// <param name="CpuPercent">Of all processors together, 0 to 100.</param>
/// <param name="MemoryUsedBytes">What programs could not have any more.</param>
/// <param name="DiskBytes">The file system of the data directory.</param>
internal sealed record MachineLoad(double CpuPercent, long MemoryBytes, long MemoryUsedBytes, long DiskBytes, long DiskUsedBytes, IReadOnlyList<InterfaceRate> Interfaces);

/// <summary>Bytes a second, over the last seconds.</summary>
internal sealed record InterfaceRate(string Name, long Received, long Sent);
