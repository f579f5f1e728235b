using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Cluster;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Tests.Cluster;

/// <summary>What either node shows, also of a node that is away.</summary>
public sealed class HaStatusTests : IAsyncDisposable
{
    private const string Facts = "<attribute name=\"tg-facts\" value=\"1795490608;100;50;80;40;0.1.0\"/>";

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-status-").FullName;
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private readonly SqliteDatabase _database;
    private readonly HaStatus _status;

    public HaStatusTests()
    {
        _database = new SqliteDatabase(Path.Combine(_folder, "gateway.db"), _clock);
        var files = new ClusterFiles(Path.Combine(_folder, "cluster.json"), Path.Combine(_folder, "status.xml"), "", "");
        File.WriteAllText(files.Plan, new ClusterPlan
        {
            Name = "test",
            VirtualAddress = "192.0.2.12",
            PrefixLength = 24,
            Nodes = [new(ClusterPlan.PrimaryNode, "192.0.2.5", "192.168.1.4"), new(ClusterPlan.SecondaryNode, "192.0.2.10", "192.168.1.5")],
            Witness = null,
            FenceAgent = "fence_ipmilan",
            ThisNode = ClusterPlan.PrimaryNode,
            DatabasePrograms = "/usr/lib/postgresql/15/bin",
        }.ToJson());
        _status = new HaStatus(new ClusterSnapshot(files, _clock, NullLogger<ClusterSnapshot>.Instance), new SwitchoverRequest(files, _clock), _database);
    }

    public async ValueTask DisposeAsync()
    {
        await _database.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task A_node_that_went_away_keeps_the_time_of_its_last_heartbeat_and_what_it_said_then()
    {
        Pacemaker(secondaryIsOnline: true, primaryServes: true);
        await _status.ReadAsync(default);

        Pacemaker(secondaryIsOnline: false, primaryServes: true);
        var standby = (await _status.ReadAsync(default)).Standby!;

        Assert.Equal(("Degraded", new DateTimeOffset(2026, 11, 24, 3, 23, 28, TimeSpan.Zero), 80L), (standby.Badge, standby.LastHeartbeat!.Value, standby.DiskBytes!.Value));
    }

    [Fact]
    public async Task While_no_node_is_active_both_are_shown()
    {
        Pacemaker(secondaryIsOnline: true, primaryServes: false);

        var shown = await _status.ReadAsync(default);

        Assert.Null(shown.Active);
        Assert.Equal([ClusterPlan.PrimaryNode, ClusterPlan.SecondaryNode], shown.Nodes.Select(node => node.Name));
    }

    [Fact]
    public async Task Fencing_without_a_device_is_not_shown_as_ready()
    {
        Pacemaker(secondaryIsOnline: true, primaryServes: true);

        Assert.False((await _status.ReadAsync(default)).Fencing!.Ready);
    }

    private void Pacemaker(bool secondaryIsOnline, bool primaryServes)
    {
        const string Place = "<node name=\"primary-node\" id=\"1\"/>";
        var serving = primaryServes
            ? $"<resource id=\"virtual-address\" resource_agent=\"ocf:heartbeat:IPaddr2\" role=\"Started\">{Place}</resource><resource id=\"gateway\" resource_agent=\"ocf:transport-gateway:gateway\" role=\"Started\">{Place}</resource>"
            : "";
        File.WriteAllText(
            Path.Combine(_folder, "status.xml"),
            $"""
            <pacemaker-result>
              <summary><current_dc with_quorum="true"/></summary>
              <nodes><node name="primary-node" online="true"/><node name="secondary-node" online="{(secondaryIsOnline ? "true" : "false")}"/></nodes>
              <resources>
                <clone id="postgres-clone"><resource id="postgres" resource_agent="ocf:transport-gateway:postgres" role="{(primaryServes ? "Promoted" : "Unpromoted")}">{Place}</resource></clone>
                {serving}
              </resources>
              <node_attributes><node name="primary-node">{Facts}</node><node name="secondary-node">{(secondaryIsOnline ? Facts : "")}</node></node_attributes>
              <status code="0" message="OK"/>
            </pacemaker-result>
            """);
    }
}
