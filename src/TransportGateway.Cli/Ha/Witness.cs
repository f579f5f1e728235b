using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>The third vote: corosync-qnetd on a machine of its own, which the nodes trust and which trusts them by certificates.</summary>
internal static class Witness
{
    private const string Database = "/etc/corosync/qnetd/nssdb";
    private const string Unit = "corosync-qnetd.service";
    private const string Authority = Database + "/qnetd-cacert.crt";
    private static string NodeDatabase => Path.Combine(HaPaths.QDevice, "nssdb");

    public static IEnumerable<string> MissingPackages() =>
        new[] { ("corosync-qnetd", "corosync-qnetd"), ("certutil", "libnss3-tools") }.Where(program => !Machine.IsInstalled(program.Item1)).Select(program => program.Item2);

    /// <summary>On the witness: its authority's certificate, made at the first call.</summary>
    public static async Task<JsonObject> AuthorityAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(Authority))
        {
            await Machine.MustAsync("the witness made its certificates", ["corosync-qnetd-certutil", "-i", "-G"], cancellationToken);
        }

        return new JsonObject { ["authority"] = await File.ReadAllTextAsync(Authority, cancellationToken) };
    }

    /// <summary>On the witness: signs the nodes' certificate, and starts.</summary>
    public static async Task<JsonObject> SignAsync(string cluster, byte[] request, CancellationToken cancellationToken)
    {
        var file = Path.Combine("/etc/corosync/qnetd", "request.crq");
        await File.WriteAllBytesAsync(file, request, cancellationToken);
        await Machine.MustAsync("the witness signed the cluster's certificate", ["corosync-qnetd-certutil", "-s", "-c", file, "-n", cluster, "-G"], cancellationToken);
        File.Delete(file);
        await Machine.SystemctlAsync(["enable", "--quiet", "--now", Unit], cancellationToken);
        await Machine.SystemctlAsync(["restart", Unit], cancellationToken);
        return new JsonObject { ["certificate"] = Convert.ToBase64String(await File.ReadAllBytesAsync(Path.Combine(Database, $"cluster-{cluster}.crt"), cancellationToken)) };
    }

    /// <summary>On the primary node: has the witness sign a certificate for this cluster. Returns what the other node imports.</summary>
    public static async Task<(byte[] Authority, byte[] Bundle)> JoinAsync(ClusterPlan plan, SecretChannel witness, Action<string> progress, CancellationToken cancellationToken)
    {
        var authority = Encoding.UTF8.GetBytes((await witness.AskAsync("witness-authority", [], progress, cancellationToken))["authority"]!.GetValue<string>());
        await ImportAuthorityAsync(authority, cancellationToken);
        await Machine.MustAsync("a certificate for the witness was asked for", ["corosync-qdevice-net-certutil", "-r", "-n", plan.Name], cancellationToken);
        var request = await File.ReadAllBytesAsync(Path.Combine(NodeDatabase, "qdevice-net-node.crq"), cancellationToken);
        var answer = await witness.AskAsync("witness-sign", new JsonObject { ["cluster"] = plan.Name, ["request"] = Convert.ToBase64String(request) }, progress, cancellationToken);
        var file = Path.Combine(NodeDatabase, $"cluster-{plan.Name}.crt");
        await File.WriteAllBytesAsync(file, Convert.FromBase64String(answer["certificate"]!.GetValue<string>()), cancellationToken);
        await Machine.MustAsync("the certificate for the witness was stored", ["corosync-qdevice-net-certutil", "-M", "-c", file], cancellationToken);
        return (authority, await File.ReadAllBytesAsync(Path.Combine(NodeDatabase, "qdevice-net-node.p12"), cancellationToken));
    }

    /// <summary>On the secondary node: the same certificate as the primary node's.</summary>
    public static async Task ImportAsync(byte[] authority, byte[] bundle, CancellationToken cancellationToken)
    {
        await ImportAuthorityAsync(authority, cancellationToken);
        var file = Path.Combine(NodeDatabase, "qdevice-net-node.p12");
        await File.WriteAllBytesAsync(file, bundle, cancellationToken);
        await Machine.MustAsync("the certificate for the witness was stored", ["corosync-qdevice-net-certutil", "-m", "-c", file], cancellationToken);
    }

    private static async Task ImportAuthorityAsync(byte[] authority, CancellationToken cancellationToken)
    {
        // What an earlier cluster left would be in the way.
        await Machine.MustAsync("old certificates for a witness were removed", ["rm", "-rf", NodeDatabase], cancellationToken);
        var file = "/etc/corosync/qnetd-cacert.crt";
        await File.WriteAllBytesAsync(file, authority, cancellationToken);
        await Machine.MustAsync("the witness's authority was stored", ["corosync-qdevice-net-certutil", "-i", "-c", file], cancellationToken);
    }
}
