using System.Net.Sockets;
using System.Text.Json.Nodes;
using TransportGateway.Protocol.Cluster;
using TransportGateway.Simulators;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>Two nodes and a witness with the package installed, and the power switch that fences them.</summary>
internal sealed class LabCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(240);

    private readonly string _folder = Directory.CreateTempSubdirectory("tg-lab-").FullName;
    private PowerSwitch _power = null!;

    private LabCluster(LabNetwork network) => Network = network;

    public LabNetwork Network { get; }

    public LabNode Primary { get; private set; } = null!;

    public LabNode Secondary { get; private set; } = null!;

    public LabNode Witness { get; private set; } = null!;

    public IReadOnlyCollection<string> FencingAsked => _power.Asked;

    public string Folder => _folder;

    public static async Task<LabCluster> CreateAsync()
    {
        var cluster = new LabCluster(await LabNetwork.CreateAsync());
        await cluster.InstallAsync();
        return cluster;
    }

    /// <summary>The three commands, as an administrator gives them, on machines whose gateways run already.</summary>
    public async Task DeployAsync(params string[] more)
    {
        var secret = await NewSecretAsync();
        var standby = Secondary.TalkAsync(secret + "\n", default, "ha_provision_standby", "--secret-file", "-");
        var witness = Witness.TalkAsync(secret + "\n", default, "tgctl", "ha", "provision_witness", "--secret-file", "-");
        await ListeningAsync(Secondary);
        await ListeningAsync(Witness);
        await File.WriteAllTextAsync(Path.Combine(Primary.Folder, "gateway", "fencing.json"), FencingFile());
        var (code, output, errors) = await Primary.TryAsync(DeployCommand(["--witness", Witness.PublicAddress, "--fencing", "/var/lib/transport-gateway/fencing.json", .. more]));
        if (code != 0)
        {
            throw new InvalidOperationException($"ha_deploy ended with {code}: {errors}{output}");
        }

        foreach (var other in new[] { standby, witness })
        {
            var (otherCode, otherOutput, otherErrors) = await other;
            if (otherCode != 0)
            {
                throw new InvalidOperationException($"Provisioning ended with {otherCode}: {otherErrors}{otherOutput}");
            }
        }
    }

    /// <summary>The node that was the secondary one is the primary one of the next cluster.</summary>
    public void SwapNames() => (Primary, Secondary) = (Secondary, Primary);

    private string FencingFile() => $$"""{"agent": "fence_lab", "primary-node": {"plug": "{{Primary.Name}}"}, "secondary-node": {"plug": "{{Secondary.Name}}"} }""";

    /// <summary>Makes keys, where there are none, and a one-time secret.</summary>
    public async Task<string> NewSecretAsync() => JsonNode.Parse(await Primary.RunAsync("ha_generatekeys", "-o", "json"))!["secret"]!.GetValue<string>();

    /// <summary>The command for these machines, without a word on witness and fencing.</summary>
    public string[] DeployCommand(params string[] more) =>
    [
        "ha_deploy", "--vip", LabNetwork.VirtualAddress, "--address", Primary.PublicAddress, "--private-address", Primary.PrivateAddress, "--peer", Secondary.PublicAddress,
        "--peer-private-address", Secondary.PrivateAddress, "--yes", .. more,
    ];

    /// <summary>Starts the gateways on both nodes, each by itself.</summary>
    public async Task StartGatewaysAsync()
    {
        foreach (var node in new[] { Primary, Secondary })
        {
            await node.RunAsync("systemctl", "start", "transport-gateway");
        }
    }

    /// <summary>Installs a package of these sources under another version, as an administrator does.</summary>
    public async Task UpgradeAsync(LabNode node, string version)
    {
        var package = $"transport-gateway_{version}_amd64.deb";
        if (!File.Exists(Path.Combine(_folder, package)))
        {
            await Tool.MustAsync("env", $"VERSION={version}", Path.Combine(Repository, "deploy", "package", "build.sh"), _folder, "--without-runtime");
        }

        File.Copy(Path.Combine(_folder, package), Path.Combine(node.Folder, "gateway", package), overwrite: true);
        // The runtime that these machines have came with no package.
        await node.RunAsync("dpkg", "--install", "--force-depends", $"/var/lib/transport-gateway/{package}");
        await Wait.UntilAsync(
            $"{node.Name} runs {version}",
            async () => (await StatusAsync(node))?["nodes"]!.AsArray().Single(shown => shown!["name"]!.GetValue<string>() == NameOf(node))!["version"]?.GetValue<string>() == version,
            Patience);
    }

    /// <summary>The console on a node, over the control socket.</summary>
    public static async Task<string> TgctlAsync(LabNode node, params string[] arguments) =>
        await node.RunAsync(["tgctl", "--socket", "/var/lib/transport-gateway/control.sock", .. arguments]);

    public LabNode Other(LabNode node) => node == Primary ? Secondary : Primary;

    public LabNode Node(string name) => name == ClusterPlan.PrimaryNode ? Primary : Secondary;

    /// <summary>What the cluster calls a machine.</summary>
    public string NameOf(LabNode node) => node == Primary ? ClusterPlan.PrimaryNode : ClusterPlan.SecondaryNode;

    /// <summary>What a node says of the cluster; null when it cannot say anything.</summary>
    public static async Task<JsonNode?> StatusAsync(LabNode node)
    {
        if (!node.IsOn)
        {
            return null;
        }

        var (code, output, _) = await node.TryAsync("ha_status", "-o", "json");
        return code == 0 ? JsonNode.Parse(output) : null;
    }

    public static Task UntilNormalAsync(LabNode node) => Wait.UntilAsync(
        $"the state is Normal on {node.Name}",
        async () => (await StatusAsync(node))?["state"]?.GetValue<string>() == "Normal",
        Patience,
        async () => (await node.TryAsync("ha_status")).Output + (await node.TryAsync("crm_mon", "-1", "-A", "-f")).Output);

    /// <summary>A product's way to the virtual address.</summary>
    public GatewayClient Client(TrustAnchors anchors, DeviceTransport transport = DeviceTransport.CallHome, TimeSpan? timeout = null, string address = LabNetwork.VirtualAddress) =>
        new(new Uri($"https://{address}"), transport, anchors, new GatewayClientOptions { NewSocket = NewSocket, Timeout = timeout ?? TimeSpan.FromSeconds(60) });

    public TrustAnchors Anchors() => TrustAnchors.FromPem(File.ReadAllText(Path.Combine(Primary.Folder, "gateway", "root.pem")));

    public async ValueTask DisposeAsync()
    {
        // First who switches machines on again that fencing switched off.
        await _power.DisposeAsync();
        await Task.WhenAll(new[] { Primary, Secondary, Witness }.Select(node => node.DisposeAsync().AsTask()));
        await Network.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    private Socket NewSocket() => Network.Inside.NewSocket();

    private async Task InstallAsync()
    {
        var package = Path.Combine(_folder, "package");
        // What is shipped, where somebody has built it; its code is compiled ahead. Otherwise the same files from this build.
        await (Environment.GetEnvironmentVariable("TG_TEST_PACKAGE") is { Length: > 0 } built
            ? Tool.MustAsync("dpkg-deb", "-x", built, package)
            : Tool.MustAsync(Path.Combine(Repository, "deploy", "package", "stage.sh"), package));
        var agents = Directory.CreateDirectory(Path.Combine(_folder, "lab", "usr", "sbin")).FullName;
        File.Copy(Path.Combine(AppContext.BaseDirectory, "Lab", "fence_lab"), Path.Combine(agents, "fence_lab"));
        await Tool.MustAsync("chmod", "755", _folder, Path.Combine(agents, "fence_lab"));
        Primary = new LabNode(Network, _folder, package, "primary-node", 1);
        Secondary = new LabNode(Network, _folder, package, "secondary-node", 2);
        Witness = new LabNode(Network, _folder, package, "witness-node", 3);
        _power = await PowerSwitch.StartAsync(Path.Combine(_folder, "power"), new[] { Primary, Secondary }.ToDictionary(node => node.Name, StringComparer.Ordinal));
        foreach (var node in new[] { Primary, Secondary, Witness })
        {
            await node.PowerOnAsync();
        }

        foreach (var node in new[] { Primary, Secondary, Witness })
        {
            await node.BootedAsync();
        }
    }

    public static Task ListeningAsync(LabNode node) => Wait.UntilAsync(
        $"{node.Name} waits for ha_deploy", async () => (await node.RunAsync("ss", "-Hltn", "sport = :5480")).Length > 0, TimeSpan.FromSeconds(120));

    private static string Repository
    {
        get
        {
            var folder = AppContext.BaseDirectory;
            while (!File.Exists(Path.Combine(folder, "TransportGateway.sln")))
            {
                folder = Path.GetDirectoryName(folder) ?? throw new InvalidOperationException("The repository is not around the tests.");
            }

            return folder;
        }
    }
}
