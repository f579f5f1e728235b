using System.Text.Json.Nodes;
using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Cluster.Tests.Load;

namespace TransportGateway.Cluster.Tests;

/// <summary>The commands as a tired administrator gives them: each answer says what to do, and nothing is changed. At the end a risk that was taken comes true.</summary>
public sealed class MistakesTests : IAsyncLifetime
{
    private LabCluster _cluster = null!;

    private LabNode Primary => _cluster.Primary;

    private LabNode Secondary => _cluster.Secondary;

    public async Task InitializeAsync()
    {
        _cluster = await LabCluster.CreateAsync();
        await _cluster.StartGatewaysAsync();
    }

    public async Task DisposeAsync() => await _cluster.DisposeAsync();

    [Fact]
    public async Task Every_mistake_is_answered_with_what_to_do_and_two_halves_of_an_unfenced_cluster_wait_for_a_decision()
    {
        // Before anything: no keys, no cluster.
        await RefusedAsync("The cluster has no keys yet. Run ha_generatekeys", Primary, Deploy());
        await RefusedAsync("HA is not enabled.", Primary, "ha_cluster_start");
        await RefusedAsync("HA is not enabled.", Primary, "tgctl", "ha", "switchover");
        Assert.Contains("HA is not enabled.", await Primary.RunAsync("ha_teardown"), StringComparison.Ordinal);

        await _cluster.NewSecretAsync();
        Assert.Contains("are there already and stay", await Primary.RunAsync("ha_generatekeys"), StringComparison.Ordinal);
        var secret = await _cluster.NewSecretAsync();

        // Risks have to be accepted by name, and files have to be what they are.
        await RefusedAsync("accept the risk with --without-witness", Primary, [.. Deploy().Where(word => word != "--without-witness")]);
        await RefusedAsync("accept the risk with --without-fencing", Primary, [.. Deploy().Where(word => word != "--without-fencing")]);
        await RefusedAsync("It looks like this:", Primary, [.. Deploy(), "--fencing", "/etc/hostname"]);

        // The peer: not there, and with another secret.
        await RefusedAsync("Run ha_provision_standby there first", Primary, Deploy());
        var wrong = Secondary.TalkAsync("WRON-GONE\n", default, "ha_provision_standby", "--secret-file", "-");
        await LabCluster.ListeningAsync(Secondary);
        await RefusedAsync("does not know the same one-time secret", Primary, Deploy());
        await Secondary.RunAsync("pkill", "-INT", "-f", "provision_standby");
        Assert.Contains("Somebody called who does not know the one-time secret. Nothing was changed.", (await wrong.WaitAsync(TimeSpan.FromSeconds(30))).Output, StringComparison.Ordinal);

        // The peer's clock goes half a minute ahead.
        var ahead = Secondary.TalkAsync(secret + "\n", default, "faketime", "-f", "+30s", "ha_provision_standby", "--secret-file", "-");
        await LabCluster.ListeningAsync(Secondary);
        await RefusedAsync("The clocks of the nodes are 30 s apart. Set up time synchronization (NTP) on both and try again.", Primary, Deploy());
        await Secondary.RunAsync("pkill", "-INT", "-f", "provision_standby");
        await ahead.WaitAsync(TimeSpan.FromSeconds(30));

        // Everything else that stands in the way is told at once: addresses, versions, packages, room.
        var waits = Secondary.TalkAsync(secret + "\n", default, "ha_provision_standby", "--secret-file", "-");
        await LabCluster.ListeningAsync(Secondary);
        await RefusedAsync("The virtual address 10.77.0.13 is in use: another machine in the network answers for it.", Primary, With("--vip", "10.77.0.13"));
        await RefusedAsync("is not in the network of 10.77.0.11/24", Primary, With("--vip", "192.0.2.1"));
        await RefusedAsync("is a machine's own address", Primary, With("--vip", "10.77.0.12"));
        await RefusedAsync("'licences' is no IP address", Primary, With("--vip", "licences"));
        await RefusedAsync("192.0.2.9 is no address of the secondary node; it has 10.77.0.12, 192.168.77.2", Primary, With("--peer-private-address", "192.0.2.9"));
        await Secondary.RunAsync("bash", "-c", "mount --bind /etc/hostname /usr/lib/transport-gateway/version");
        await RefusedAsync("Install the same version on both.", Primary, Deploy());
        await Secondary.RunAsync("umount", "/usr/lib/transport-gateway/version");
        await Secondary.RunAsync("fallocate", "-l", "2600M", "/var/lib/transport-gateway-db/filler");
        await RefusedAsync("MB free for the database; at least 512 MB are needed. Make room and try again.", Primary, Deploy());
        await Secondary.RunAsync("rm", "/var/lib/transport-gateway-db/filler");
        foreach (var untouched in new[] { "/etc/transport-gateway/cluster.json", "/var/lib/transport-gateway-db/data", "/etc/transport-gateway/database.env" })
        {
            Assert.Equal(1, (await Primary.TryAsync("test", "-e", untouched)).Code);
            Assert.Equal(1, (await Secondary.TryAsync("test", "-e", untouched)).Code);
        }

        Assert.Contains("active", await Primary.RunAsync("systemctl", "is-active", "transport-gateway"), StringComparison.Ordinal);
        await LabCluster.TgctlAsync(Secondary, "account", "create", "Old");
        await LabCluster.TgctlAsync(Primary, "certificate", "host-name", "set", "licences.example.com", "--yes");

        // What is on the other node is named before it is overwritten; a no changes nothing.
        var (code, _, asked) = await Primary.TalkAsync("no\n", default, [.. Deploy().Where(word => word != "--yes")]);
        Assert.Equal(1, code);
        Assert.Contains("This gateway's database moves to PostgreSQL on this node", asked, StringComparison.Ordinal);
        Assert.Contains("holds 1 local account(s) (Old) and 0 product instance(s). All of it is overwritten", asked, StringComparison.Ordinal);
        Assert.Contains("Old", await LabCluster.TgctlAsync(Secondary, "account", "list"), StringComparison.Ordinal);

        // Stopped half way it says how to go on, and goes on.
        var first = Primary.TryAsync(Deploy());
        await Wait.UntilAsync("the deployment has begun", async () => (await Primary.TryAsync("test", "-e", "/var/lib/transport-gateway-db/conf")).Code == 0, TimeSpan.FromSeconds(30));
        await Primary.RunAsync("pkill", "-INT", "-f", "tgctl ha deploy");
        var (stopped, _, said) = await first.WaitAsync(TimeSpan.FromMinutes(1));
        Assert.Equal(1, stopped);
        Assert.Contains("Run it again to go on (with ha_provision_standby waiting on the secondary node)", said, StringComparison.Ordinal);

        await GoBackHalfWayAsync();
        await KilledAfterTheMoveAsync();
        // The keys went with the torn-down cluster, so the secondary node waits with a new secret.
        await Secondary.RunAsync("pkill", "-INT", "-f", "provision_standby");
        await waits.WaitAsync(TimeSpan.FromSeconds(30));
        waits = Secondary.TalkAsync(await _cluster.NewSecretAsync() + "\n", default, "ha_provision_standby", "--secret-file", "-");
        await LabCluster.ListeningAsync(Secondary);

        var done = await Primary.RunAsync(Deploy());
        Assert.Contains("HA is deployed.", done, StringComparison.Ordinal);
        Assert.Equal(0, (await waits).Code);
        await MistakesWithARunningClusterAsync();

        // The risks that were taken show for as long as they last.
        foreach (var node in new[] { Primary, Secondary })
        {
            var shown = await node.RunAsync("ha_status");
            Assert.Contains("WARNING: There is no witness", shown, StringComparison.Ordinal);
            Assert.Contains("WARNING: There is no fencing", shown, StringComparison.Ordinal);
        }

        await RefusedAsync("is no diverged one that waits for a decision", Secondary, "tgctl", "ha", "diverged");
        await TheRiskComesTrueAsync();
    }

    /// <summary>A deployment that cannot copy the database is taken back: each node has its own data under its own key again, and its name.</summary>
    private async Task GoBackHalfWayAsync()
    {
        var copy = (await Secondary.RunAsync("bash", "-c", "ls /usr/lib/postgresql/*/bin/pg_basebackup | tail -n 1")).Trim();
        await Secondary.RunAsync("mount", "--bind", "/bin/false", copy);
        var (failed, _, said) = await Primary.TryAsync(Deploy());
        Assert.Equal(1, failed);
        Assert.Contains("ha_deploy failed in step 4 of 8.", said, StringComparison.Ordinal);
        Assert.Contains("To go back run ha_teardown on both nodes: this node keeps its data and its host common name, and the secondary node its own data", said, StringComparison.Ordinal);
        await Secondary.RunAsync("umount", copy);

        Assert.Contains("Data and host common name are what they were before ha_deploy.", await Secondary.RunAsync("ha_teardown", "--yes"), StringComparison.Ordinal);
        await AnswersAsync(Secondary, "Old");
        Assert.Contains("Data and host common name are what they were before ha_deploy.", await Primary.RunAsync("ha_teardown", "--yes"), StringComparison.Ordinal);
        Assert.Contains("licences.example.com", await LabCluster.TgctlAsync(Primary, "certificate", "host-name", "show"), StringComparison.Ordinal);
    }

    /// <summary>Killed when the rows were in PostgreSQL and the gateway was not told yet.</summary>
    private async Task KilledAfterTheMoveAsync()
    {
        await Primary.RunAsync("rm", "/etc/transport-gateway/database.env");
        await Primary.RunAsync("systemctl", "restart", "--no-block", "transport-gateway");

        Assert.Contains("the gateway goes on with it", await Primary.RunAsync("ha_teardown"), StringComparison.Ordinal);
        await AnswersAsync(Primary, "");
        await Primary.RunAsync("rm", "/etc/transport-gateway/database.env");
    }

    private static Task AnswersAsync(LabNode node, string account) => Wait.UntilAsync(
        $"{node.Name} has its own data", async () => await node.TryAsync("tgctl", "--socket", "/var/lib/transport-gateway/control.sock", "account", "list") is (0, var list, _) && list.Contains(account, StringComparison.Ordinal), TimeSpan.FromSeconds(60));

    private async Task MistakesWithARunningClusterAsync()
    {
        // A node that may lack something does not replace what the other one has, and nothing is copied from nowhere.
        Assert.DoesNotContain("WARNING", await Secondary.RunAsync("ha_cluster_stop"), StringComparison.Ordinal);
        await RefusedAsync("is not the primary of a cluster that runs on this node", Secondary, "tgctl", "ha", "discard", "--yes");
        await RefusedAsync("A switchover needs a standby that has everything", Primary, "tgctl", "ha", "switchover");

        // In the middle of rejoining nothing is destroyed that cannot be done without.
        await Secondary.RunAsync("touch", "/var/lib/transport-gateway-db/rejoining");
        await RefusedAsync("was in the middle of rejoining and is not whole", Secondary, "ha_teardown", "--yes");
        await Secondary.RunAsync("test", "-e", "/etc/corosync/corosync.conf");
        await Secondary.RunAsync("rm", "/var/lib/transport-gateway-db/rejoining");

        // The last one to serve says what its stop means.
        Assert.Contains("WARNING: secondary-node cannot take over. Products are not served until ha_cluster_start", await Primary.RunAsync("ha_cluster_stop"), StringComparison.Ordinal);

        // A node that waits for the other one says so, and Ctrl-C leaves it at that.
        var start = Secondary.TryAsync("ha_cluster_start");
        await Wait.UntilAsync(
            "the secondary node waits",
            async () => (await Secondary.TryAsync("ha_status")).Output.Contains("secondary-node alone has too few votes to serve, and waits for primary-node: start primary-node.", StringComparison.Ordinal),
            TimeSpan.FromSeconds(60),
            async () => (await Secondary.TryAsync("ha_status")).Output);
        await Secondary.RunAsync("pkill", "-INT", "-f", "tgctl ha cluster_start");
        var (code, _, said) = await start.WaitAsync(TimeSpan.FromSeconds(30));
        Assert.Equal(1, code);
        Assert.Contains("Stopped waiting; the node goes on joining.", said, StringComparison.Ordinal);

        Assert.Equal("Normal", JsonNode.Parse(await Primary.RunAsync("ha_cluster_start", "-o", "json"))!["state"]!.GetValue<string>());
        await LabCluster.UntilNormalAsync(Secondary);

        // Torn down first the active node would leave two gateways with data of their own.
        var (refused, _, asked) = await Primary.TalkAsync("no\n", default, "ha_teardown");
        Assert.Equal(1, refused);
        Assert.Contains("WARNING: primary-node is active, and secondary-node is in the cluster: it takes over", asked, StringComparison.Ordinal);
    }

    /// <summary>Without witness and fencing a cut leaves two active nodes. Nothing is thrown away by itself, and the rows that only one of them has are shown.</summary>
    private async Task TheRiskComesTrueAsync()
    {
        var cut = Fault.Find("cut-between-nodes");
        await cut.Happen(_cluster, Primary);
        foreach (var node in new[] { Primary, Secondary })
        {
            await Wait.UntilAsync(
                $"{node.Name} goes on by itself", async () => (await LabCluster.StatusAsync(node))?["activeNode"]?.GetValue<string>() == node.Name, TimeSpan.FromSeconds(180));
            await LabCluster.TgctlAsync(node, "account", "create", "Made at " + node.Name);
        }

        await cut.Mend(_cluster, Primary);
        LabNode? loser = null;
        await Wait.UntilAsync(
            "one of them waits for a decision",
            async () =>
            {
                foreach (var node in new[] { Primary, Secondary })
                {
                    if ((await node.RunAsync("ha_status")).Contains($"acknowledged changes that {_cluster.Other(node).Name}, which is primary now, never had", StringComparison.Ordinal))
                    {
                        loser = node;
                        return true;
                    }
                }

                return false;
            },
            TimeSpan.FromSeconds(180),
            async () => await Primary.RunAsync("ha_status") + await Secondary.RunAsync("ha_status"));
        var winner = _cluster.Other(loser!);

        var rows = await loser!.RunAsync("tgctl", "ha", "diverged");
        Assert.Contains("Made at " + loser.Name, rows, StringComparison.Ordinal);
        Assert.DoesNotContain("Made at " + winner.Name, rows, StringComparison.Ordinal);
        Assert.Contains("row(s) are as they are above on this node only", rows, StringComparison.Ordinal);

        Assert.Contains(
            "Made at " + loser.Name,
            string.Join('\n', JsonNode.Parse(await loser.RunAsync("tgctl", "ha", "diverged", "-o", "json"))!["onlyHere"]!.AsArray().Select(row => row!.GetValue<string>())),
            StringComparison.Ordinal);

        await loser.TalkAsync("no\n", default, "tgctl", "ha", "discard");
        Assert.Contains("Made at " + loser.Name, await loser.RunAsync("tgctl", "ha", "diverged"), StringComparison.Ordinal);

        Assert.Contains("This node's database is kept at /var/lib/transport-gateway-db/data.diverged-", await loser.RunAsync("tgctl", "ha", "discard", "--yes"), StringComparison.Ordinal);
        await LabCluster.UntilNormalAsync(winner);
        Assert.Contains("Made at " + winner.Name, await LabCluster.TgctlAsync(winner, "account", "list"), StringComparison.Ordinal);
    }

    private string[] Deploy() => _cluster.DeployCommand("--without-fencing", "--without-witness");

    private string[] With(string option, string value)
    {
        var command = Deploy();
        command[Array.IndexOf(command, option) + 1] = value;
        return command;
    }

    private static async Task RefusedAsync(string sentence, LabNode node, params string[] command)
    {
        var (code, output, errors) = await node.TryAsync(command);
        Assert.True(code != 0, output + errors);
        Assert.True(errors.Contains(sentence, StringComparison.Ordinal), $"'{sentence}' is not in: {output}{errors}");
    }
}
