using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>What TLS clients see, judged by OpenSSL, curl and .NET, over IPv4 and IPv6.</summary>
public abstract class HandshakeTests<TEngine>
    where TEngine : TestEngine, new()
{
    private const string Old = "licences.example.com";
    private const string New = "ssm.example.com";

    [Fact]
    public async Task Every_judge_accepts_the_listed_names_over_both_families_before_and_after_a_change_and_no_other()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(
            null, ("host-name", Old), ("host-alternative-names", "127.0.0.1,::1"), ("listen-https", "127.0.0.1:0,[::1]:0"));
        var listeners = Listeners(gateway);
        Assert.Equal([AddressFamily.InterNetwork, AddressFamily.InterNetworkV6], listeners.Select(listener => listener.AddressFamily));

        await JudgeAsync(gateway, accepted: Old, refused: New);
        Assert.IsType<ChangeHostName.Outcome.Changed>(await ChangeAsync(gateway, New, "127.0.0.1", "::1"));
        await JudgeAsync(gateway, accepted: New, refused: Old);
    }

    [Fact]
    public async Task The_certificate_has_the_usages_names_and_chain_of_a_server()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("host-name", Old), ("host-alternative-names", "127.0.0.1,2001:db8::1"));
        var seen = await Tool.OpenSslAsync("s_client", "-connect", Listeners(gateway)[0].ToString(), "-servername", Old, "-CAfile", gateway.Gateway.Directory.TrustAnchor, "-showcerts");
        var file = Path.Combine(gateway.Gateway.Directory.Path, "seen.pem");
        var begin = seen.IndexOf("-----BEGIN CERTIFICATE-----", StringComparison.Ordinal);
        await File.WriteAllTextAsync(file, seen[begin..(seen.IndexOf("-----END CERTIFICATE-----", StringComparison.Ordinal) + 26)]);

        var text = await Tool.OpenSslAsync("x509", "-in", file, "-noout", "-text");

        Assert.Contains($"CN = {Old}", text, StringComparison.Ordinal);
        Assert.Contains($"DNS:{Old}, IP Address:127.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1", text, StringComparison.Ordinal);
        Assert.Contains("TLS Web Server Authentication", text, StringComparison.Ordinal);
        Assert.Contains("Digital Signature, Key Encipherment", text, StringComparison.Ordinal);
        Assert.Contains("CA:FALSE", text, StringComparison.Ordinal);
        Assert.Contains("Verification: OK", seen, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Fifty_products_keep_registering_while_the_common_name_turns_from_an_address_into_a_name()
    {
        const int Products = 50;
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("host-name", "127.0.0.1"), ("host-alternative-names", New));
        await AddCloudAccountAsync(gateway);
        var token = await gateway.CreateTokenAsync();
        await OpenSslAcceptsAsync(gateway, Listeners(gateway)[0], "-verify_ip", "127.0.0.1");
        await CurlAcceptsAsync(gateway, Listeners(gateway)[0], "127.0.0.1");

        using var changed = new CancellationTokenSource();
        var registrations = 0;
        var products = Enumerable.Range(0, Products).Select(async number =>
        {
            // Half of them dial the address, half the name; both are listed before and after.
            var product = gateway.ProductDialling(number % 2 == 0 ? "127.0.0.1" : New, SeedProducts.Prime($"moving-{number}"));
            var roundsAfter = 0;
            do
            {
                Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token, force: true));
                Interlocked.Increment(ref registrations);
                roundsAfter += changed.IsCancellationRequested ? 1 : 0;
            }
            while (roundsAfter < 2);
        }).ToArray();

        await WaitAsync(() => Volatile.Read(ref registrations) >= Products || products.Any(product => product.IsFaulted));
        var outcome = Assert.IsType<ChangeHostName.Outcome.Changed>(await ChangeAsync(gateway, New, "127.0.0.1"));
        await changed.CancelAsync();
        await Task.WhenAll(products);

        Assert.Equal(ChangeState.Installed, outcome.State);
        Assert.Equal(["Cloud"], outcome.Marked);
        Assert.Equal(New, gateway.Gateway.HostName);
        Assert.Equal(Products, (await gateway.InstancesAsync()).Count);
        await OpenSslAcceptsAsync(gateway, Listeners(gateway)[0], "-verify_ip", "127.0.0.1");
        await OpenSslAcceptsAsync(gateway, Listeners(gateway)[0], "-verify_hostname", New);
        await CurlAcceptsAsync(gateway, Listeners(gateway)[0], New);
        Assert.Contains(
            await gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None)), alert => alert.Kind == SynchronizationNeed.Alert);
        Assert.Empty((await gateway.Gateway.Services.GetRequiredService<CheckHostCertificate>().ExecuteAsync(null, CancellationToken.None)).Mismatches);
    }

    [Fact]
    public async Task A_connection_that_is_open_stays_open_through_the_change()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var connections = 0;
        using var http = Client(gateway, Listeners(gateway)[0], () => connections++);
        Assert.Equal("alive", await http.GetStringAsync($"https://localhost:{gateway.Address.Port}/healthz"));
        Assert.IsType<ChangeHostName.Outcome.Changed>(await ChangeAsync(gateway, New, "localhost"));
        Assert.Equal("alive", await http.GetStringAsync($"https://localhost:{gateway.Address.Port}/healthz"));
        Assert.Equal(1, connections);
    }

    [Fact]
    public async Task An_uploaded_certificate_serves_on_the_browsers_listener_alone_whatever_name_is_dialled()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>(null, ("host-name", Old), ("listen-admin", "127.0.0.1:0"));
        using var site = new SiteAuthority(TimeProvider.System.GetUtcNow());
        var root = Path.Combine(gateway.Gateway.Directory.Path, "site.pem");
        await File.WriteAllTextAsync(root, site.RootPem);
        var (products, browsers) = (Listeners(gateway)[0], Listeners(gateway)[1]);
        Assert.True(await AcceptsAsync(gateway.Gateway.Directory.TrustAnchor, browsers, Old));

        var created = Assert.IsType<CreateBrowserRequest.Outcome.Created>(await gateway.Gateway.Services.GetRequiredService<CreateBrowserRequest>().ExecuteAsync(
            gateway.Administrator, [Old], CancellationToken.None));
        using var issued = site.Answer(created.SigningRequest);
        Assert.IsType<UploadBrowserCertificate.Outcome.Installed>(await gateway.Gateway.Services.GetRequiredService<UploadBrowserCertificate>().ExecuteAsync(
            new UploadBrowserCertificate.Request(gateway.Administrator, issued.ExportCertificatePem() + "\n" + site.IssuingPem, null, null, site.RootPem), CancellationToken.None));

        Assert.True(await AcceptsAsync(root, browsers, Old));
        Assert.False(await AcceptsAsync(gateway.Gateway.Directory.TrustAnchor, browsers, Old));
        Assert.True(await AcceptsAsync(gateway.Gateway.Directory.TrustAnchor, products, Old));
        Assert.False(await AcceptsAsync(root, products, Old));
        Assert.IsType<ProductResult.Accepted>(await gateway.ProductDialling(Old, SeedProducts.Cucmpub).RegisterAsync(await gateway.CreateTokenAsync()));
    }

    private static async Task JudgeAsync(TestGateway gateway, string accepted, string refused)
    {
        foreach (var listener in Listeners(gateway))
        {
            await OpenSslAcceptsAsync(gateway, listener, "-verify_hostname", accepted);
            await OpenSslAcceptsAsync(gateway, listener, "-verify_ip", listener.Address.ToString());
            Assert.False(await AcceptsAsync(gateway.Gateway.Directory.TrustAnchor, listener, refused));
            await CurlAcceptsAsync(gateway, listener, accepted);
            await CurlAcceptsAsync(gateway, listener, UrlHost(listener.Address));
            Assert.Contains("no alternative certificate subject name matches", (await CurlAsync(gateway, listener, refused)).Text, StringComparison.Ordinal);

            using var http = Client(gateway, listener, () => { });
            Assert.Equal("alive", await http.GetStringAsync($"https://{accepted}:{listener.Port}/healthz"));
            Assert.Equal("alive", await http.GetStringAsync($"https://{UrlHost(listener.Address)}:{listener.Port}/healthz"));
            var refusal = await Assert.ThrowsAsync<HttpRequestException>(() => http.GetStringAsync($"https://{refused}:{listener.Port}/healthz"));
            Assert.Contains("RemoteCertificateNameMismatch", refusal.InnerException!.Message, StringComparison.Ordinal);
        }
    }

    private static async Task OpenSslAcceptsAsync(TestGateway gateway, IPEndPoint listener, string check, string name)
    {
        string[] arguments = ["s_client", "-connect", listener.ToString(), check, name, "-CAfile", gateway.Gateway.Directory.TrustAnchor, "-verify_return_error"];
        var seen = await Tool.OpenSslAsync(check == "-verify_ip" ? arguments : [.. arguments, "-servername", name]);
        Assert.Contains("Verification: OK", seen, StringComparison.Ordinal);
    }

    private static async Task<bool> AcceptsAsync(string root, IPEndPoint listener, string name)
    {
        var seen = await Tool.OpenSslAsync("s_client", "-connect", listener.ToString(), "-servername", name, "-verify_hostname", name, "-CAfile", root, "-verify_return_error");
        return seen.Contains("Verification: OK", StringComparison.Ordinal);
    }

    private static async Task CurlAcceptsAsync(TestGateway gateway, IPEndPoint listener, string name) =>
        Assert.Equal((0, "alive"), await CurlAsync(gateway, listener, name));

    private static Task<(int Code, string Text)> CurlAsync(TestGateway gateway, IPEndPoint listener, string name) => Tool.RunAsync(
        "curl", "-sS", "--cacert", gateway.Gateway.Directory.TrustAnchor, "--connect-to", $"{name}:{listener.Port}:{UrlHost(listener.Address)}:{listener.Port}", $"https://{name}:{listener.Port}/healthz");

    private static HttpClient Client(TestGateway gateway, IPEndPoint listener, Action connected)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(gateway.Gateway.Directory.TrustAnchor);
        return new HttpClient(new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy },
            ConnectCallback = async (_, cancellationToken) =>
            {
                connected();
                var socket = new Socket(listener.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
                await socket.ConnectAsync(listener, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        });
    }

    private static IPEndPoint[] Listeners(TestGateway gateway) =>
        [.. gateway.Gateway.Addresses.Where(address => address.StartsWith("https", StringComparison.Ordinal)).Select(address => IPEndPoint.Parse(address["https://".Length..]))];

    private static string UrlHost(IPAddress address) => address.AddressFamily == AddressFamily.InterNetworkV6 ? $"[{address}]" : address.ToString();

    private static Task<ChangeHostName.Outcome> ChangeAsync(TestGateway gateway, string name, params string[] alternatives) =>
        gateway.Gateway.Services.GetRequiredService<ChangeHostName>().ExecuteAsync(new ChangeHostName.Request(gateway.Administrator, name, alternatives), CancellationToken.None);

    private static async Task AddCloudAccountAsync(TestGateway gateway)
    {
        await using var session = await gateway.Database.BeginAsync();
        await new LocalAccounts(session).AddAsync(
            new LocalAccountRow { Id = Ids.New(TimeProvider.System.GetUtcNow()), Name = "Cloud", SmartAccount = "Example Corp", CloudVirtualAccount = "Default", CreatedBy = "test", CreatedAt = TimeProvider.System.GetUtcNow() },
            CancellationToken.None);
        await session.CommitAsync();
    }

    private static async Task WaitAsync(Func<bool> condition)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(120));
        while (!condition())
        {
            await Task.Delay(TimeSpan.FromMilliseconds(20), TimeProvider.System, patience.Token);
        }
    }
}

public sealed class HandshakeOnSqlite : HandshakeTests<SqliteEngine>;

public sealed class HandshakeOnPostgreSql : HandshakeTests<PostgreSqlEngine>;
