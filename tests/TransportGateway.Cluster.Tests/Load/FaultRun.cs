using System.Globalization;
using System.Net;
using System.Net.Sockets;
using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Simulators;

namespace TransportGateway.Cluster.Tests.Load;

/// <summary>What one fault did.</summary>
/// <param name="Lost">Acknowledged to a product, absent from the database afterwards.</param>
/// <param name="TwoActive">Samples in which both nodes said that they were ready to serve.</param>
/// <param name="RoleChange">The newest role change in the event log, when one came with the fault.</param>
/// <param name="BackToNormal">From the fault, or from its mending where somebody mends it, to Normal.</param>
internal sealed record FaultResult(
    Fault Fault,
    TimeSpan Gap,
    int Acknowledged,
    IReadOnlyList<string> Lost,
    int TwoActive,
    TimeSpan BackToNormal,
    int RegistrationsLost,
    IReadOnlyCollection<string> PatientFailures,
    int HangUps,
    string? RoleChange,
    IReadOnlyList<string> Fenced)
{
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Fault.Name}: gap {Gap.TotalSeconds:0.0} s, {Acknowledged} acknowledged, {Lost.Count} lost, {TwoActive} times two active, normal again after {BackToNormal.TotalSeconds:0.0} s, {RegistrationsLost} registrations lost, {PatientFailures.Count} failures of patient products, {HangUps} hang-ups, fenced: {(Fenced.Count == 0 ? "none" : string.Join(", ", Fenced))}, role: {RoleChange ?? "not moved"}");
}

/// <summary>Runs one fault under load on a cluster that is Normal, and leaves it Normal.</summary>
internal sealed class FaultRun(LabCluster cluster, TrustAnchors anchors, string token, KeyPool keys)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(150);
    private static readonly TimeSpan Sample = TimeSpan.FromMilliseconds(100);

    public async Task<FaultResult> ExecuteAsync(Fault fault)
    {
        var active = await ActiveAsync();
        var changeBefore = await RoleChangeAsync(active);
        var fencedBefore = cluster.FencingAsked.Count;
        await using var load = await BeginLoadAsync();
        using var watch = new CancellationTokenSource();
        var twoActive = WatchAsync(watch.Token);

        var since = TimeProvider.System.GetTimestamp();
        await fault.Happen(cluster, active);
        var happened = TimeProvider.System.GetTimestamp();
        if (!fault.StopsService)
        {
            await AcknowledgesAsync(load, happened, fault);
        }

        var mended = TimeProvider.System.GetTimestamp();
        await fault.Mend(cluster, active);
        if (fault.StopsService)
        {
            await AcknowledgesAsync(load, mended, fault);
        }

        await UntilNormalAsync();
        var back = TimeProvider.System.GetElapsedTime(mended);
        // A while of ordinary work afterwards counts, too: a late blow would fall now.
        await AcknowledgesAsync(load, TimeProvider.System.GetTimestamp(), fault);
        await load.StopAsync();
        await watch.CancelAsync();
        var change = await RoleChangeAsync(await ActiveAsync());
        return new FaultResult(
            fault,
            load.LongestGap(since),
            load.Acknowledged,
            await LostAsync(load),
            await twoActive,
            back,
            load.RegistrationsLost,
            load.PatientFailures,
            load.HangUps,
            change == changeBefore ? null : change,
            [.. cluster.FencingAsked.Skip(fencedBefore)]);
    }

    public Task<CountingLoad> BeginLoadAsync() => CountingLoad.StartAsync(cluster, anchors, token, keys);

    public async Task<LabNode> ActiveAsync()
    {
        await UntilNormalAsync();
        foreach (var node in new[] { cluster.Primary, cluster.Secondary })
        {
            if ((await LabCluster.StatusAsync(node))?["activeNode"]?.GetValue<string>() is { } name)
            {
                return cluster.Node(name);
            }
        }

        throw new InvalidOperationException("No node is active.");
    }

    public async Task UntilNormalAsync()
    {
        foreach (var node in new[] { cluster.Primary, cluster.Secondary })
        {
            await LabCluster.UntilNormalAsync(node);
        }
    }

    private async Task AcknowledgesAsync(CountingLoad load, long since, Fault fault) => await Wait.UntilAsync(
        $"products are acknowledged after {fault.Name}",
        () => Task.FromResult(load.AcknowledgesAgain(since, fault.Enough)),
        Patience,
        async () => string.Join("\n", await Task.WhenAll(new[] { cluster.Primary, cluster.Secondary }.Where(node => node.IsOn).Select(async node => (await node.TryAsync("crm_mon", "-1", "-A", "-f")).Output))));

    /// <summary>Asks both gateways over their control sockets, which no cut network cuts.</summary>
    private async Task<int> WatchAsync(CancellationToken cancellationToken)
    {
        var both = 0;
        using var primary = ControlClient(cluster.Primary);
        using var secondary = ControlClient(cluster.Secondary);
        while (!cancellationToken.IsCancellationRequested)
        {
            var ready = await Task.WhenAll(IsReadyAsync(primary), IsReadyAsync(secondary));
            both += ready.All(yes => yes) ? 1 : 0;
            await Task.Delay(Sample, TimeProvider.System, CancellationToken.None);
        }

        return both;
    }

    private static async Task<bool> IsReadyAsync(HttpClient client)
    {
        try
        {
            using var answer = await client.GetAsync("/readyz");
            return answer.StatusCode == HttpStatusCode.OK;
        }
        catch (Exception exception) when (exception is HttpRequestException or OperationCanceledException)
        {
            return false;
        }
    }

    private static HttpClient ControlClient(LabNode node) => new(new SocketsHttpHandler
    {
        ConnectCallback = async (_, cancellationToken) =>
        {
            var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
            await socket.ConnectAsync(new UnixDomainSocketEndPoint(node.ControlSocket), cancellationToken);
            return new NetworkStream(socket, ownsSocket: true);
        },
    })
    {
        BaseAddress = new Uri("http://localhost"),
        Timeout = TimeSpan.FromSeconds(2),
    };

    /// <summary>The newest entry about it, as "TIME MESSAGE"; null without one.</summary>
    private static async Task<string?> RoleChangeAsync(LabNode active) =>
        (await active.SqlAsync("transport-gateway", "SELECT occurred_at || ' ' || message FROM events WHERE kind = 'node-active' ORDER BY id DESC LIMIT 1")).Trim() is { Length: > 0 } entry ? entry : null;

    /// <summary>Compares what products were told with what the database of the active node holds.</summary>
    private async Task<IReadOnlyList<string>> LostAsync(CountingLoad load)
    {
        var active = await ActiveAsync();
        async Task<string[]> RowsAsync(string sql) => (await active.SqlAsync("transport-gateway", sql)).Split('\n', StringSplitOptions.RemoveEmptyEntries);

        var registered = (await RowsAsync("SELECT host_name FROM product_instances WHERE state = 'registered'")).ToHashSet(StringComparer.Ordinal);
        var usages = (await RowsAsync("SELECT p.host_name || '=' || u.quantity FROM license_usages u JOIN product_instances p ON p.id = u.instance_id"))
            .Select(row => row.Split('=')).ToDictionary(parts => parts[0], parts => int.Parse(parts[1], CultureInfo.InvariantCulture), StringComparer.Ordinal);
        return
        [
            .. load.Registered.Where(name => !registered.Contains(name)).Select(name => $"the registration of {name}"),
            .. load.Usages.Where(usage => usages.GetValueOrDefault(usage.Key) is var held && (held < usage.Value.Acknowledged || held > usage.Value.Sent))
                .Select(usage => $"{usage.Key} was told {usage.Value.Acknowledged}, sent {usage.Value.Sent}, the database has {usages.GetValueOrDefault(usage.Key)}"),
        ];
    }
}
