using System.Net;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Cluster;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Tests.Cluster;

/// <summary>What a node does with requests before it serves.</summary>
public sealed class StandbyGateTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-gate-").FullName;
    private readonly FakeTimeProvider _clock = new();
    private readonly NodeRole _role = new();
    private readonly StandbyGate _gate;
    private int _served;

    public StandbyGateTests()
    {
        var plan = Path.Combine(_folder, "cluster.json");
        File.WriteAllText(plan, new ClusterPlan
        {
            Name = "test",
            VirtualAddress = "10.0.0.100",
            PrefixLength = 24,
            Nodes = [new ClusterNode(ClusterPlan.PrimaryNode, "10.0.0.1", "192.168.0.1"), new ClusterNode(ClusterPlan.SecondaryNode, "10.0.0.2", "192.168.0.2")],
            Witness = null,
            FenceAgent = null,
            ThisNode = ClusterPlan.SecondaryNode,
            DatabasePrograms = "/usr/lib/postgresql/15/bin",
        }.ToJson());
        _gate = new StandbyGate(
            _ =>
            {
                _served++;
                return Task.CompletedTask;
            },
            _role,
            new ClusterSnapshot(new ClusterFiles(plan, Path.Combine(_folder, "status.xml"), "", ""), _clock, NullLogger<ClusterSnapshot>.Instance),
            _clock);
    }

    public void Dispose()
    {
        _role.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Theory]
    [InlineData("10.0.0.100")]
    [InlineData("::ffff:10.0.0.100")]
    public async Task What_comes_to_the_virtual_address_waits_until_the_role_is_there(string address)
    {
        var context = At(address);
        var waiting = _gate.InvokeAsync(context);
        Assert.False(waiting.IsCompleted);

        _role.BecomeActive();

        await waiting;
        Assert.Equal((1, 200), (_served, context.Response.StatusCode));
    }

    [Fact]
    public async Task It_does_not_wait_for_ever()
    {
        var context = At("10.0.0.100");
        var waiting = _gate.InvokeAsync(context);
        _clock.Advance(TimeSpan.FromSeconds(10));
        await waiting;
        Assert.Equal((0, 503, "5"), (_served, context.Response.StatusCode, context.Response.Headers.RetryAfter.ToString()));
    }

    [Fact]
    public async Task What_comes_to_the_nodes_own_address_is_told_at_once_where_to_go()
    {
        var context = At("10.0.0.2");
        await _gate.InvokeAsync(context);
        Assert.Equal((0, 503), (_served, context.Response.StatusCode));
    }

    [Fact]
    public async Task A_product_that_hangs_up_is_not_waited_for()
    {
        using var hungUp = new CancellationTokenSource();
        var context = At("10.0.0.100");
        context.RequestAborted = hungUp.Token;
        var waiting = _gate.InvokeAsync(context);
        await hungUp.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => waiting);
        Assert.Equal(0, _served);
    }

    private static DefaultHttpContext At(string address)
    {
        var context = new DefaultHttpContext();
        context.Connection.LocalIpAddress = IPAddress.Parse(address);
        context.Response.Body = new MemoryStream();
        return context;
    }
}
