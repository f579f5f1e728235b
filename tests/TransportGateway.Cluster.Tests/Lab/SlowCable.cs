using System.Security.Cryptography;
using System.Threading.Channels;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>A bad stretch of cable between a machine and its switch: every frame arrives late, and some never. Two devices of this process stand in for the kernel's network emulation, which not every kernel has.</summary>
internal sealed class SlowCable : IAsyncDisposable
{
    private readonly LabNetwork _network;
    private readonly string _cable;
    private readonly string _bridge;
    private readonly TapDevice _near;
    private readonly TapDevice _far;

    private SlowCable(LabNetwork network, string cable, string bridge)
    {
        _network = network;
        _cable = cable;
        _bridge = bridge;
        _near = network.Inside.Run(() => TapDevice.Create(Near));
        _far = network.Inside.Run(() => TapDevice.Create(Far));
    }

    private string Near => _cable + "-near";

    private string Far => _cable + "-far";

    private string Stretch => _cable + "-bad";

    /// <param name="delay">Of each frame, in each direction.</param>
    /// <param name="lostPercent">Of all frames, in each direction.</param>
    public static async Task<SlowCable> InsertAsync(LabNetwork network, string cable, string bridge, TimeSpan delay, int lostPercent)
    {
        var slow = new SlowCable(network, cable, bridge);
        Pass(slow._near, slow._far, delay, lostPercent);
        Pass(slow._far, slow._near, delay, lostPercent);
        await network.RunAsync("ip", "link", "add", slow.Stretch, "type", "bridge");
        await network.RunAsync("ip", "link", "set", slow.Stretch, "up");
        await network.RunAsync("ip", "link", "set", slow.Far, "master", bridge, "up");
        await network.RunAsync("ip", "link", "set", slow.Near, "master", slow.Stretch, "up");
        await network.RunAsync("ip", "link", "set", cable, "master", slow.Stretch);
        return slow;
    }

    /// <summary>A good cable again.</summary>
    public async ValueTask DisposeAsync()
    {
        await _network.TryAsync("ip", "link", "set", _cable, "master", _bridge);
        foreach (var device in new[] { Near, Far, Stretch })
        {
            // Whoever reads from a device that is deleted is told so.
            await _network.TryAsync("ip", "link", "delete", device);
        }

        _near.Dispose();
        _far.Dispose();
    }

    private static void Pass(TapDevice from, TapDevice to, TimeSpan delay, int lostPercent)
    {
        var underWay = Channel.CreateBounded<(long Since, byte[] Frame)>(new BoundedChannelOptions(10_000) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
        new Thread(() =>
        {
            while (from.Read() is { } frame)
            {
                if (RandomNumberGenerator.GetInt32(100) >= lostPercent)
                {
                    underWay.Writer.TryWrite((TimeProvider.System.GetTimestamp(), frame));
                }
            }

            underWay.Writer.Complete();
        })
        {
            IsBackground = true,
            Name = "bad cable",
        }.Start();
        _ = Task.Run(async () =>
        {
            await foreach (var (since, frame) in underWay.Reader.ReadAllAsync())
            {
                if (delay - TimeProvider.System.GetElapsedTime(since) is { Ticks: > 0 } rest)
                {
                    await Task.Delay(rest, TimeProvider.System);
                }

                to.Write(frame);
            }
        });
    }
}
