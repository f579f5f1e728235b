using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>Running a cluster that is deployed: start and stop a node, switch over, tear down.</summary>
internal sealed class Operation(TimeProvider clock, TextWriter output)
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    /// <summary>For what the cluster can do its work without for a while: witness and fence devices.</summary>
    private static readonly TimeSpan PatienceWithHelpers = TimeSpan.FromSeconds(30);

    /// <summary>Joins as a standby, or serves when the other node is away.</summary>
    public async Task<JsonObject> StartAsync(bool wait, CancellationToken cancellationToken)
    {
        var plan = Plans.Needed();
        await LocalNode.StartClusterAsync(plan, output.WriteLine, cancellationToken);
        if (!wait)
        {
            return new JsonObject { ["thisNode"] = plan.ThisNode };
        }

        var report = await UntilWholeAsync(state => !state.Members.Single(member => member.Node == plan.Peer).Online && state.Active?.Node == plan.This, "this node has not joined", cancellationToken);
        await output.WriteLineAsync(report.Active!.Node == plan.This
            ? $"{plan.ThisNode} is active."
            : $"{plan.ThisNode} is on standby; {report.Active.Node.Name} is active.");
        await WarnAsync(report);
        return Roles(plan, report);
    }

    public async Task<JsonObject> StopAsync(CancellationToken cancellationToken)
    {
        var plan = Plans.Needed();
        if (!await Machine.IsActiveAsync(HaPaths.CorosyncUnit, cancellationToken))
        {
            await output.WriteLineAsync("The cluster is not running on this node.");
            return new JsonObject { ["thisNode"] = plan.ThisNode, ["stopped"] = false };
        }

        var serviceEnds = IsTheOnlyOneToServe(await ClusterState.ReadAsync(cancellationToken), plan);
        if (serviceEnds)
        {
            await output.WriteLineAsync($"WARNING: {plan.Peer.Name} cannot take over. Products are not served until ha_cluster_start, on this node first.");
        }

        // Once begun it goes to its end: half stopped would be neither here nor there.
        await LocalNode.StopClusterAsync(output.WriteLine, CancellationToken.None);
        await output.WriteLineAsync($"{plan.ThisNode} has left the cluster. ha_cluster_start brings it back, {(serviceEnds ? "and serves again" : "as a standby")}.");
        return new JsonObject { ["thisNode"] = plan.ThisNode, ["stopped"] = true, ["serviceEnds"] = serviceEnds };
    }

    /// <summary>Has the other node serve, without a request being refused.</summary>
    public async Task<JsonObject> SwitchOverAsync(CancellationToken cancellationToken)
    {
        var report = await RunningAsync(cancellationToken);
        var from = report.Active?.Node.Name ?? "";
        try
        {
            await TellAsync(from, SwitchoverProgress.UnderWay, "");
            var result = await SwitchOverFromAsync(from, report, cancellationToken);
            await TellAsync(from, SwitchoverProgress.Done, "");
            return result;
        }
        catch (TgctlException exception)
        {
            await TellAsync(from, SwitchoverProgress.Failed, exception.Message);
            throw;
        }
    }

    /// <summary>For the gateway on this node, whose page shows it.</summary>
    private Task TellAsync(string from, string state, string sentence) =>
        Machine.WriteAsync(SwitchoverProgress.Path, new SwitchoverProgress(from, state, sentence, clock.GetUtcNow()).ToJson() + "\n", "root:root", CancellationToken.None);

    private async Task<JsonObject> SwitchOverFromAsync(string from, ClusterReport report, CancellationToken cancellationToken)
    {
        if (!report.IsNormal)
        {
            throw new TgctlException($"{report.Sentence}. A switchover needs a standby that has everything; see ha_status. Nothing was changed.");
        }

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

        var whole = await UntilWholeAsync(_ => false, $"{from} has not become a standby", cancellationToken);
        await output.WriteLineAsync($"{from} is on standby and has everything.");
        await WarnAsync(whole);
        return Roles(whole.Plan, whole);
    }

    /// <summary>What a teardown of this node would bring about that whoever asks for it may not expect; null when nothing.</summary>
    public static async Task<string?> WarningOfTearDownAsync(CancellationToken cancellationToken) =>
        await ClusterState.ReadAsync(cancellationToken) is { } report && report.Active?.Node == report.Plan.This && report.HeartbeatIsConnected
            ? $"{report.Plan.ThisNode} is active, and {report.Plan.Peer.Name} is in the cluster: it takes over under the virtual address, and from then on both\nnodes have data of their own that change. Run ha_teardown on {report.Plan.Peer.Name} first, unless that is what you want."
            : null;

    /// <summary>This node alone leaves the cluster for good and goes on by itself, with all its data.</summary>
    public async Task<JsonObject> TearDownAsync(CancellationToken cancellationToken)
    {
        var plan = Plans.OfThisMachine();
        if (plan is null)
        {
            return await GoOnAloneAsync(cancellationToken);
        }

        // Before anything is destroyed: such a database cannot go on alone.
        LocalDatabase.RequireWhole();
        var whole = await HasEverythingAsync(plan, cancellationToken);
        await output.WriteLineAsync("Destroying HA cluster...");
        await LocalNode.StopClusterAsync(output.WriteLine, cancellationToken);
        await output.WriteLineAsync("Shutting down pacemaker/corosync services...");
        await Machine.RunAsync("systemctl", ["stop", HaPaths.PacemakerUnit, HaPaths.QDeviceUnit, HaPaths.CorosyncUnit], cancellationToken);
        await output.WriteLineAsync("Killing any remaining services...");
        await Machine.RunAsync("systemctl", ["kill", "--signal=KILL", HaPaths.PacemakerUnit, HaPaths.QDeviceUnit, HaPaths.CorosyncUnit], cancellationToken);
        await output.WriteLineAsync("Removing all cluster configuration files...");
        await RemoveAsync(cancellationToken);
        await output.WriteLineAsync("Disabling HA services...");
        await Machine.RunAsync("systemctl", ["disable", "--quiet", HaPaths.PacemakerUnit, HaPaths.QDeviceUnit, HaPaths.CorosyncUnit], cancellationToken);
        await output.WriteLineAsync("Cleaning up...");
        // Else new connections to the virtual address would be dropped here, also when it is this node's own one day.
        await Machine.RunAsync("nft", ["delete", "table", "inet", HaPaths.HoldTable], cancellationToken);
        await Machine.RunAsync("systemctl", ["disable", "--quiet", "--now", HaPaths.SwitchoverUnit], cancellationToken);
        await output.WriteLineAsync("Enabling stand-alone mode...");
        var hasOwnData = GiveOwnKeyBack();
        if (LocalDatabase.Exists)
        {
            // Before it can be written: the other node must not take it for a primary to follow.
            await LocalDatabase.CloseToPeerAsync(cancellationToken);
            await LocalDatabase.StartAloneAsync(cancellationToken);
        }
        else
        {
            File.Delete(HaPaths.DatabaseEnvironment);
        }

        await Machine.SystemctlAsync(["restart", HaPaths.GatewayUnit], cancellationToken);
        var changesName = LocalDatabase.Exists && !hasOwnData && !plan.KeepsHostName;
        if (changesName)
        {
            await SetOwnNameAsync(plan, cancellationToken);
        }

        // Last: until then a second run goes on where the first one stopped.
        File.Delete(ClusterPlan.Path);
        await output.WriteLineAsync("\nHA cluster has been destroyed.  The transport gateway is now in stand-alone mode.");
        await output.WriteLineAsync(changesName
            ? $"The host common name is {plan.This.PublicAddress} now. Synchronize every local account (tgctl sync start --all --wait) before products register under it."
            : "Data and host common name are what they were before ha_deploy.");
        if (!whole && !hasOwnData)
        {
            await output.WriteLineAsync("This node was not known to have everything that the other one acknowledged. Keep the other node's data until you have compared them.");
        }

        return new JsonObject { ["standAlone"] = true, ["hostName"] = changesName ? plan.This.PublicAddress : null, ["hadEverything"] = whole || hasOwnData };
    }

    /// <summary>Where a deployment was killed before there was a cluster.</summary>
    private async Task<JsonObject> GoOnAloneAsync(CancellationToken cancellationToken)
    {
        await output.WriteLineAsync("HA is not enabled.");
        if (await LocalDatabase.HasUnclaimedMoveAsync(cancellationToken))
        {
            await LocalNode.UseDatabaseAsync(cancellationToken);
            await Machine.SystemctlAsync(["restart", HaPaths.GatewayUnit], cancellationToken);
            await output.WriteLineAsync("An unfinished ha_deploy had moved the gateway's database to PostgreSQL on this node; the gateway goes on with it.");
        }

        return new JsonObject { ["standAlone"] = true };
    }

    /// <summary>Where the other node's database never came, this node's own is still good, with its own key. Says whether that is so.</summary>
    private static bool GiveOwnKeyBack()
    {
        if (File.Exists(HaPaths.MasterKeyBefore))
        {
            File.Move(HaPaths.MasterKeyBefore, HaPaths.MasterKey, overwrite: true);
            return true;
        }

        if (!LocalDatabase.Exists && !File.Exists(HaPaths.OwnFile))
        {
            // A machine without data makes a key of its own.
            File.Delete(HaPaths.MasterKey);
        }

        return !LocalDatabase.Exists;
    }

    private static JsonObject Roles(ClusterPlan plan, ClusterReport report) => new()
    {
        ["thisNode"] = plan.ThisNode,
        ["activeNode"] = report.Active?.Node.Name,
        ["state"] = report.IsNormal ? "Normal" : "Degraded",
    };

    private static bool IsTheOnlyOneToServe(ClusterReport? report, ClusterPlan plan) =>
        report?.Active?.Node == plan.This && report.Members.Single(member => member.Node == plan.Peer) is { Online: false } or { MayBePromoted: false };

    /// <summary>Whether this node's database is the primary, streams from it, or was the last to acknowledge anything.</summary>
    private static async Task<bool> HasEverythingAsync(ClusterPlan plan, CancellationToken cancellationToken) =>
        Standing.Of(await ClusterState.ReadAsync(cancellationToken), plan, LocalDatabase.WasLast) != Standing.Behind;

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

    /// <summary>Waits until one node serves and the other could take over. Witness and fence devices that do not come soon are no failure of what was asked for.</summary>
    private Task<ClusterReport> UntilWholeAsync(Func<ClusterReport, bool> orElse, string otherwise, CancellationToken cancellationToken)
    {
        var since = clock.GetTimestamp();
        return UntilAsync(state => state.IsNormal || orElse(state) || (state.HasStandby && clock.GetElapsedTime(since) > PatienceWithHelpers), otherwise, cancellationToken);
    }

    private async Task WarnAsync(ClusterReport report)
    {
        if (!report.IsNormal)
        {
            await output.WriteLineAsync($"WARNING: {report.Sentence}. See ha_status.");
        }
    }

    private async Task<ClusterReport> UntilAsync(Func<ClusterReport, bool> condition, string otherwise, CancellationToken cancellationToken)
    {
        var told = "";
        for (var since = clock.GetTimestamp(); ;)
        {
            var report = await ClusterState.ReadAsync(cancellationToken);
            if (report is not null && condition(report))
            {
                return report;
            }

            var now = report is null ? "Pacemaker does not answer yet" : string.Join("; ", report.Risks.Take(report.Active is null ? 1 : 0).Prepend(report.Sentence));
            if (clock.GetElapsedTime(since) > Patience)
            {
                throw new TgctlException(string.Join("\n* ", (report?.Failures ?? []).Select(Tables.Plain).Prepend(
                    $"After {Patience.TotalMinutes:0} minutes {otherwise}: {now}. See ha_status, and journalctl -u pacemaker on both nodes.")));
            }

            if (now != told)
            {
                await output.WriteLineAsync("  " + now);
                told = now;
            }

            await Task.Delay(TimeSpan.FromMilliseconds(300), clock, cancellationToken);
        }
    }
}
