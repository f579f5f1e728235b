using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>Running a cluster that is deployed: start and stop a node, switch over, tear down.</summary>
internal sealed class Operation(TimeProvider clock, TextWriter output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>Joins as a standby, or serves when the other node is away.</summary>
    public async Task StartAsync(bool wait, CancellationToken cancellationToken)
    {
        var plan = Plans.Needed();
        await LocalNode.StartClusterAsync(plan, output.WriteLine, cancellationToken);
        if (wait)
        {
            var report = await UntilAsync(
                state => state.IsNormal || (!state.Members.Single(member => member.Node == plan.Peer).Online && state.Active?.Node == plan.This),
                "this node has not joined",
                cancellationToken);
            await output.WriteLineAsync(report.Active!.Node == plan.This
                ? $"{plan.ThisNode} is active."
                : $"{plan.ThisNode} is on standby; {report.Active.Node.Name} is active.");
        }
    }

    public async Task StopAsync(CancellationToken cancellationToken)
    {
        var plan = Plans.Needed();
        if (!await Machine.IsActiveAsync(HaPaths.CorosyncUnit, cancellationToken))
        {
            await output.WriteLineAsync("The cluster is not running on this node.");
            return;
        }

        // Once begun it goes to its end: half stopped would be neither here nor there.
        await LocalNode.StopClusterAsync(output.WriteLine, CancellationToken.None);
        await output.WriteLineAsync($"{plan.ThisNode} has left the cluster. ha_cluster_start brings it back, as a standby.");
    }

    /// <summary>Has the other node serve, without a request being refused.</summary>
    public async Task SwitchOverAsync(CancellationToken cancellationToken)
    {
        var report = await RunningAsync(cancellationToken);
        if (!report.IsNormal)
        {
            throw new TgctlException($"{report.Sentence}. A switchover needs a standby that has everything; see ha_status. Nothing was changed.");
        }

        var from = report.Active!.Node.Name;
        await output.WriteLineAsync($"Switching over from {from}...");
        await Machine.MustAsync("Pacemaker was asked to switch over", ["crm_resource", "--ban", "--resource", PacemakerConfiguration.DatabaseClone, "--promoted", "--node", from, "--lifetime", "PT5M", "--quiet"], cancellationToken);
        try
        {
            var after = await UntilAsync(state => state.Active is { } active && active.Node.Name != from, "the other node has not taken over", cancellationToken);
            await output.WriteLineAsync($"{after.Active!.Node.Name} is active.");
        }
        finally
        {
            await Machine.RunAsync("crm_resource", ["--clear", "--resource", PacemakerConfiguration.DatabaseClone, "--quiet"], CancellationToken.None);
        }

        await UntilAsync(state => state.IsNormal, $"{from} has not become a standby", cancellationToken);
        await output.WriteLineAsync($"{from} is on standby and has everything.");
    }

    /// <summary>This node alone leaves the cluster for good and goes on by itself, with all its data.</summary>
    public async Task TearDownAsync(CancellationToken cancellationToken)
    {
        var plan = Plans.OfThisMachine();
        if (plan is null)
        {
            await output.WriteLineAsync("HA is not enabled.");
            return;
        }

        var whole = await HasEverythingAsync(plan, cancellationToken);
        await output.WriteLineAsync("Destroying HA cluster...");
        await output.WriteLineAsync();
        await LocalNode.StopClusterAsync(output.WriteLine, cancellationToken);
        await output.WriteLineAsync("Removing all cluster configuration files...");
        await RemoveAsync(cancellationToken);
        await output.WriteLineAsync("Disabling HA services...");
        await Machine.RunAsync("systemctl", ["disable", "--quiet", HaPaths.PacemakerUnit, HaPaths.QDeviceUnit, HaPaths.CorosyncUnit], cancellationToken);
        await output.WriteLineAsync("Enabling stand-alone mode...");
        // Before it can be written: the other node must not take it for a primary to follow.
        await LocalDatabase.CloseToPeerAsync(cancellationToken);
        await LocalDatabase.StartAloneAsync(cancellationToken);
        await Machine.SystemctlAsync(["restart", HaPaths.GatewayUnit], cancellationToken);
        await SetOwnNameAsync(plan, cancellationToken);
        // Last: until then a second run goes on where the first one stopped.
        File.Delete(ClusterPlan.Path);
        await output.WriteLineAsync();
        await output.WriteLineAsync("HA cluster has been destroyed.  The transport gateway is now in stand-alone mode.");
        await output.WriteLineAsync(
            $"The host common name is {plan.This.PublicAddress} now. Synchronize every local account (tgctl sync start --all --wait) before products register under it.");
        if (!whole)
        {
            await output.WriteLineAsync("This node was not known to have everything that the other one acknowledged. Keep the other node's data until you have compared them.");
        }
    }

    /// <summary>Whether this node's database is the primary, or streams from it.</summary>
    private static async Task<bool> HasEverythingAsync(ClusterPlan plan, CancellationToken cancellationToken) =>
        await ClusterState.ReadAsync(cancellationToken) is not { } report
        || report.Members.Single(member => member.Node == plan.This) is { IsPrimary: true } or { MayBePromoted: true };

    private static async Task RemoveAsync(CancellationToken cancellationToken)
    {
        foreach (var path in new[]
        {
            HaPaths.CorosyncConfiguration, HaPaths.CorosyncKey, HaPaths.QDevice + "/nssdb", HaPaths.PacemakerConfiguration + "/cib.xml", HaPaths.PacemakerConfiguration + "/cib.xml.sig",
            "/etc/corosync/qnetd-cacert.crt", "/run/transport-gateway-ha", HaPaths.Keys,
        })
        {
            await Machine.MustAsync($"{path} was removed", ["rm", "-rf", path], cancellationToken);
        }

        foreach (var folder in new[] { "/var/lib/pacemaker/pengine", "/var/lib/corosync", HaPaths.PacemakerConfiguration }.Where(Directory.Exists))
        {
            foreach (var file in Directory.GetFiles(folder))
            {
                File.Delete(file);
            }
        }
    }

    private async Task SetOwnNameAsync(ClusterPlan plan, CancellationToken cancellationToken)
    {
        for (var since = clock.GetTimestamp(); ;)
        {
            try
            {
                using var api = ApiClient.OverSocket(HaPaths.ControlSocket);
                await api.PutAsync("/api/v2/certificates/host-name", new { name = plan.This.PublicAddress, alternativeNames = Array.Empty<string>() }, cancellationToken);
                return;
            }
            catch (TgctlException exception)
            {
                if (clock.GetElapsedTime(since) > TimeSpan.FromSeconds(60))
                {
                    throw new TgctlException($"The node is out of the cluster, but its gateway does not answer: {exception.Message} See journalctl -u {HaPaths.GatewayUnit}; then run ha_teardown again.");
                }
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300), clock, cancellationToken);
        }
    }

    private static async Task<ClusterReport> RunningAsync(CancellationToken cancellationToken)
    {
        Plans.Needed();
        return await ClusterState.ReadAsync(cancellationToken) ?? throw new TgctlException(StatusText.NotRunning);
    }

    private async Task<ClusterReport> UntilAsync(Func<ClusterReport, bool> condition, string otherwise, CancellationToken cancellationToken)
    {
        for (var since = clock.GetTimestamp(); ;)
        {
            var report = await ClusterState.ReadAsync(cancellationToken);
            if (report is not null && condition(report))
            {
                return report;
            }

            if (clock.GetElapsedTime(since) > Patience)
            {
                throw new TgctlException($"After {Patience.TotalMinutes:0} minutes {otherwise}: {report?.Sentence ?? "Pacemaker does not answer"}. See ha_status, and journalctl -u pacemaker on both nodes.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300), clock, cancellationToken);
        }
    }
}
