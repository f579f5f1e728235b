using System.Net;
using System.Net.Security;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Cluster;
using TransportGateway.Events;
using TransportGateway.Hosting;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Simulators;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Cluster;

/// <summary>Two gateways on a real PostgreSQL and its synchronous standby: one serves, the other one waits, and takes over with everything.</summary>
public sealed class StandbyTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("tg-nodes-").FullName;
    private readonly KeySet _keys = new();
    private readonly CapturedLog _log = new();
    private PostgreSqlPair _databases = null!;
    private Gateway _primary = null!;
    private Gateway _secondary = null!;

    public async Task InitializeAsync()
    {
        _databases = await PostgreSqlPair.StartAsync();
        _primary = await StartAsync("primary", _databases.Primary);
        // A deployment brings the master key to the other node.
        Directory.CreateDirectory(Path.Combine(_folder, "secondary"));
        File.Copy(Path.Combine(_folder, "primary", "master.key"), Path.Combine(_folder, "secondary", "master.key"));
        _secondary = await StartAsync("secondary", _databases.Standby);
    }

    public async Task DisposeAsync()
    {
        await _secondary.StopAsync();
        await _secondary.DisposeAsync();
        await _primary.StopAsync();
        await _primary.DisposeAsync();
        await _databases.DisposeAsync();
        _keys.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task The_standby_answers_health_and_status_only_under_the_same_certificate()
    {
        Assert.True(_primary.IsActive);
        Assert.False(_secondary.IsActive);
        Assert.Equal(_primary.Fingerprint, _secondary.Fingerprint);
        Assert.Equal(Thumbprint(_primary), Thumbprint(_secondary));
        Assert.Equal("standby", JsonNode.Parse(await TgctlAsync("secondary", "status", "-o", "json"))!["role"]!.ToString());
        Assert.Equal("active", JsonNode.Parse(await TgctlAsync("primary", "status", "-o", "json"))!["role"]!.ToString());
        Assert.Contains("This node is on standby; the other node serves.", await RefusedAsync("secondary", "account", "list"), StringComparison.Ordinal);

        using var client = Client(_secondary);
        var refused = Assert.IsType<ProductResult.Unverifiable>(await Product(client).RegisterAsync("a-token")).Answer;
        Assert.Equal((503, TimeSpan.FromSeconds(5)), (refused.Status, refused.RetryAfter));
        using var callHome = Client(_secondary, DeviceTransport.CallHome);
        var fault = await callHome.PostAsync("<x/>"u8.ToArray(), "text/xml");
        Assert.Equal((503, "soap-env:Receiver"), (fault.Http.Status, fault.FaultCode));
        Assert.StartsWith("This node is on standby; the other node serves.", fault.Fault, StringComparison.Ordinal);
        Assert.Contains(_log.Lines, line => line.Contains("call-home 127.0.0.1 - - NOT_SERVED (This node is on standby;", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_browsers_session_reads_what_the_standby_serves_without_being_noted_as_used()
    {
        var services = _primary.Services;
        var user = Assert.IsType<CreateUser.Outcome.Created>(await services.GetRequiredService<CreateUser>().ExecuteAsync(
            new CreateUser.Request(Caller.Local("a test"), "boss", Roles.SystemAdministrator, People.Password, PasswordMustChange: false), CancellationToken.None)).User;
        var secret = Assert.IsType<SignIn.Outcome.SignedIn>(await services.GetRequiredService<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None)).Session;
        await using (var session = await services.GetRequiredService<Database>().BeginAsync())
        {
            await session.ExecuteAsync("UPDATE sessions SET last_used_at = last_used_at - 120000", null, CancellationToken.None);
            await session.CommitAsync();
        }

        var standby = _secondary.Services.GetRequiredService<Database>();
        await Wait.UntilAsync(async () =>
        {
            await using var session = await standby.ReadAsync();
            return await session.ScalarAsync<long>("SELECT COUNT(*) FROM sessions WHERE last_used_at < @Now", new { Now = TimeProvider.System.GetUtcNow().AddMinutes(-2) }, CancellationToken.None) == 1;
        });
        using var http = new HttpClient(new SocketsHttpHandler
        {
            UseCookies = false,
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = UpstreamRoute.ChainPolicyOf(await File.ReadAllTextAsync(Path.Combine(_folder, "secondary", "root.pem"))) },
        });
        foreach (var path in new[] { "/api/v2/cluster", "/api/v2/status", "/api/v2/time" })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, AddressOf(_secondary) + path) { Headers = { { "Cookie", $"{SessionCookie.Name}={secret.Value}" } } };
            using var answer = await http.SendAsync(request);
            Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {answer.StatusCode} {await answer.Content.ReadAsStringAsync()}");
        }
    }

    [Fact]
    public async Task A_certificate_that_changes_on_the_active_node_is_served_by_the_standby_too()
    {
        var before = Thumbprint(_secondary);

        await TgctlAsync("primary", "certificate", "host-name", "set", "licences.example.com", "--alternative-name", "localhost", "--yes");

        await Wait.UntilAsync(() => Thumbprint(_secondary) == Thumbprint(_primary) && Thumbprint(_secondary) != before);
    }

    [Fact]
    public async Task The_standby_takes_over_with_products_certificates_and_an_open_synchronisation_without_anyone_asking()
    {
        await using var central = await SoftwareCentral.StartAsync(Path.Combine(_folder, "central"), TimeProvider.System, newKey: _keys.Next);
        central.AddSmartAccount("example.com");
        await SetUpAccountAsync(central);
        using var toPrimary = Client(_primary);
        using var toSecondary = Client(_secondary);
        var keeps = Product(toPrimary);
        Assert.IsType<ProductResult.Accepted>(await keeps.RegisterAsync(await CreateTokenAsync(_primary)));
        Assert.IsType<ProductResult.Accepted>(await keeps.AuthorizeAsync());
        central.Faults.Add(CentralStep.Part, CentralFault.ServerError, times: 1000);
        await TgctlAsync("primary", "sync", "start", "--account", "TEST");
        await Wait.UntilAsync(() => central.Faults.Happened.Count > 0);

        await _databases.KillPrimaryAsync();
        await _databases.PromoteStandbyAsync();
        central.Faults.Clear();
        await Wait.UntilAsync(() => _secondary.IsActive);

        // Messages are made for a gateway, not for a node: what the product learnt from one counts at the other.
        Assert.Equal("OK", (await DeviceGateway.WireAnswers.PostAsync(toSecondary, keeps.DraftAuthorization().Seal())).Status);
        Assert.IsType<ProductResult.Accepted>(await Product(toSecondary, SeedProducts.Pi37).RegisterAsync(await CreateTokenAsync(_secondary)));
        var database = _secondary.Services.GetRequiredService<Database>();
        await using var session = await database.ReadAsync();
        var account = (await new LocalAccounts(session).FindByNameAsync("TEST", CancellationToken.None))!;
        await Wait.UntilAsync(async () => (await new SynchronizationRuns(session).ListAsync(account.Id, 10, CancellationToken.None))[0].State == RunState.Succeeded);
        Assert.Single(await new SynchronizationRuns(session).ListAsync(account.Id, 10, CancellationToken.None));
        Assert.Contains("took over", Assert.Single(await new EventLog(session).ListAsync(EventFilter.OfKind(EventKinds.NodeActive), 10, CancellationToken.None)).Message, StringComparison.Ordinal);
        Assert.Equal("active", JsonNode.Parse(await TgctlAsync("secondary", "status", "-o", "json"))!["role"]!.ToString());
    }

    [Fact]
    public async Task A_node_that_has_handed_over_answers_at_once_that_it_is_on_standby()
    {
        var drain = _primary.Services.GetRequiredService<Drain>();
        await drain.DrainAsync(CancellationToken.None);
        var waiting = drain.EnterAsync(CancellationToken.None);
        Assert.False(waiting.IsCompleted);

        await _databases.DemotePrimaryAsync();

        await Wait.UntilAsync(() => !_primary.IsActive);
        await waiting;
        Assert.False(drain.IsDraining);
    }

    [Fact]
    public async Task No_job_runs_on_the_standby()
    {
        var role = new NodeRole();
        var job = new CountingJob();
        var clock = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        using var runner = new TransportGateway.Jobs.JobRunner([job], role, clock, Microsoft.Extensions.Logging.Abstractions.NullLogger<TransportGateway.Jobs.JobRunner>.Instance);
        await runner.StartAsync(CancellationToken.None);
        clock.Advance(job.Interval);
        clock.Advance(job.Interval);
        Assert.Equal(0, job.Runs);

        role.BecomeActive();
        await Wait.UntilAsync(() => job.Runs > 0);
        role.BecomeStandby();
        var before = job.Runs;
        clock.Advance(job.Interval);
        clock.Advance(job.Interval);
        await runner.StopAsync(CancellationToken.None);
        Assert.Equal(before, job.Runs);
    }

    [Fact]
    public async Task A_takeover_before_the_jobs_have_begun_is_not_missed()
    {
        var role = new NodeRole();
        var job = new CountingJob();
        using var runner = new TransportGateway.Jobs.JobRunner(
            [job], role, new Microsoft.Extensions.Time.Testing.FakeTimeProvider(), Microsoft.Extensions.Logging.Abstractions.NullLogger<TransportGateway.Jobs.JobRunner>.Instance);
        role.BecomeActive();
        await runner.StartAsync(CancellationToken.None);
        await Wait.UntilAsync(() => job.Runs > 0);
        await runner.StopAsync(CancellationToken.None);
    }

    private async Task<Gateway> StartAsync(string node, string connectionString)
    {
        var (settings, errors) = GatewaySettings.Load(
            [
                "--data-directory", Path.Combine(_folder, node), "--database", "postgresql", "--postgresql-connection", connectionString, "--host-name", "localhost",
                "--listen-https", "127.0.0.1:0",
            ],
            new Dictionary<string, string>());
        Assert.Empty(errors);
        return await Gateway.StartAsync(settings!, TimeProvider.System, logging => logging.ClearProviders().AddProvider(_log), _keys.Next);
    }

    private static string Thumbprint(Gateway gateway) => gateway.Services.GetRequiredService<TransportGateway.HostTls.HostCertificate>().Certificate.Thumbprint;

    private async Task SetUpAccountAsync(SoftwareCentral central)
    {
        var (secret, root) = (Path.Combine(_folder, "secret"), Path.Combine(_folder, "central.pem"));
        await File.WriteAllTextAsync(secret, central.ClientSecret);
        await File.WriteAllTextAsync(root, central.AnchorPem);
        await TgctlAsync(
            "primary", "central", "set", "--address", central.Address.AbsoluteUri, "--token-address", central.TokenAddress.AbsoluteUri, "--client-id-at-cisco", central.ClientId,
            "--client-secret-file", secret, "--exchange-anchors", root, "--tls-anchors", root, "--schedule", "never");
        await TgctlAsync("primary", "account", "request", "TEST", "--smart-account", "example.com", "--virtual-account", "TEST", "--email", "licences@example.com");
        await TgctlAsync("primary", "account", "approve", "TEST");
        await TgctlAsync("primary", "account", "register", "TEST");
    }

    private static async Task<string> CreateTokenAsync(Gateway gateway)
    {
        var (database, clock) = (gateway.Services.GetRequiredService<Database>(), TimeProvider.System);
        VirtualAccountRow home;
        await using (var session = await database.ReadAsync())
        {
            var account = (await new LocalAccounts(session).FindByNameAsync("TEST", CancellationToken.None))!;
            home = (await new VirtualAccounts(session).ListAsync(account.Id, CancellationToken.None))[0];
        }

        return Assert.IsType<CreateToken.Outcome.Created>(await gateway.Services.GetRequiredService<CreateToken>().ExecuteAsync(
            new CreateToken.Request(Caller.Local("a test"), home, "", 30, ExportControlled: false, MaxUses: null), CancellationToken.None)).Text.Value;
    }

    private GatewayClient Client(Gateway gateway, DeviceTransport transport = DeviceTransport.SmartTransport) => new(
        new Uri(AddressOf(gateway)),
        transport,
        TrustAnchors.FromPem(File.ReadAllText(Path.Combine(_folder, "secondary", "root.pem"))));

    private static string AddressOf(Gateway gateway) =>
        gateway.Addresses.First(address => address.StartsWith("https", StringComparison.Ordinal)).Replace("127.0.0.1", "localhost", StringComparison.Ordinal);

    private static SimulatedProduct Product(GatewayClient client, ProductDefinition? definition = null) =>
        new(new SimulatedProductOptions { Product = definition ?? SeedProducts.Cucmpub, Gateway = client, Key = TestKeys.Pool.Next() });

    private Task<string> TgctlAsync(string node, params string[] arguments) => Consoles.TgctlDoneAsync(Path.Combine(_folder, node), arguments);

    private Task<string> RefusedAsync(string node, params string[] arguments) => Consoles.TgctlRefusedAsync(Path.Combine(_folder, node), arguments);

    private sealed class CountingJob : TransportGateway.Jobs.IJob
    {
        private int _runs;

        public int Runs => Volatile.Read(ref _runs);

        public string Name => "counting";

        public TimeSpan Interval => TimeSpan.FromMinutes(1);

        public Task RunAsync(CancellationToken cancellationToken)
        {
            Interlocked.Increment(ref _runs);
            return Task.CompletedTask;
        }
    }
}
