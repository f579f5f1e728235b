using System.Globalization;
using System.Net;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>What stands in the way of a deployment, from what both nodes say of themselves (<see cref="LocalNode.InspectAsync"/>). Changes nothing.</summary>
internal static class DeploymentChecks
{
    private const long LeastFreeBytes = 512L * 1024 * 1024;
    private static readonly TimeSpan MostClockDifference = TimeSpan.FromSeconds(2);

    /// <summary>All problems at once, each with what to do, and the prefix length of the public network.</summary>
    /// <param name="asked">This node's time when the other one told its own.</param>
    public static (List<string> Problems, int PrefixLength) Of(DeploymentRequest request, JsonNode here, JsonNode there, DateTimeOffset asked)
    {
        var problems = new List<string>();
        foreach (var (name, facts) in new[] { ("This node", here), ("The secondary node", there) })
        {
            if (facts["missing"]!.AsArray() is { Count: > 0 } missing)
            {
                problems.Add($"{name} lacks packages: apt-get install {string.Join(' ', missing)}");
            }

            if (facts["freeBytes"]!.GetValue<long>() is var free and < LeastFreeBytes)
            {
                problems.Add($"{name} has {free / 1024 / 1024} MB free for the database; at least {LeastFreeBytes / 1024 / 1024} MB are needed. Make room and try again.");
            }
        }

        foreach (var (name, _) in new[] { ("This node", here), ("The secondary node", there) }.Where(node => node.Item2["lacksFenceAgent"]!.GetValue<bool>()))
        {
            problems.Add(request.Fencing is { IsWatchdog: true }
                ? $"{name} has no /dev/watchdog, or sbd is not enabled on it. See the operator's guide, Fencing."
                : $"{name} does not have the fence agent {request.Fencing?.Agent}: apt-get install fence-agents, or correct the fencing file.");
        }

        // Corosync looks for its own entry by name before it does by address.
        foreach (var (name, facts, own, other) in new[] { ("This node", here, ClusterPlan.PrimaryNode, ClusterPlan.SecondaryNode), ("The secondary node", there, ClusterPlan.SecondaryNode, ClusterPlan.PrimaryNode) })
        {
            if (Tables.Text(facts, "hostName") == other)
            {
                problems.Add($"{name} has the host name {other}, and Corosync would take it for the other node. Rename it (hostnamectl set-hostname {own}) and try again.");
            }
        }

        CheckStanding(here, there, problems);
        if (Tables.Text(here, "version") != Tables.Text(there, "version"))
        {
            problems.Add($"This node runs version {Tables.Text(here, "version")}, the secondary node {Tables.Text(there, "version")}. Install the same version on both.");
        }

        if (Tables.Text(here, "databasePrograms") != Tables.Text(there, "databasePrograms"))
        {
            problems.Add($"The nodes have different versions of PostgreSQL ({Tables.Text(here, "databasePrograms")}, {Tables.Text(there, "databasePrograms")}). Install the same on both.");
        }

        var difference = (DateTimeOffset.Parse(Tables.Text(there, "time"), CultureInfo.InvariantCulture) - asked).Duration();
        if (difference > MostClockDifference)
        {
            problems.Add($"The clocks of the nodes are {difference.TotalSeconds:0} s apart. Set up time synchronization (NTP) on both and try again.");
        }

        return (problems, CheckAddresses(request, here, there, problems));
    }

    /// <summary>This node's database replaces the other one's, so it has to have everything, and stay the only one that acknowledges while it does.</summary>
    private static void CheckStanding(JsonNode here, JsonNode there, List<string> problems)
    {
        var standing = Tables.Text(here, "standing");
        var (runsHere, runsThere) = (here["clusterRuns"]!.GetValue<bool>(), there["clusterRuns"]!.GetValue<bool>());
        if (standing == Standing.Behind)
        {
            problems.Add("This node may lack what the other one acknowledged, and its database would replace that one's. Run ha_cluster_start on both nodes and wait until ha_status says Normal, or deploy from the other node.");
        }
        else if (runsThere && standing == Standing.StandAlone)
        {
            problems.Add("The secondary node is in a running cluster that this node is not in, and what it acknowledges would be overwritten. Deploy from there after ha_teardown there; or, to give its data up, run ha_teardown there and deploy from here.");
        }
        else if (runsThere && !runsHere)
        {
            problems.Add("The cluster runs on the secondary node and not here, so that one may have acknowledged what this node lacks. Run ha_cluster_start here first.");
        }
        else if (!runsThere && runsHere && here["hasPeer"]!.GetValue<bool>())
        {
            problems.Add("Another machine is this cluster's secondary node, and would take over when this node deploys. Run ha_cluster_stop there first.");
        }
    }

    private static int CheckAddresses(DeploymentRequest request, JsonNode here, JsonNode there, List<string> problems)
    {
        var prefix = 32;
        foreach (var (name, facts, address) in new[]
        {
            ("this node", here, request.Public), ("this node", here, request.Private), ("the secondary node", there, request.PeerPublic), ("the secondary node", there, request.PeerPrivate),
        })
        {
            var known = facts["addresses"]!.AsArray().Select(entry => entry!.GetValue<string>().Split('/')).ToArray();
            if (known.FirstOrDefault(entry => entry[0] == address) is not { } match)
            {
                problems.Add($"{address} is no address of {name}; it has {string.Join(", ", known.Select(entry => entry[0]))}.");
            }
            else if (address == request.Public)
            {
                prefix = int.Parse(match[1], CultureInfo.InvariantCulture);
            }
        }

        if (!IPAddress.TryParse(request.VirtualAddress, out var parsed))
        {
            problems.Add($"'{request.VirtualAddress}' is no IP address. Give the virtual address as a number; --host-name takes the name that leads to it.");
        }
        else if (IPAddress.TryParse(request.Public, out var own)
            && (parsed.AddressFamily != own.AddressFamily || !new IPNetwork(Network(own, prefix), prefix).Contains(parsed)))
        {
            problems.Add($"The virtual address {request.VirtualAddress} is not in the network of {request.Public}/{prefix}. Choose a free address in that network.");
        }

        if (new[] { request.Public, request.PeerPublic, request.Private, request.PeerPrivate, request.Witness }.Contains(request.VirtualAddress))
        {
            problems.Add($"The virtual address {request.VirtualAddress} is a machine's own address. Choose a free one.");
        }

        return prefix;
    }

    private static IPAddress Network(IPAddress address, int prefix)
    {
        var bytes = address.GetAddressBytes();
        for (var i = 0; i < bytes.Length; i++)
        {
            var bits = Math.Clamp(prefix - (i * 8), 0, 8);
            bytes[i] &= (byte)(0xFF << (8 - bits));
        }

        return new IPAddress(bytes);
    }
}
