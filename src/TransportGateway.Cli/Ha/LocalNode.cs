using System.Globalization;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using System.Text.Json.Nodes;

using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>What one node does to become a member, and to stop being one. The same on both nodes; the primary node has its peer do it over a <see cref="SecretChannel"/>.</summary>
internal static class LocalNode
{
    private static readonly (string Program, string Package)[] Programs =
    [
        ("corosync", "corosync"), ("corosync-qdevice", "corosync-qdevice"), ("pacemakerd", "pacemaker"), ("crm_mon", "pacemaker-cli-utils"), ("cibadmin", "pacemaker-cli-utils"),
        ("nft", "nftables"), ("arping", "iputils-arping"), ("curl", "curl"), ("certutil", "libnss3-tools"), ("systemctl", "systemd"),
    ];

    /// <summary>What the primary node has to know before anything is changed.</summary>
    /// <param name="fenceAgent">What both nodes are to be fenced with; null for nothing.</param>
    public static async Task<JsonObject> InspectAsync(string? fenceAgent, CancellationToken cancellationToken) => new()
    {
        ["version"] = Version(),
        ["hostName"] = Environment.MachineName.Split('.')[0],
        ["missing"] = new JsonArray([.. MissingPackages().Select(package => JsonValue.Create(package))]),
        ["databasePrograms"] = DatabasePrograms() ?? "",
        ["freeBytes"] = new DriveInfo(new[] { HaPaths.Database, "/var/lib", "/" }.First(Directory.Exists)).AvailableFreeSpace,
        ["addresses"] = new JsonArray([.. Addresses().Select(address => JsonValue.Create($"{address.Address}/{address.PrefixLength}"))]),
        ["lacksFenceAgent"] = fenceAgent switch
        {
            null => false,
            ClusterPlan.Watchdog => !File.Exists("/dev/watchdog") || !await Machine.IsEnabledAsync("sbd.service", cancellationToken),
            _ => !Machine.IsInstalled(fenceAgent),
        },
        ["standing"] = await Standing.OfThisNodeAsync(cancellationToken),
        ["hasPeer"] = await ClusterState.ReadAsync(cancellationToken) is { } report && report.Members.Single(member => member.Node != report.Plan.This).Online,
        ["clusterRuns"] = await Machine.IsActiveAsync(HaPaths.CorosyncUnit, cancellationToken),
        ["holds"] = await HoldsAsync(cancellationToken),
    };

    /// <summary>Writes everything that a member has, and starts nothing.</summary>
    public static async Task InstallAsync(ClusterPlan plan, FencingPlan? fencing, IReadOnlyDictionary<string, byte[]> keys, byte[]? masterKey, CancellationToken cancellationToken)
    {
        await StopClusterAsync(_ => { }, cancellationToken);
        await Machine.FolderAsync(HaPaths.Keys, "root:root", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, cancellationToken);
        foreach (var (name, content) in keys)
        {
            await Machine.WriteSecretAsync(ClusterKeys.Of(Path.GetFileName(name)), content, "root:root", cancellationToken);
        }

        if (masterKey is not null)
        {
            await Machine.SystemctlAsync(["stop", HaPaths.GatewayUnit], cancellationToken);
            await Machine.FolderAsync(HaPaths.GatewayData, "transport-gateway:transport-gateway", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, cancellationToken);
            if (File.Exists(HaPaths.MasterKey) && !File.Exists(HaPaths.MasterKeyBefore) && !(await File.ReadAllBytesAsync(HaPaths.MasterKey, cancellationToken)).AsSpan().SequenceEqual(masterKey))
            {
                File.Move(HaPaths.MasterKey, HaPaths.MasterKeyBefore);
            }

            await Machine.WriteSecretAsync(HaPaths.MasterKey, masterKey, "transport-gateway:transport-gateway", cancellationToken);
        }

        await InstallDatabaseConfigurationAsync(plan, keys, cancellationToken);
        await Machine.WriteAsync(HaPaths.CorosyncConfiguration, CorosyncConfiguration.Of(plan), "root:root", cancellationToken);
        await Machine.WriteSecretAsync(HaPaths.CorosyncKey, keys[ClusterKeys.Corosync], "root:root", cancellationToken);
        foreach (var stale in Directory.Exists(HaPaths.PacemakerConfiguration) ? Directory.GetFiles(HaPaths.PacemakerConfiguration) : [])
        {
            File.Delete(stale);
        }

        await Machine.WriteSecretAsync(
            Path.Combine(HaPaths.PacemakerConfiguration, "cib.xml"), System.Text.Encoding.UTF8.GetBytes(PacemakerConfiguration.Of(plan, fencing)), "hacluster:haclient", cancellationToken);
        await UseDatabaseAsync(cancellationToken);
        // Last: with it HA is enabled.
        await Machine.WriteAsync(ClusterPlan.Path, plan.ToJson() + "\n", "root:root", cancellationToken);
    }

    public static async Task InstallDatabaseConfigurationAsync(ClusterPlan plan, IReadOnlyDictionary<string, byte[]> keys, CancellationToken cancellationToken)
    {
        const UnixFileMode Owner = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        await Machine.FolderAsync(HaPaths.Database, "postgres:postgres", Owner, cancellationToken);
        await Machine.FolderAsync(PostgreSqlConfiguration.Folder, "postgres:postgres", Owner, cancellationToken);
        foreach (var (name, text) in PostgreSqlConfiguration.Of(plan))
        {
            await WriteDatabaseFileAsync(name, System.Text.Encoding.UTF8.GetBytes(text), cancellationToken);
        }

        await Machine.WriteAsync(HaPaths.DatabaseProgramsEnvironment, $"# Written by tgctl ha.\nPOSTGRESQL_PROGRAMS={plan.DatabasePrograms}\n", "root:root", cancellationToken);
        await WriteDatabaseFileAsync("server.pem", keys[ClusterKeys.CertificateOf(plan.ThisNode)], cancellationToken);
        await WriteDatabaseFileAsync("server.key", keys[ClusterKeys.KeyOf(plan.ThisNode)], cancellationToken);
        foreach (var name in new[] { ClusterKeys.Authority, ClusterKeys.ReplicationCertificate, ClusterKeys.ReplicationKey })
        {
            await WriteDatabaseFileAsync(name, keys[name], cancellationToken);
        }
    }

    /// <summary>Replaces this node's database by a copy of the peer's.</summary>
    public static async Task CopyDatabaseAsync(ClusterPlan plan, TimeProvider clock, Action<string> tell, CancellationToken cancellationToken)
    {
        await Machine.SystemctlAsync(["stop", HaPaths.DatabaseUnit], cancellationToken);
        await Machine.RunAsync("systemctl", ["disable", HaPaths.DatabaseUnit], cancellationToken);
        var fresh = PostgreSqlConfiguration.Data + ".new";
        await Machine.MustAsync("an unfinished copy was removed", ["rm", "-rf", fresh], cancellationToken);
        var copy = AsPostgresAsync("the database was copied from the other node", [Path.Combine(plan.DatabasePrograms, "pg_basebackup"), "-D", fresh, "-X", "stream", "-c", "fast", "-d", PostgreSqlConfiguration.PeerAddress(plan)], cancellationToken);
        while (await Task.WhenAny(copy, Task.Delay(TimeSpan.FromSeconds(5), clock, cancellationToken)) != copy && !cancellationToken.IsCancellationRequested)
        {
            tell($"  {await SizeAsync(fresh, cancellationToken)} are here");
        }

        await copy;
        await AsPostgresAsync("the copy was marked as a standby", ["touch", Path.Combine(fresh, "standby.signal")], cancellationToken);
        await Machine.MustAsync("this node's own database was removed", ["rm", "-rf", PostgreSqlConfiguration.Data], cancellationToken);
        // From here on the other node's key is the one that belongs to what is here.
        File.Delete(HaPaths.MasterKeyBefore);
        Directory.Move(fresh, PostgreSqlConfiguration.Data);
        await Machine.WriteAsync(LocalDatabase.State, "standby\n", "postgres:postgres", cancellationToken);
        File.Delete(LocalDatabase.Rejoining);
    }

    /// <summary>Enables and starts the cluster's services here; they come back at every boot.</summary>
    public static async Task StartClusterAsync(ClusterPlan plan, Action<string> tell, CancellationToken cancellationToken)
    {
        await StartMembershipAsync(plan, tell, cancellationToken);
        await StartResourcesAsync(tell, cancellationToken);
    }

    /// <summary>The part that sees who is there, and decides nothing.</summary>
    public static async Task StartMembershipAsync(ClusterPlan plan, Action<string> tell, CancellationToken cancellationToken)
    {
        await Machine.SystemctlAsync(["disable", "--now", HaPaths.DatabaseUnit], cancellationToken);
        await Machine.SystemctlAsync(["enable", "--quiet", HaPaths.CorosyncUnit, HaPaths.PacemakerUnit, HaPaths.GatewayUnit], cancellationToken);
        tell("Starting Cluster (corosync)...");
        await Machine.SystemctlAsync(["start", HaPaths.CorosyncUnit], cancellationToken);
        if (plan.Witness is not null)
        {
            await Machine.SystemctlAsync(["enable", "--quiet", "--now", HaPaths.QDeviceUnit], cancellationToken);
        }

    }

    /// <summary>The part that runs what the cluster is for, and fences whom it does not see.</summary>
    public static async Task StartResourcesAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        tell("Starting Cluster (pacemaker)...");
        await Machine.SystemctlAsync(["start", HaPaths.PacemakerUnit], cancellationToken);
        await Machine.SystemctlAsync(["enable", "--quiet", "--now", HaPaths.SwitchoverUnit], cancellationToken);
        await Machine.SystemctlAsync(["start", "--no-block", HaPaths.GatewayUnit], cancellationToken);
    }

    /// <summary>Whether Corosync here has both nodes as members.</summary>
    public static async Task<bool> SeesBothAsync(CancellationToken cancellationToken) =>
        (await Machine.RunAsync("corosync-quorumtool", ["-s"], cancellationToken)).Output.Split('\n').Any(line => line.StartsWith("Nodes:", StringComparison.Ordinal) && line.TrimEnd().EndsWith(" 2", StringComparison.Ordinal));

    /// <summary>Stops the cluster's services here. Pacemaker drains first: requests finish, then the other node takes over.</summary>
    public static async Task StopClusterAsync(Action<string> tell, CancellationToken cancellationToken)
    {
        tell("Stopping Cluster (pacemaker)...");
        await Machine.RunAsync("systemctl", ["stop", HaPaths.PacemakerUnit], cancellationToken);
        tell("Stopping Cluster (corosync)...");
        await Machine.RunAsync("systemctl", ["stop", HaPaths.QDeviceUnit, HaPaths.CorosyncUnit], cancellationToken);
    }

    public static IEnumerable<string> MissingPackages()
    {
        var missing = Programs.Where(program => !Machine.IsInstalled(program.Program)).Select(program => program.Package);
        if (!File.Exists("/usr/lib/ocf/resource.d/heartbeat/IPaddr2"))
        {
            missing = missing.Append("resource-agents");
        }

        return (DatabasePrograms() is null ? missing.Append("postgresql") : missing).Distinct(StringComparer.Ordinal);
    }

    /// <summary>The newest PostgreSQL that Debian installed; null when there is none.</summary>
    public static string? DatabasePrograms() => Directory.Exists("/usr/lib/postgresql")
        ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin"))
            .Where(folder => File.Exists(Path.Combine(folder, "pg_rewind")) && File.Exists(Path.Combine(folder, "initdb")))
            .MaxBy(folder => int.TryParse(Path.GetFileName(Path.GetDirectoryName(folder)), CultureInfo.InvariantCulture, out var version) ? version : 0)
        : null;

    public static string Version() => File.Exists(HaPaths.Version) ? File.ReadAllText(HaPaths.Version).Trim() : typeof(LocalNode).Assembly.GetName().Version!.ToString(3);

    /// <summary>The addresses of this machine, without loopback and link-local ones.</summary>
    public static IEnumerable<UnicastIPAddressInformation> Addresses() => NetworkInterface.GetAllNetworkInterfaces()
        .Where(link => link.NetworkInterfaceType != NetworkInterfaceType.Loopback)
        .SelectMany(link => link.GetIPProperties().UnicastAddresses)
        .Where(address => address.Address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6 && !address.Address.IsIPv6LinkLocal);

    /// <summary>What a gateway on this machine holds, in words; what would be lost.</summary>
    private static async Task<string> HoldsAsync(CancellationToken cancellationToken)
    {
        if (await LocalDatabase.HoldsAsync(cancellationToken) is { } held)
        {
            return held;
        }

        if (File.Exists(HaPaths.ControlSocket))
        {
            try
            {
                using var api = ApiClient.OverSocket(HaPaths.ControlSocket);
                var accounts = (await api.GetAsync("/api/v2/accounts", cancellationToken)).AsArray().Select(account => Tables.Text(account!, "name")).ToArray();
                return InWords(accounts, Tables.Text(await api.GetAsync("/api/v2/status", cancellationToken), "productInstances"));
            }
            catch (TgctlException)
            {
                // It does not answer now; what it wrote is there all the same.
            }
        }

        var own = new FileInfo(HaPaths.OwnFile);
        return LocalDatabase.Exists ? "a PostgreSQL database of a gateway, which does not answer now"
            : own.Exists ? string.Create(CultureInfo.InvariantCulture, $"a gateway that does not answer now, with {own.Length / 1024} kB in {own.FullName}, last written at {own.LastWriteTimeUtc:yyyy-MM-dd HH:mm} UTC")
            : "nothing";
    }

    public static string InWords(IReadOnlyCollection<string> accounts, string instances) => accounts.Count == 0 && instances == "0"
        ? "nothing"
        : $"{accounts.Count} local account(s) ({string.Join(", ", accounts.Take(5))}{(accounts.Count > 5 ? ", ..." : "")}) and {instances} product instance(s)";

    private static async Task<string> SizeAsync(string folder, CancellationToken cancellationToken) =>
        (await Machine.RunAsync("du", ["-sh", folder], cancellationToken)).Output.Split('\t')[0] is { Length: > 0 } size ? size : "0";

    /// <summary>Has the gateway use this node's PostgreSQL from its next start on, whatever its own configuration says.</summary>
    public static Task UseDatabaseAsync(CancellationToken cancellationToken) => Machine.WriteAsync(
        HaPaths.DatabaseEnvironment,
        $"""
        # Written by tgctl ha; counts over gateway.json.
        TG_DATABASE=postgresql
        TG_POSTGRESQL_CONNECTION="{PostgreSqlConfiguration.GatewayConnection}"

        """,
        "root:root",
        cancellationToken);

    public static Task<string> AsPostgresAsync(string what, IReadOnlyList<string> command, CancellationToken cancellationToken) =>
        Machine.MustAsync(what, ["setpriv", "--reuid=postgres", "--regid=postgres", "--init-groups", "--", .. command], cancellationToken);

    private static Task WriteDatabaseFileAsync(string name, byte[] content, CancellationToken cancellationToken) =>
        Machine.WriteSecretAsync(Path.Combine(PostgreSqlConfiguration.Folder, name), content, "postgres:postgres", cancellationToken);
}
