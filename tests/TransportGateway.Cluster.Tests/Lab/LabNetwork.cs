
namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>Two switches in a network namespace of their own: the public network, where products are, and the link between the nodes.</summary>
internal sealed class LabNetwork : IAsyncDisposable
{
    public const string ClientAddress = "10.77.0.1";
    public const string WitnessAddress = "10.77.0.13";
    public const string VirtualAddress = "10.77.0.100";
    public const string Public = "public";
    public const string Private = "private";

    private readonly System.Diagnostics.Process _holder;
    private readonly Dictionary<string, SlowCable> _slow = new(StringComparer.Ordinal);

    private LabNetwork(System.Diagnostics.Process holder)
    {
        _holder = holder;
        Inside = new NamespaceThread(holder.Id);
    }

    /// <summary>A thread at the switches, for clients on the public network and for devices.</summary>
    public NamespaceThread Inside { get; }

    /// <summary>A process that is in the namespace, to enter it by.</summary>
    public int Process => _holder.Id;

    public static async Task<LabNetwork> CreateAsync()
    {
        var holder = System.Diagnostics.Process.Start(new System.Diagnostics.ProcessStartInfo("unshare", ["--net", "sleep", "infinity"]) { UseShellExecute = false })!;
        var own = File.ResolveLinkTarget("/proc/self/ns/net", returnFinalTarget: false)!.Name;
        await Wait.UntilAsync(
            "a network namespace is made",
            () => Task.FromResult(File.ResolveLinkTarget($"/proc/{holder.Id}/ns/net", returnFinalTarget: false)?.Name is { } name && name != own),
            TimeSpan.FromSeconds(60));
        var network = new LabNetwork(holder);
        await network.RunAsync("ip", "link", "set", "lo", "up");
        foreach (var bridge in new[] { Public, Private })
        {
            await network.RunAsync("ip", "link", "add", bridge, "type", "bridge");
            await network.RunAsync("ip", "link", "set", bridge, "up");
        }

        await network.RunAsync("ip", "address", "add", $"{ClientAddress}/24", "dev", Public);
        return network;
    }

    /// <summary>Plugs a machine in: a cable from its interface to a switch.</summary>
    public async Task PlugAsync(int process, string cable, string bridge, string networkInterface, string address)
    {
        await TryAsync("ip", "link", "del", cable);
        await RunAsync("ip", "link", "add", cable, "type", "veth", "peer", "name", networkInterface, "netns", $"{process}");
        await RunAsync("ip", "link", "set", cable, "master", bridge, "up");
        await Tool.MustAsync("nsenter", "-t", $"{process}", "-n", "ip", "address", "add", $"{address}/24", "dev", networkInterface);
        await Tool.MustAsync("nsenter", "-t", $"{process}", "-n", "ip", "link", "set", networkInterface, "up");
        // A machine that comes in place of another one within seconds has another hardware address, of which the neighbours would not know for up
        // to a minute. Three times, as the switch may not see the cable yet; nobody waits for it.
        _ = Tool.RunAsync(["nsenter", "-t", $"{process}", "-n", "arping", "-q", "-U", "-c", "3", "-I", networkInterface, address]);
    }

    /// <summary>Pulls a cable, or puts it back.</summary>
    public Task CableAsync(string cable, bool plugged) => RunAsync("ip", "link", "set", cable, plugged ? "up" : "down");

    /// <summary>Machines whose cables are cut from each other reach everyone else, but not one another.</summary>
    public Task IsolateAsync(string cable, bool isolated) => RunAsync("bridge", "link", "set", "dev", cable, "isolated", isolated ? "on" : "off");

    /// <summary>Drops what one machine sends to the other, and lets the other direction pass.</summary>
    public async Task DropAsync(LabNode from, LabNode to, bool dropped)
    {
        if (!dropped)
        {
            await RunAsync("nft", "delete", "table", "bridge", "oneway");
            return;
        }

        await RunAsync("nft", "add table bridge oneway; add chain bridge oneway forward { type filter hook forward priority 0; }");
        foreach (var (source, target) in new[] { (from.PublicCable, to.PublicCable), (from.PrivateCable, to.PrivateCable) })
        {
            await RunAsync("nft", $"add rule bridge oneway forward iifname \"{source}\" oifname \"{target}\" drop");
        }
    }

    /// <summary>Makes a cable slow and lossy, or good again.</summary>
    public async Task SlowAsync(string cable, string bridge, bool slow)
    {
        if (slow)
        {
            _slow[cable] = await SlowCable.InsertAsync(this, cable, bridge, TimeSpan.FromMilliseconds(100), lostPercent: 5);
        }
        else if (_slow.Remove(cable, out var bad))
        {
            await bad.DisposeAsync();
        }
    }

    public Task<string> RunAsync(params string[] command) => Tool.MustAsync([.. Enter, .. command]);

    /// <summary>Where it does not matter whether there is anything to be done.</summary>
    public Task TryAsync(params string[] command) => Tool.RunAsync([.. Enter, .. command]);

    private string[] Enter => ["nsenter", "-t", $"{_holder.Id}", "-n"];

    public async ValueTask DisposeAsync()
    {
        foreach (var cable in _slow.Values)
        {
            await cable.DisposeAsync();
        }

        Inside.Dispose();
        _holder.Kill();
        await _holder.WaitForExitAsync();
        _holder.Dispose();
    }
}
