using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Jobs;
using TransportGateway.Licensing;
using TransportGateway.Notifications;
using TransportGateway.Reports;
using TransportGateway.Simulators;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Simulators;
using TransportGateway.Tests.Upstream;
using TransportGateway.Upstream;
using TransportGateway.Webhooks;

namespace TransportGateway.Tests.Harness;

/// <summary>A gateway with something in every table, come by as in life, as far as it goes.</summary>
internal sealed class PopulatedGateway : IAsyncDisposable
{
    private readonly CentralPair _pair;
    private readonly FakeGateway _upstream;
    private readonly List<IDisposable> _owned = [];

    private PopulatedGateway(CentralPair pair, FakeGateway upstream)
    {
        _pair = pair;
        _upstream = upstream;
    }

    public TestGateway Gateway => _pair.Gateway;

    /// <summary>Registered and authorised here.</summary>
    public SimulatedProduct Product { get; private set; } = null!;

    /// <summary>Registered at the upstream, known here from copies.</summary>
    public SimulatedProduct Relayed { get; private set; } = null!;

    /// <summary>Synchronised with Software Central.</summary>
    public LocalAccountRow Account { get; private set; } = null!;

    public string Token { get; private set; } = "";

    public static async Task<PopulatedGateway> StartAsync<TEngine>()
        where TEngine : TestEngine, new()
    {
        var populated = new PopulatedGateway(await CentralPair.StartAsync<TEngine>(), await FakeGateway.StartAsync(null));
        await populated.SynchronizeAsync();
        await populated.RegisterAsync();
        await populated.RelayAsync();
        await populated.AddPeopleAsync();
        await populated.AddRestAsync();
        return populated;
    }

    public async ValueTask DisposeAsync()
    {
        _owned.ForEach(owned => owned.Dispose());
        await _pair.DisposeAsync();
        await _upstream.DisposeAsync();
    }

    private async Task SynchronizeAsync()
    {
        var definition = SeedProducts.Cucmpub;
        _pair.Central.Grant(CentralPair.SmartAccount, "TEST", SynchronizationTests<SqliteEngine>.Grant(definition.Entitlements[0].Tag, 5, TimeProvider.System.GetUtcNow().AddDays(-1), null));
        _pair.Central.AllowSubstitution(CentralPair.SmartAccount, new CentralSubstitution(definition.Entitlements[0].Tag, "a lower licence"));
        Account = await _pair.RegisteredAccountAsync("TEST");
        Assert.Equal(RunState.Succeeded, (await _pair.SynchronizeAsync(Account)).State);
    }

    private async Task RegisterAsync()
    {
        Token = await Gateway.CreateTokenAsync(virtualAccount: await _pair.DefaultOfAsync(Account));
        Product = Gateway.Product(SeedProducts.Cucmpub);
        Assert.IsType<ProductResult.Accepted>(await Product.RegisterAsync(Token));
        Assert.IsType<ProductResult.Accepted>(await Product.AuthorizeAsync());
    }

    private async Task RelayAsync()
    {
        var relay = new ChangeRelay.Request(
            Gateway.Administrator, Enabled: true, null, _upstream.Address(DeviceTransport.SmartTransport).AbsoluteUri, Gateway.Account.Name, null, null, null, _upstream.Authority.Root.ExportCertificatePem(), null, null);
        Assert.IsType<ChangeRelay.Outcome.Changed>(await _pair.Service<ChangeRelay>().ExecuteAsync(relay, CancellationToken.None));
        Relayed = new SimulatedProduct(new SimulatedProductOptions
        {
            Product = SeedProducts.Pi37,
            Gateway = Gateway.Client(),
            Key = TestKeys.Pool.Next(),
            LicensingAnchors = new TrustAnchors(_upstream.Authority.Root),
        });
        _owned.Add(Relayed);
        Assert.IsType<ProductResult.Accepted>(await Relayed.RegisterAsync(RelayPair.ForeignToken));
        Assert.IsType<ProductResult.Accepted>(await Relayed.AuthorizeAsync());
    }

    private async Task AddPeopleAsync()
    {
        var services = Gateway.Gateway.Services;
        var user = await Gateway.UserAsync("anna", Roles.SystemUser);
        await services.GetRequiredService<SecondFactor>().EnrolAsync(user, "gateway", CancellationToken.None);
        await services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(
            Gateway.Administrator, user, Gateway.Account.Id, Gateway.VirtualAccount.Id, Roles.VirtualAccountUser, CancellationToken.None);
        Assert.IsType<SetPassword.Outcome.Done>(await services.GetRequiredService<SetPassword>().WithPasswordAsync(
            new Me(user, Gateway.Administrator, SessionId: null, TokenHash: null), People.Password, new TransportGateway.Persistence.Secret("Battery-Staple-8"), "127.0.0.1", CancellationToken.None));
        await services.GetRequiredService<SetPassword>().IssueCodeAsync(Gateway.Administrator, user, CancellationToken.None);
        var now = await Gateway.ReadAsync(session => new Users(session).FindAsync(user.Id, CancellationToken.None));
        await services.GetRequiredService<SignIn>().OpenAsync(now!, complete: true, "127.0.0.1", "a browser", CancellationToken.None);
    }

    /// <summary>What takes longer to come by, and values that engines could see differently.</summary>
    private async Task AddRestAsync()
    {
        var webhooks = Gateway.Gateway.Services.GetRequiredService<ChangeWebhooks>();
        var webhook = Assert.IsType<ChangeWebhooks.Outcome.Created>(await webhooks.CreateAsync(Gateway.Administrator, "nobody listens", "https://127.0.0.1:9/", "", CancellationToken.None)).Webhook;
        Assert.True(await webhooks.TestAsync(webhook.Id, CancellationToken.None));
        await Gateway.TgctlDoneAsync("backup", "recovery-key", "--yes");
        await Gateway.TgctlDoneAsync("backup", "run");
        await _pair.Gateway.Gateway.Services.GetServices<IJob>().OfType<RecordUsage>().Single().RunAsync(CancellationToken.None);
        using var client = await Gateway.RestClientAsync(null, Permission.ReadInventory);
        Assert.IsType<CreateLocalAccount.Outcome.Created>(await Gateway.Gateway.Services.GetRequiredService<CreateLocalAccount>().ExecuteAsync(Gateway.Administrator, "Zürich 東京 \u202e🙂", CancellationToken.None));
        await Gateway.TgctlDoneAsync("certificate", "csr", "create", "--name", "licences.example.com", "--out", Path.Combine(Gateway.Gateway.Directory.Path, "request.csr"));
        var change = _pair.Service<ChangeLicenseTags>();
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await change.CreateAsync(Gateway.Administrator, Account, "Zürich 東京", CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await change.AssignAsync(Gateway.Administrator, Account, "Zürich 東京", [SeedProducts.Cucmpub.Entitlements[0].Tag], CancellationToken.None));
        var everyByte = Enumerable.Range(0, 256).Select(value => (byte)value).ToArray();
        await Gateway.WriteAsync(async (session, now) =>
        {
            foreach (var id in new[] { "a", "B", "ä", "Z", "\uffee", "🙂", "", "_", "-" })
            {
                await session.ExecuteAsync(
                    "INSERT INTO refused_messages (id, received_at, transport, source, reason, request) VALUES (@Id, @Now, '', 'a source', @Reason, @Request)",
                    new { Id = id, Now = now, Reason = "tab\t, line\r\n, quote ' \" \\ ü", Request = id.Length == 0 ? [] : everyByte },
                    CancellationToken.None);
            }

            await session.ExecuteAsync("INSERT INTO alerts (id, account_id, virtual_account_id, kind, severity, source, raised_at, cleared_at, message) VALUES ('1', '', '', 'k', 'Minor', 's', -9223372036854775808, 9223372036854775807, '')", null, CancellationToken.None);
            await session.ExecuteAsync("INSERT INTO dialled_names (source, account_id, product, name, tls_name, host_header, dialled_at) VALUES ('192.0.2.1', NULL, '', 'other.example.com', '', '', @Now)", new { Now = now }, CancellationToken.None);
            await new EventFollowers(session).BeginAsync("nobody", now, CancellationToken.None);
            await new Mails(session).AddAsync(new Letter("test", "a subject", "a body"), "a source", "nobody@example.com", now, CancellationToken.None);
            await new AccountPreferences(session).SetAsync(new AccountPreferencesRow { AccountId = Account.Id, Emails = "nobody@example.com", Digest = DigestRhythm.Weekly, NextDigestAt = now.AddDays(7) }, CancellationToken.None);
            Assert.True(await new IdempotentRequests(session).BeginAsync("a key", "a request", now, CancellationToken.None));
            await session.ExecuteAsync("INSERT INTO former_instances (id) VALUES ('gone')", null, CancellationToken.None);
            await session.ExecuteAsync("INSERT INTO former_tokens (secret_hash) VALUES ('gone')", null, CancellationToken.None);
            await session.ExecuteAsync("INSERT INTO instance_departures (account_id, instance_id, revision, departed_at, sent) VALUES (@Id, 'gone', 1, 0, TRUE)", new { Account.Id }, CancellationToken.None);
            return true;
        });
    }
}
