using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Accounts;
using TransportGateway.HostTls;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Upstream;

/// <summary>A change of the Host Common Name and the synchronisation that answers it.</summary>
public abstract class HostCertificateFromCentralTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task Software_Central_issues_the_host_certificate_at_the_next_synchronisation_and_it_serves_without_a_restart()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        Assert.IsType<ChangeCertificateIssuer.Outcome.Changed>(
            await pair.Service<ChangeCertificateIssuer>().ExecuteAsync(pair.Gateway.Administrator, CertificateIssuer.Central, CancellationToken.None));
        await pair.Service<ChangeHostName>().ExecuteAsync(new ChangeHostName.Request(pair.Gateway.Administrator, "licences.example.com", ["localhost"]), CancellationToken.None);
        Assert.Equal("localhost", (await ServedAsync(pair.Gateway)).GetNameInfo(X509NameType.SimpleName, forIssuer: false));

        var run = await pair.SynchronizeAsync(account);

        Assert.Equal((RunState.Succeeded, 1L), (run.State, run.CertificatesReceived));
        await Wait.UntilAsync(async () =>
            (await ServedAsync(pair.Gateway)).GetNameInfo(X509NameType.SimpleName, forIssuer: false) == "licences.example.com");
        using var served = await ServedAsync(pair.Gateway);
        Assert.Equal("Simulated Software Central Issuing CA", served.GetNameInfo(X509NameType.SimpleName, forIssuer: true));
        Assert.True(served.MatchesHostname("licences.example.com"));
    }

    [Fact]
    public async Task A_change_of_the_name_flags_every_account_and_one_synchronisation_of_all_clears_the_flags()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var accounts = new[] { await pair.RegisteredAccountAsync("TEST"), await pair.RegisteredAccountAsync("OTHER") };
        await pair.Service<ChangeHostName>().ExecuteAsync(new ChangeHostName.Request(pair.Gateway.Administrator, "licences.example.com", ["localhost"]), CancellationToken.None);
        foreach (var account in accounts)
        {
            Assert.True((await pair.FindAsync(account)).SynchronizationNeeded);
            Assert.Single(await SynchronizationTests<TEngine>.AlertsAsync(pair, account, SynchronizationNeed.Alert));
        }

        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(accounts[0])));
        Assert.Contains("cucmpub", Assert.Single(await SynchronizationTests<TEngine>.AlertsAsync(pair, accounts[0], SynchronizationNeed.RegisteredBefore)).Message, StringComparison.Ordinal);

        foreach (var account in accounts)
        {
            Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account)).State);
            Assert.False((await pair.FindAsync(account)).SynchronizationNeeded);
            Assert.Empty(await SynchronizationTests<TEngine>.AlertsAsync(pair, account, SynchronizationNeed.Alert));
            Assert.Empty(await SynchronizationTests<TEngine>.AlertsAsync(pair, account, SynchronizationNeed.RegisteredBefore));
        }
    }

    private static async Task<X509Certificate2> ServedAsync(TestGateway gateway)
    {
        using var connection = new TcpClient();
        await connection.ConnectAsync("127.0.0.1", gateway.Address.Port);
        X509Certificate2? served = null;
        // Only looks at what is served: whether clients trust it is tested elsewhere.
        await using var tls = new SslStream(connection.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) =>
        {
            served = certificate is null ? null : X509CertificateLoader.LoadCertificate(certificate.GetRawCertData());
            return served is not null;
        });
        await tls.AuthenticateAsClientAsync("localhost");
        return served!;
    }
}

public sealed class HostCertificateFromCentralOnSqliteTests : HostCertificateFromCentralTests<SqliteEngine>;

public sealed class HostCertificateFromCentralOnPostgreSqlTests : HostCertificateFromCentralTests<PostgreSqlEngine>;
