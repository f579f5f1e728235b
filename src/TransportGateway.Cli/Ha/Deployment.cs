using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>What <c>ha_deploy</c> was told.</summary>
/// <param name="PeerPrivate">Private address of the secondary node; the public one when there is no private link.</param>
internal sealed record DeploymentRequest(
    string VirtualAddress,
    string Public,
    string Private,
    string PeerPublic,
    string PeerPrivate,
    string? Witness,
    FencingPlan? Fencing,
    string? HostName,
    bool WithoutWitness,
    bool WithoutFencing);

/// <summary><c>ha_deploy</c>, on the primary node: from two machines to a cluster. Each step can be done again; nothing is changed before every check has passed.</summary>
internal sealed class Deployment(TimeProvider clock, TextWriter output, Func<string, CancellationToken, Task> confirm)
{
    private const int Steps = 8;
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    private readonly bool _redeploys = Plans.OfThisMachine() is not null;
    private bool _hasWitness;
    private int _step;

    public async Task RunAsync(DeploymentRequest request, CancellationToken cancellationToken)
    {
        if (!ClusterKeys.Exist)
        {
            throw new TgctlException("The cluster has no keys yet. Run ha_generatekeys here, then ha_provision_standby on the secondary node, then ha_deploy again.");
        }

        var secret = ClusterKeys.ReadSecret(clock);
        RequireSafety(request);
        _hasWitness = request.Witness is not null;
        try
        {
            await using var peer = await SecretChannel.ConnectAsync(request.PeerPublic, secret, "ha_provision_standby", cancellationToken);
            await using var witness = request.Witness is null ? null : await SecretChannel.ConnectAsync(request.Witness, secret, "tgctl ha provision_witness", cancellationToken);
            var plan = await StepAsync("Checking both nodes", () => CheckAsync(request, peer, cancellationToken));
            await DeployAsync(plan, request, peer, witness, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            throw new TgctlException(Unfinished("was stopped"));
        }
        catch (TgctlException exception) when (_step > 1)
        {
            throw new TgctlException($"{exception.Message}\n{Unfinished("failed")}");
        }
    }

    private async Task DeployAsync(ClusterPlan plan, DeploymentRequest request, SecretChannel peer, SecretChannel? witness, CancellationToken cancellationToken)
    {
        var keys = KeysFor(plan.ThisNode);
        await StepAsync("Preparing the database of this node", () => PrepareDatabaseAsync(plan, keys, peer, cancellationToken));
        await StepAsync("Installing keys, master key and configuration on both nodes", async () =>
        {
            await peer.AskAsync(
                "install",
                new JsonObject
                {
                    ["plan"] = (plan with { ThisNode = ClusterPlan.SecondaryNode, KeepsHostName = false }).ToJson(),
                    ["fencing"] = request.Fencing?.ToJson(),
                    ["files"] = new JsonObject(KeysFor(ClusterPlan.SecondaryNode).Select(file => KeyValuePair.Create<string, JsonNode?>(file.Key, Convert.ToBase64String(file.Value)))),
                    ["masterKey"] = Convert.ToBase64String(await File.ReadAllBytesAsync(HaPaths.MasterKey, cancellationToken)),
                },
                Tell,
                cancellationToken);
            await LocalNode.InstallAsync(plan, request.Fencing, keys, masterKey: null, cancellationToken);
            return true;
        });
        await StepAsync("Copying the database to the secondary node", () => peer.AskAsync("copy-database", [], Tell, cancellationToken));
        await StepAsync(witness is null ? "Going without a witness" : "Joining the witness", async () =>
        {
            if (witness is not null)
            {
                var (authority, bundle) = await Witness.JoinAsync(plan, witness, Tell, cancellationToken);
                await peer.AskAsync("join-witness", new JsonObject { ["authority"] = Convert.ToBase64String(authority), ["bundle"] = Convert.ToBase64String(bundle) }, Tell, cancellationToken);
                await witness.AskAsync("finished", [], Tell, cancellationToken);
            }

            return true;
        });
        await StepAsync("Starting the cluster on both nodes", async () =>
        {
            await LocalNode.StartMembershipAsync(plan, Tell, cancellationToken);
            await peer.AskAsync("start-membership", [], _ => { }, cancellationToken);
            await SeeEachOtherAsync(plan, cancellationToken);
            await LocalNode.StartResourcesAsync(Tell, cancellationToken);
            return await peer.AskAsync("start", [], _ => { }, cancellationToken);
        });
        await StepAsync("Waiting until the standby has everything", () => WaitUntilNormalAsync(cancellationToken));
        await StepAsync("Setting the host common name", () => SetHostNameAsync(plan, request, cancellationToken));
        await peer.AskAsync("finished", [], Tell, cancellationToken);
        ClusterKeys.ForgetSecret();
        await output.WriteLineAsync(
            $"HA is deployed. Products and administrators use https://{request.HostName ?? plan.VirtualAddress} from now on.\nSynchronize the local accounts (tgctl sync start --all --wait) before products register under the new host common name.");
    }

    private static void RequireSafety(DeploymentRequest request)
    {
        if (request.Witness is null && !request.WithoutWitness)
        {
            throw new TgctlException("Without a third vote a cut between the nodes leaves two halves that cannot know which of them may go on. Give --witness ADDRESS, or accept the risk with --without-witness: HA status shows it for as long as it lasts.");
        }

        if (request is { Fencing.IsWatchdog: true, Witness: null })
        {
            throw new TgctlException("A watchdog ends a node that has lost the majority, which takes a third vote. Give --witness ADDRESS.");
        }

        if (request.Fencing is null && !request.WithoutFencing)
        {
            throw new TgctlException("Without fencing a node that does not answer cannot be known to be dead, and acknowledged changes can be lost. Give --fencing FILE (see the operator's guide, Fencing), or accept the risk with --without-fencing: HA status shows it for as long as it lasts.");
        }
    }

    /// <summary>The other node's time, and when it was so here. Of several answers the fastest counts: how long a busy machine takes would pass for a difference between the clocks.</summary>
    private async Task<(string There, DateTimeOffset Here)> CompareClocksAsync(SecretChannel peer, CancellationToken cancellationToken)
    {
        const int Questions = 5;
        var fast = TimeSpan.FromMilliseconds(100);
        var (there, here, shortest) = ("", default(DateTimeOffset), TimeSpan.MaxValue);
        for (var question = 0; question < Questions && shortest > fast; question++)
        {
            var (asked, stamp) = (clock.GetUtcNow(), clock.GetTimestamp());
            var answer = Tables.Text(await peer.AskAsync("time", [], Tell, cancellationToken), "time");
            if (clock.GetElapsedTime(stamp) is var took && took < shortest)
            {
                (there, here, shortest) = (answer, asked + (took / 2), took);
            }
        }

        return (there, here);
    }

    /// <summary>Everything that can be known beforehand; all problems at once.</summary>
    private async Task<ClusterPlan> CheckAsync(DeploymentRequest request, SecretChannel peer, CancellationToken cancellationToken)
    {
        var there = await peer.AskAsync("inspect", new JsonObject { ["fenceAgent"] = request.Fencing?.Agent }, Tell, cancellationToken);
        (there["time"], var between) = await CompareClocksAsync(peer, cancellationToken);
        var here = await LocalNode.InspectAsync(request.Fencing?.Agent, cancellationToken);
        var (problems, prefix) = DeploymentChecks.Of(request, here, there, between);
        await CheckVirtualAddressAsync(request.VirtualAddress, problems, cancellationToken);
        if (problems.Count > 0)
        {
            throw new TgctlException($"Nothing was changed; {problems.Count} thing(s) stand in the way:\n  - {string.Join("\n  - ", problems)}");
        }

        var movesHere = !File.Exists(HaPaths.DatabaseEnvironment) ? "\nThis gateway's database moves to PostgreSQL on this node, and is compared there row by row; gateway.db stays as it is now, and is not used any more." : "";
        var overwrites = Tables.Text(there, "holds") is var holds and not "nothing" ? $"\nThe secondary node ({request.PeerPublic}) holds {holds}. All of it is overwritten with this node's database." : "";
        if (movesHere.Length + overwrites.Length > 0)
        {
            await confirm(movesHere + overwrites, cancellationToken);
        }

        return new ClusterPlan
        {
            Name = "transport-gateway",
            VirtualAddress = request.VirtualAddress,
            PrefixLength = prefix,
            Nodes = [new(ClusterPlan.PrimaryNode, request.Public, request.Private), new(ClusterPlan.SecondaryNode, request.PeerPublic, request.PeerPrivate)],
            Witness = request.Witness,
            FenceAgent = request.Fencing?.Agent,
            ThisNode = ClusterPlan.PrimaryNode,
            KeepsHostName = Plans.OfThisMachine() is not { KeepsHostName: false },
            DatabasePrograms = Tables.Text(here, "databasePrograms"),
        };
    }

    private static async Task CheckVirtualAddressAsync(string address, List<string> problems, CancellationToken cancellationToken)
    {
        // A cluster that runs already holds it here, which is no obstacle to deploying again.
        if (IPAddress.TryParse(address, out var parsed) && !LocalNode.Addresses().Any(own => own.Address.Equals(parsed)) && Plans.OfThisMachine() is null
            && await (parsed.AddressFamily == AddressFamily.InterNetwork ? AnswersAsync(address, cancellationToken) : IsNeighbourAsync(parsed, cancellationToken)))
        {
            problems.Add($"The virtual address {address} is in use: another machine in the network answers for it. Choose a free address.");
        }
    }

    private static async Task<bool> AnswersAsync(string address, CancellationToken cancellationToken)
    {
        var route = await Machine.RunAsync("ip", ["-o", "route", "get", address], cancellationToken);
        var words = route.Output.Split(' ');
        var device = Array.IndexOf(words, "dev") is var at and >= 0 ? words[at + 1] : "";
        return device.Length > 0 && (await Machine.RunAsync("arping", ["-q", "-D", "-I", device, "-c", "2", "-w", "2", address], cancellationToken)).Code == 1;
    }

    /// <summary>Whoever does not answer the ping has told its hardware address all the same.</summary>
    private static async Task<bool> IsNeighbourAsync(IPAddress address, CancellationToken cancellationToken)
    {
        using (var ping = new Ping())
        {
            await ping.SendPingAsync(address, TimeSpan.FromSeconds(2), cancellationToken: cancellationToken);
        }

        return (await Machine.RunAsync("ip", ["-6", "-o", "neigh", "show", "to", address.ToString()], cancellationToken)).Output.Contains("lladdr", StringComparison.Ordinal);
    }

    /// <summary>From here on nobody but this node acknowledges anything: the other one leaves first, so that it cannot take over from a node that stops.</summary>
    private async Task BecomeLastAsync(SecretChannel peer, CancellationToken cancellationToken)
    {
        await peer.AskAsync("leave", [], _ => { }, cancellationToken);
        if (Plans.OfThisMachine() is null)
        {
            return;
        }

        for (var since = clock.GetTimestamp(); await Machine.IsActiveAsync(HaPaths.PacemakerUnit, cancellationToken) && !LocalDatabase.WasLast; await Task.Delay(TimeSpan.FromMilliseconds(300), clock, cancellationToken))
        {
            if (clock.GetElapsedTime(since) > Patience)
            {
                break;
            }
        }

        if (!LocalDatabase.WasLast)
        {
            throw new TgctlException("This node has not become the one that acknowledges last, so its database must not replace the other one's. Run ha_cluster_start on both nodes, see ha_status, and deploy again when it says Normal.");
        }

        await LocalNode.StopClusterAsync(_ => { }, cancellationToken);
    }

    /// <summary>Moves what the gateway has to this node's PostgreSQL, unless it is there already.</summary>
    private async Task<bool> PrepareDatabaseAsync(ClusterPlan plan, IReadOnlyDictionary<string, byte[]> keys, SecretChannel peer, CancellationToken cancellationToken)
    {
        await BecomeLastAsync(peer, cancellationToken);
        await LocalNode.InstallDatabaseConfigurationAsync(plan, keys, cancellationToken);
        await LocalDatabase.CreateAsync(plan, cancellationToken);
        if (await LocalDatabase.HasUnclaimedMoveAsync(cancellationToken))
        {
            Tell("  an earlier run has moved the database to PostgreSQL already");
            await LocalNode.UseDatabaseAsync(cancellationToken);
        }
        else if (!File.Exists(HaPaths.DatabaseEnvironment))
        {
            await Machine.SystemctlAsync(["start", HaPaths.GatewayUnit], cancellationToken);
            using (var api = await GatewayAsync(cancellationToken))
            {
                var moved = await api.PostAsync("/api/v2/database/migration", new { connection = PostgreSqlConfiguration.GatewayConnection }, cancellationToken);
                var tables = moved["tables"]!.AsArray();
                Tell($"  {tables.Sum(table => table!["rows"]!.GetValue<long>())} rows of {tables.Count} tables were moved to PostgreSQL; counts and checksums agree");
            }

            await LocalNode.UseDatabaseAsync(cancellationToken);
        }

        await Machine.SystemctlAsync(["restart", HaPaths.GatewayUnit], cancellationToken);
        (await GatewayAsync(cancellationToken)).Dispose();
        return true;
    }

    /// <summary>The gateway on this node, as soon as it answers.</summary>
    /// <param name="serving">As soon as it serves: Pacemaker can report it started a moment before it notices that its database is the primary.</param>
    private async Task<ApiClient> GatewayAsync(CancellationToken cancellationToken, bool serving = false)
    {
        for (var since = clock.GetTimestamp(); ;)
        {
            string problem;
            var api = ApiClient.OverSocket(HaPaths.ControlSocket);
            try
            {
                var status = await api.GetAsync("/api/v2/status", cancellationToken);
                if (!serving || Tables.Text(status, "role") == "active")
                {
                    return api;
                }

                problem = "It is on standby.";
            }
            catch (TgctlException exception)
            {
                problem = exception.Message;
            }

            api.Dispose();
            if (clock.GetElapsedTime(since) > TimeSpan.FromSeconds(60))
            {
                throw new TgctlException($"The gateway on this node does not serve: {problem} See journalctl -u {HaPaths.GatewayUnit}.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(200), clock, cancellationToken);
        }
    }

    /// <summary>Pacemaker would fence a node that comes a few seconds later than it, or that a firewall hides.</summary>
    private async Task SeeEachOtherAsync(ClusterPlan plan, CancellationToken cancellationToken)
    {
        for (var since = clock.GetTimestamp(); !await LocalNode.SeesBothAsync(cancellationToken); await Task.Delay(TimeSpan.FromMilliseconds(300), clock, cancellationToken))
        {
            if (clock.GetElapsedTime(since) > TimeSpan.FromSeconds(60))
            {
                throw new TgctlException(
                    $"Corosync runs on both nodes, but they do not see each other. Let UDP 5405 through between {plan.This.PrivateAddress} and {plan.Peer.PrivateAddress}, and UDP 5406 between {plan.This.PublicAddress} and {plan.Peer.PublicAddress}; see journalctl -u corosync.");
            }
        }
    }

    private async Task<bool> WaitUntilNormalAsync(CancellationToken cancellationToken)
    {
        for (var since = clock.GetTimestamp(); ;)
        {
            var report = await ClusterState.ReadAsync(cancellationToken);
            if (report is { IsNormal: true })
            {
                return true;
            }

            if (clock.GetElapsedTime(since) > Patience)
            {
                throw new TgctlException($"The cluster runs, but is not complete after {Patience.TotalMinutes:0} minutes: {report?.Sentence.ToString() ?? "Pacemaker does not answer"}. See ha_status, and journalctl -u pacemaker on both nodes.");
            }

            await Task.Delay(TimeSpan.FromMilliseconds(500), clock, cancellationToken);
        }
    }

    private async Task<bool> SetHostNameAsync(ClusterPlan plan, DeploymentRequest request, CancellationToken cancellationToken)
    {
        using var api = await GatewayAsync(cancellationToken, serving: true);
        await api.PutAsync(
            "/api/v2/certificates/host-name",
            new
            {
                name = request.HostName ?? plan.VirtualAddress,
                alternativeNames = new[] { plan.VirtualAddress }.Concat(plan.Nodes.Select(member => member.PublicAddress)).Where(name => name != (request.HostName ?? plan.VirtualAddress)),
            },
            cancellationToken);
        // From here on it is the cluster's name, which a teardown takes back.
        await Machine.WriteAsync(ClusterPlan.Path, (plan with { KeepsHostName = false }).ToJson() + "\n", "root:root", cancellationToken);
        return true;
    }

    private static Dictionary<string, byte[]> KeysFor(string name) => ClusterKeys.FilesFor(name).ToDictionary(file => file, ClusterKeys.Read, StringComparer.Ordinal);

    private async Task<T> StepAsync<T>(string what, Func<Task<T>> work)
    {
        _step++;
        var since = Stopwatch.GetTimestamp();
        await output.WriteAsync($"[{_step}/{Steps}] {what}... ");
        await output.FlushAsync();
        var result = await work();
        await output.WriteLineAsync($"done ({Stopwatch.GetElapsedTime(since).TotalSeconds:0.0} s)");
        return result;
    }

    private void Tell(string sentence) => output.WriteLine(sentence);

    private string Unfinished(string how) => _step <= 1
        ? $"ha_deploy {how}. Nothing was changed."
        : $"ha_deploy {how} in step {_step} of {Steps}. Run it again to go on (with ha_provision_standby waiting on the secondary node); each step can be done twice. {Back}";

    private string Back => _step switch
    {
        <= 2 when _redeploys => "To go back run ha_cluster_start on both nodes, this one first.",
        <= 2 => "To go back run ha_teardown here: this node goes on alone with all its data. The secondary node was not changed.",
        <= 4 => "To go back run ha_teardown on both nodes: this node keeps its data and its host common name, and the secondary node its own data, unless the copy was complete.",
        5 or 6 when _hasWitness => "To go back run ha_teardown on both nodes, and systemctl disable --now corosync-qnetd on the witness; this node's data stay.",
        _ => "To go back run ha_teardown on the secondary node, then here; this node's data stay.",
    };
}
