using System.Collections.Concurrent;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Logging;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>What a management board or a switched power strip is to real machines: whoever fences asks it, by a way that no cut network cuts.</summary>
internal sealed class PowerSwitch : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly SemaphoreSlim _one = new(1, 1);

    private PowerSwitch(WebApplication app) => _app = app;

    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public static async Task<PowerSwitch> StartAsync(string folder, IReadOnlyDictionary<string, LabNode> nodes)
    {
        Directory.CreateDirectory(folder);
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.ListenUnixSocket(Path.Combine(folder, "switch")));
        var app = builder.Build();
        var power = new PowerSwitch(app);
        app.MapGet("/{action}/{node?}", (string action, string? node) => power.DoAsync(action, node is null ? null : nodes.GetValueOrDefault(node)));
        await app.StartAsync();
        return power;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _one.Dispose();
    }

    private async Task<string> DoAsync(string action, LabNode? node)
    {
        if (action is "monitor" or "list" or "validate-all")
        {
            return "ok";
        }

        if (node is null)
        {
            return "unknown";
        }

        await _one.WaitAsync();
        try
        {
            if (action != "status")
            {
                Asked.Enqueue($"{action} {node.Name}");
            }

            switch (action)
            {
                case "status":
                    return node.IsOn ? "on" : "off";
                case "off":
                    await node.PowerOffAsync();
                    return "ok";
                case "on":
                    await node.PowerOnAsync();
                    return "ok";
                case "reboot":
                    await node.PowerOffAsync();
                    await node.PowerOnAsync();
                    return "ok";
                default:
                    return "unknown";
            }
        }
        finally
        {
            _one.Release();
        }
    }
}
