using System.Diagnostics;
using System.Globalization;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using TransportGateway.Cluster.Tests.Lab;
using TransportGateway.Simulators;

namespace TransportGateway.Cluster.Tests;

/// <summary>The story that the cluster is measured by, word for word: failover, fallback and teardown on two real nodes.</summary>
public sealed class StoryTests : IAsyncLifetime
{
    private const string SmartAccount = "annanr.example.com";
    private const string FirstAccount = "annanr-ssm-on-prem-8-202105";
    private const int CentralPort = 9443;

    private readonly Dictionary<string, SimulatedProduct> _products = new(StringComparer.Ordinal);
    private readonly List<GatewayClient> _clients = [];
    private LabCluster _cluster = null!;
    private Process? _central;

    private LabNode Primary => _cluster.Primary;

    private LabNode Secondary => _cluster.Secondary;

    public async Task InitializeAsync()
    {
        _cluster = await LabCluster.CreateAsync();
        await StartCentralAsync();
    }

    public async Task DisposeAsync()
    {
        foreach (var product in _products.Values)
        {
            product.Dispose();
        }

        _clients.ForEach(client => client.Dispose());
        _central?.Kill(entireProcessTree: true);
        _central?.Dispose();
        await _cluster.DisposeAsync();
    }

    [Fact]
    public async Task Accounts_products_and_licences_survive_failover_and_fallback_and_the_nodes_go_on_alone_after_teardown()
    {
        await SetUpFirstAccountAsync();
        Assert.Contains("HA is not enabled.", await Primary.RunAsync("ha_status"), StringComparison.Ordinal);

        // 1. Deploy; the status is Normal on both nodes, and each shows the other.
        await Secondary.RunAsync("systemctl", "start", "transport-gateway");
        await _cluster.DeployAsync();
        await NormalAsync(active: Primary);
        await ReplicatesAsync(master: Primary, slave: Secondary);
        await SynchronizeAsync(Primary, FirstAccount);

        // 2. Two products register at the virtual address.
        var token = (await LabCluster.TgctlAsync(Primary, "token", "create", "--quiet", "--account", FirstAccount)).Trim();
        await RegisterAsync(SeedProducts.Annanr39, token);
        await RegisterAsync(SeedProducts.Cucmpub, token);

        // 3. The primary node is stopped: the secondary one serves, accounts synchronise, two more products register.
        Assert.Contains("Stopping Cluster (pacemaker)...\nStopping Cluster (corosync)...", await Primary.RunAsync("ha_cluster_stop"), StringComparison.Ordinal);
        await DegradedAsync(active: Secondary, away: Primary);
        var stopped = await Primary.RunAsync("ha_status");
        Assert.Contains("Error: cluster is not currently running on this node", stopped, StringComparison.Ordinal);
        Assert.Contains("DB service not currently running.", stopped, StringComparison.Ordinal);
        // It has handed over, and says so, although its database says nothing.
        await Wait.UntilAsync("the stopped node is not active", async () => (await MetricsAsync(Primary)).Contains("active 0\n", StringComparison.Ordinal), TimeSpan.FromSeconds(30), () => MetricsAsync(Primary));
        Assert.Contains("active 1\n", await MetricsAsync(Secondary), StringComparison.Ordinal);
        await SynchronizeAsync(Secondary, FirstAccount);
        await RegisterAsync(SeedProducts.Pi37, token);
        await RegisterAsync(SeedProducts.CucmPub30, token);

        // 4. A new account on the node that serves.
        await LabCluster.TgctlAsync(Secondary, "account", "request", "TEST", "--smart-account", SmartAccount, "--virtual-account", "TEST123", "--email", "licences@example.com");
        await LabCluster.TgctlAsync(Secondary, "account", "approve", "TEST");
        await LabCluster.TgctlAsync(Secondary, "account", "register", "TEST");

        // 5. The primary node comes back as standby; the roles stay as they are.
        Assert.Contains("Starting Cluster (corosync)...\nStarting Cluster (pacemaker)...", await Primary.RunAsync("ha_cluster_start"), StringComparison.Ordinal);
        await NormalAsync(active: Secondary);
        await ReplicatesAsync(master: Secondary, slave: Primary);

        // 6. The secondary node is stopped: the primary one serves, with the new account, all products and all licences.
        await Secondary.RunAsync("ha_cluster_stop");
        await DegradedAsync(active: Primary, away: Secondary);
        Assert.Contains("TEST", await LabCluster.TgctlAsync(Primary, "account", "list"), StringComparison.Ordinal);
        await EverythingIsThereAsync(Primary);
        await SynchronizeAsync(Primary, "TEST");

        // 7. It comes back, and the account synchronises on.
        await Secondary.RunAsync("ha_cluster_start");
        await NormalAsync(active: Primary);
        await ReplicatesAsync(master: Primary, slave: Secondary);
        await SynchronizeAsync(Primary, "TEST");
        await SynchronizeAsync(Primary, FirstAccount);
        foreach (var product in _products.Values)
        {
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        }

        await UploadBrowserCertificateAsync();

        // Beyond the story: a switchover that an administrator asks for at the virtual address, and the way back; who is signed in stays so.
        await SwitchOverOverRestAsync(from: Primary, to: Secondary);
        await SwitchOverOverRestAsync(from: Secondary, to: Primary);

        // 8. Teardown: the standby first, then the active node, which goes on alone under its own address.
        await TearDownAsync(Secondary);
        await DegradedAsync(active: Primary, away: Secondary);
        await TearDownAsync(Primary);
        Assert.Equal("", await Primary.RunAsync("nft", "list", "tables", "inet"));
        await EverythingIsThereAsync(Primary);
        Assert.Contains("browsers.example.com", await LabCluster.TgctlAsync(Primary, "certificate", "show"), StringComparison.Ordinal);
        Assert.Equal("False", JsonNode.Parse(await Primary.RunAsync("curl", "-sS", "--unix-socket", "/var/lib/transport-gateway/control.sock", "http://localhost/api/v2/cluster"))!["enabled"]!.GetValue<bool>().ToString());
        await SynchronizeAsync(Primary, FirstAccount);
        await SynchronizeAsync(Primary, "TEST");
        await RegisterAsync(SeedProducts.UnifiedCm("after-teardown", Guid.NewGuid().ToString("N"), new Entitlement(EntitlementTags.UcmBasic, 1)), token, Primary.PublicAddress);

        // Beyond the story: torn-down nodes are deployed again, with keys of their own and all that they have.
        await _cluster.DeployAsync();
        await NormalAsync(active: Primary);
        foreach (var product in _products.Values)
        {
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        }
    }

    private static Task<string> MetricsAsync(LabNode node) => node.RunAsync("curl", "-sS", "--unix-socket", "/var/lib/transport-gateway/control.sock", "http://localhost/metrics");

    /// <summary>One for browsers, of the site's own authority; it has to be there after the teardown.</summary>
    private async Task UploadBrowserCertificateAsync()
    {
        const string Folder = "/var/lib/transport-gateway";
        using var key = RSA.Create(2048);
        var request = new CertificateRequest("CN=browsers.example.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("browsers.example.com");
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        // serverAuth
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], false));
        var now = TimeProvider.System.GetUtcNow();
        using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(300));
        await File.WriteAllTextAsync(Path.Combine(Primary.Folder, "gateway", "browser.pem"), certificate.ExportCertificatePem());
        await File.WriteAllTextAsync(Path.Combine(Primary.Folder, "gateway", "browser.key"), key.ExportPkcs8PrivateKeyPem());
        await LabCluster.TgctlAsync(Primary, "certificate", "upload", Folder + "/browser.pem", "--key", Folder + "/browser.key", "--issuer-ca", Folder + "/browser.pem");
    }

    private async Task SetUpFirstAccountAsync()
    {
        await Primary.RunAsync("systemctl", "start", "transport-gateway");
        foreach (var file in new[] { "client-secret", "root.pem" })
        {
            File.Copy(Path.Combine(_cluster.Folder, "central", file), Path.Combine(Primary.Folder, "gateway", "central-" + file));
        }

        var address = string.Create(CultureInfo.InvariantCulture, $"https://{LabNetwork.ClientAddress}:{CentralPort}");
        const string Files = "/var/lib/transport-gateway/central-";
        await LabCluster.TgctlAsync(
            Primary, "central", "set", "--address", address, "--token-address", address + "/as/token.oauth2", "--client-id-at-cisco", "gateway", "--client-secret-file", Files + "client-secret",
            "--exchange-anchors", Files + "root.pem", "--tls-anchors", Files + "root.pem");
        await LabCluster.TgctlAsync(Primary, "account", "request", FirstAccount, "--smart-account", SmartAccount, "--virtual-account", "On-Prem", "--email", "licences@example.com");
        await LabCluster.TgctlAsync(Primary, "account", "approve", FirstAccount);
        await LabCluster.TgctlAsync(Primary, "account", "register", FirstAccount);
    }

    private async Task StartCentralAsync()
    {
        var program = Path.Combine(AppContext.BaseDirectory, "tgsim.dll");
        _central = Process.Start(new ProcessStartInfo("nsenter", ["-t", $"{_cluster.Network.Process}", "-n", "dotnet", program, "central", "run", "--state", Path.Combine(_cluster.Folder, "central"),
            "--address", LabNetwork.ClientAddress, "--port", $"{CentralPort}", "--smart-account", SmartAccount])
        {
            UseShellExecute = false,
            RedirectStandardOutput = true,
        })!;
        while (await _central.StandardOutput.ReadLineAsync() is { } line && !line.StartsWith("Files are answered", StringComparison.Ordinal))
        {
            // It is ready when it has said how to point a gateway at it.
        }

        _ = _central.StandardOutput.ReadToEndAsync();
    }

    private static async Task SynchronizeAsync(LabNode node, string account) => Assert.Contains(
        $"{account}: Synchronization Successful", await LabCluster.TgctlAsync(node, "sync", "start", "--account", account, "--wait"), StringComparison.Ordinal);

    private async Task RegisterAsync(ProductDefinition definition, string token, string address = LabNetwork.VirtualAddress)
    {
        var client = _cluster.Client(_cluster.Anchors(), address: address);
        _clients.Add(client);
        var product = new SimulatedProduct(new SimulatedProductOptions { Product = definition, Gateway = client });
        _products.Add(definition.Name, product);
        Assert.Equal("Registration completed successfully", (await product.RegisterAsync(token)).Display);
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
    }

    private async Task NormalAsync(LabNode active)
    {
        foreach (var node in new[] { Primary, Secondary })
        {
            await LabCluster.UntilNormalAsync(node);
            await StatusIsAsync(node, "Normal", "The status of the high availability cluster is normal.", "Connected", active, "Standby");
        }
    }

    private async Task DegradedAsync(LabNode active, LabNode away)
    {
        await Wait.UntilAsync(
            $"{active.Name} serves",
            async () => (await active.TryAsync("curl", "-fsSk", $"https://{LabNetwork.VirtualAddress}/readyz")).Code == 0 && (await LabCluster.StatusAsync(active))?["heartbeat"]?.GetValue<string>() == "Disconnected",
            TimeSpan.FromSeconds(60));
        await StatusIsAsync(active, "Degraded", "The cluster is degraded One of the cluster nodes is offline", "Disconnected", active, "Degraded");
        Assert.False(away == active);
    }

    /// <summary>What a node's REST API shows, with both cards.</summary>
    private async Task StatusIsAsync(LabNode node, string state, string sentence, string heartbeat, LabNode active, string standbyBadge)
    {
        JsonNode? shown = null;
        await Wait.UntilAsync(
            $"{node.Name} shows {state} with {active.Name} active",
            async () =>
            {
                var (code, text, _) = await node.TryAsync("curl", "-sS", "--unix-socket", "/var/lib/transport-gateway/control.sock", "http://localhost/api/v2/cluster");
                shown = code == 0 && text.Length > 0 ? JsonNode.Parse(text) : null;
                // A node that has just come back tells its memory, disk and version with its next heartbeat.
                return shown?["state"]?.GetValue<string>() == state && shown["witness"]?["votes"]?.GetValue<bool>() == true && shown["active"]?["name"]?.GetValue<string>() == active.Name
                    && (standbyBadge != "Standby" || (shown["standby"]?["memoryBytes"] is not null && shown["replication"]?["state"]?.GetValue<string>() == "streaming"));
            },
            TimeSpan.FromSeconds(120),
            () => Task.FromResult(shown?.ToJsonString() ?? "nothing"));
        var other = _cluster.Other(active);
        Assert.Equal((sentence, heartbeat, LabNetwork.VirtualAddress), (shown!["sentence"]!.GetValue<string>(), shown["heartbeat"]!.GetValue<string>(), shown["virtualAddress"]!.GetValue<string>()));
        Assert.Equal(("Active", active.PublicAddress, active.PrivateAddress), Card(shown["active"]!));
        Assert.Equal((standbyBadge, other.PublicAddress, other.PrivateAddress), Card(shown["standby"]!));
        Assert.Equal((LabNetwork.WitnessAddress, true), (shown["witness"]!["address"]!.GetValue<string>(), shown["witness"]!["votes"]!.GetValue<bool>()));
        Assert.Equal(("fence_lab", standbyBadge == "Standby"), (shown["fencing"]!["agent"]!.GetValue<string>(), shown["fencing"]!["ready"]!.GetValue<bool>()));
        // The node that is away shows what it said last.
        foreach (var card in new[] { shown["active"]!, shown["standby"]! })
        {
            Assert.True(card["memoryBytes"]!.GetValue<long>() > card["memoryFreeBytes"]!.GetValue<long>());
            Assert.True(card["diskBytes"]!.GetValue<long>() > card["diskFreeBytes"]!.GetValue<long>());
            Assert.InRange(card["lastHeartbeat"]!.GetValue<DateTimeOffset>(), TimeProvider.System.GetUtcNow().AddMinutes(-5), TimeProvider.System.GetUtcNow().AddMinutes(1));
        }

        Assert.Equal(shown["active"]!["version"]!.GetValue<string>(), shown["standby"]!["version"]!.GetValue<string>());
        if (standbyBadge == "Standby")
        {
            var replication = shown["replication"]!;
            Assert.Equal((node == active ? "master" : "slave", node == active), (replication["role"]!.GetValue<string>(), replication["waitsForStandby"]!.GetValue<bool>()));
            Assert.True(replication["lagBytes"]!.GetValue<long>() >= 0);
        }
    }

    private static (string Badge, string Public, string Private) Card(JsonNode card) =>
        (card["badge"]!.GetValue<string>(), card["publicAddress"]!.GetValue<string>(), card["privateAddress"]!.GetValue<string>());

    private static async Task ReplicatesAsync(LabNode master, LabNode slave)
    {
        var there = await master.RunAsync("ha_status");
        Assert.Contains($"Database is currently the replication master - Replicating to {slave.Name} ({slave.PrivateAddress})", there, StringComparison.Ordinal);
        Assert.Contains($"{slave.Name}: Online", there, StringComparison.Ordinal);
        Assert.Contains("pacemaker: active/enabled", there, StringComparison.Ordinal);
        Assert.Contains("streaming", there, StringComparison.Ordinal);
        var here = await slave.RunAsync("ha_status");
        Assert.Contains($"Database is currently the replication slave - Replicating from {master.Name} ({master.PrivateAddress})", here, StringComparison.Ordinal);
        Assert.Contains("(0 rows)", here, StringComparison.Ordinal);
    }

    private async Task SwitchOverOverRestAsync(LabNode from, LabNode to)
    {
        using var browser = new AdministratorAtAddress(_cluster);
        await browser.SignInAsync(from);
        Assert.Contains("primary-node (192.168.77.1)", await browser.PageAsync(), StringComparison.Ordinal);

        Assert.Equal("waiting", (await browser.SwitchOverAsync())["switchover"]!["state"]!.GetValue<string>());
        Assert.Equal("no-switchover", (await browser.SwitchOverAsync())["type"]!.GetValue<string>().Split(':')[^1]);
        await NormalAsync(active: to);
        Assert.Contains($"A switchover from {from.Name} to {to.Name} was asked for.", await browser.PageAsync("/events"), StringComparison.Ordinal);
        var shown = await browser.PageAsync();
        Assert.True(shown.IndexOf($"{to.Name} (", StringComparison.Ordinal) < shown.IndexOf($"{from.Name} (", StringComparison.Ordinal), shown);
        // The node that was asked is ready for the next one.
        await Wait.UntilAsync(
            $"the request for a switchover is gone from {from.Name}", () => Task.FromResult(!File.Exists($"/proc/{from.Process}/root/run/transport-gateway/switchover")), TimeSpan.FromSeconds(60));
    }

    private static async Task EverythingIsThereAsync(LabNode node)
    {
        var instances = JsonNode.Parse(await LabCluster.TgctlAsync(node, "instance", "list", "--account", FirstAccount, "-o", "json"))!.AsArray().Select(instance => instance!["name"]!.GetValue<string>());
        Assert.Equal(["UDI_PID:PI-SOFTWARE;UDI_SN:annanr-39;", "UDI_PID:PI-SOFTWARE;UDI_SN:pi37;", "cucm-pub-30", "cucmpub"], instances.Order(StringComparer.Ordinal));
        var licenses = JsonNode.Parse(await LabCluster.TgctlAsync(node, "license", "list", "--account", FirstAccount, "-o", "json"))!.AsArray();
        Assert.All(licenses, row => Assert.Equal((0, "Insufficient Licenses"), (row!["purchased"]!.GetValue<int>(), row["alert"]!.GetValue<string>())));
        Assert.Equal(
            [
                ("Prime Infrastructure 3.x, Assurance Lic.", 2, -2),
                ("Prime Infrastructure 3.x, BASE Lic.", 2, -2),
                ("Prime Infrastructure 3.x, Lifecycle Lic.", 48, -48),
                ("UC Manager Basic License (12.x)", 2, -2),
                ("UC Manager Enhanced License (12.x)", 47, -47),
                ("UC Manager Enhanced Plus License (12.x)", 1, -1),
                ("UC Manager Essential License (12.x)", 4, -4),
                ("UC Manager Telepresence Room License (12.x)", 1, -1),
            ],
            licenses.Select(row => (row!["license"]!.GetValue<string>(), row["inUse"]!.GetValue<int>(), row["balance"]!.GetValue<int>())).OrderBy(row => row.Item1, StringComparer.OrdinalIgnoreCase));
    }

    private static async Task TearDownAsync(LabNode node)
    {
        var (refused, _, asked) = await node.TalkAsync("no\n", default, "ha_teardown");
        Assert.Equal(1, refused);
        Assert.Contains("WARNING: You are about to destroy the HA cluster configuration", asked, StringComparison.Ordinal);
        Assert.Contains("Destroy HA cluster and convert to stand-alone? Enter 'yes' to continue:", asked, StringComparison.Ordinal);

        var (code, said, errors) = await node.TalkAsync("yes\n", default, "ha_teardown");
        Assert.True(code == 0, errors + said);
        Assert.Contains("HA cluster has been destroyed.  The transport gateway is now in stand-alone mode.", said, StringComparison.Ordinal);
        Assert.Contains($"The host common name is {node.PublicAddress} now. Synchronize", said, StringComparison.Ordinal);
        var status = await node.RunAsync("ha_status");
        Assert.Contains("Error: cluster is not currently running on this node", status, StringComparison.Ordinal);
        Assert.Contains("HA is not enabled.", status, StringComparison.Ordinal);
        Assert.Equal(node.PublicAddress, JsonNode.Parse(await LabCluster.TgctlAsync(node, "certificate", "host-name", "show", "-o", "json"))!["name"]!.GetValue<string>());
    }
}
