using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>Software Central issues the host certificate: the request waits, the answer is verified before it serves.</summary>
public abstract class CentralIssueTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly TEngine _engine = new();
    private readonly FakeTimeProvider _clock = new(Node.Start);
    private SiteAuthority _central = null!;
    private Database _database = null!;
    private Node _node = null!;
    private PendingHostRequest _pending = null!;

    public async Task InitializeAsync()
    {
        _central = new SiteAuthority(_clock.GetUtcNow(), "Central");
        await _engine.CreateAsync();
        _database = _engine.Open(_clock);
        _node = await new Node(_database, _clock).StartAsync();
        Assert.IsType<ChangeCertificateIssuer.Outcome.Changed>(await _node.ChangeIssuer.ExecuteAsync(Node.Administrator, CertificateIssuer.Central, CancellationToken.None));
        _pending = Assert.Single(await PendingAsync());
    }

    public async Task DisposeAsync()
    {
        _node.Dispose();
        _central.Dispose();
        await _database.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task The_request_waits_across_rounds_and_restarts_while_the_old_certificate_serves()
    {
        var old = _node.Served.Certificate.Thumbprint;
        for (var round = 0; round < 3; round++)
        {
            await _node.Keep.RunAsync(CancellationToken.None);
        }

        using var restarted = await new Node(_database, _clock).StartAsync();
        await restarted.Keep.RunAsync(CancellationToken.None);

        Assert.Equal(_pending.Id, Assert.Single(await PendingAsync()).Id);
        Assert.Equal(old, restarted.Served.Certificate.Thumbprint);
        Assert.Contains(
            (await restarted.Check.ExecuteAsync(null, CancellationToken.None)).Findings, finding => finding.ToString().Contains("waits for Software Central to issue it", StringComparison.Ordinal));
    }

    [Fact]
    public async Task The_request_is_one_that_OpenSSL_verifies_and_names_what_is_wanted()
    {
        var path = Path.Combine(Path.GetTempPath(), Guid.NewGuid() + ".csr");
        await File.WriteAllTextAsync(path, PemEncoding.WriteString("CERTIFICATE REQUEST", _pending.SigningRequest));
        var text = await Tool.OpenSslAsync("req", "-in", path, "-verify", "-noout", "-text");
        File.Delete(path);
        Assert.Contains("self-signature verify OK", text, StringComparison.Ordinal);
        Assert.Contains("Subject: CN = ssm.example.com", text, StringComparison.Ordinal);
        Assert.Contains("DNS:ssm.example.com, IP Address:127.0.0.1", text, StringComparison.Ordinal);
        Assert.Contains("TLS Web Server Authentication", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_verifies_serves_with_its_chain_on_both_nodes_after_their_next_look()
    {
        using var other = await new Node(_database, _clock).StartAsync();
        using var issued = _central.Answer(_pending.SigningRequest);

        var installed = Assert.IsType<InstallIssuedHostCertificate.Outcome.Installed>(await InstallAsync(issued, _central.Issuing));

        Assert.Equal(new DateTimeOffset(issued.NotAfter), installed.NotAfter);
        foreach (var node in new[] { _node, other })
        {
            await node.Keep.RunAsync(CancellationToken.None);
            Assert.Equal(issued.Thumbprint, node.Served.Certificate.Thumbprint);
            Assert.Equal([issued.RawData, _central.Issuing.RawData], node.Served.Chain.Select(element => element.RawData));
            Assert.True(node.Served.Certificate.HasPrivateKey);
        }

        Assert.Empty(await PendingAsync());
        Assert.IsType<InstallIssuedHostCertificate.Outcome.NotAwaited>(await InstallAsync(issued, _central.Issuing));
    }

    [Theory]
    [InlineData("another key", "is for another key than the one that the gateway holds")]
    [InlineData("a name less", "does not cover 127.0.0.1")]
    [InlineData("another common name", "common name is 'other' instead of 'ssm.example.com'")]
    [InlineData("not yet valid", "is not valid before 2026-11-24")]
    [InlineData("ended", "ended at 2026-11-22")]
    [InlineData("not for servers", "is not one for TLS servers (extended key usage serverAuth)")]
    [InlineData("may not sign", "may not sign (key usage digitalSignature)")]
    [InlineData("an authority", "is one of a certificate authority")]
    [InlineData("a foreign root", "is not trusted here")]
    [InlineData("without its issuer", "the certificate of its issuer 'CN=Central Issuing' is missing")]
    [InlineData("nothing", "There is no certificate in the answer")]
    [InlineData("rubbish", "is not a certificate chain in DER")]
    public async Task An_answer_that_will_not_do_is_refused_with_the_reason_and_the_old_certificate_serves_on(string fault, string reason)
    {
        var now = _clock.GetUtcNow();
        var old = _node.Served.Certificate.Thumbprint;
        using var foreign = new SiteAuthority(now, "Foreign");
        var (authority, anchor) = fault == "a foreign root" ? (foreign, foreign) : (_central, _central);
        using var issued = fault switch
        {
            "another key" => _central.Issue(SiteAuthority.StrangersKey, ["ssm.example.com", "127.0.0.1"]),
            "not yet valid" => _central.Answer(_pending.SigningRequest, from: now.AddDays(1)),
            "ended" => _central.Answer(_pending.SigningRequest, from: now.AddDays(-9), to: now.AddDays(-1)),
            "a name less" => _central.Answer(_pending.SigningRequest, request => Replace<X509SubjectAlternativeNameExtension>(request, Names("ssm.example.com"))),
            "another common name" => Renamed(_pending.SigningRequest),
            "not for servers" => _central.Answer(_pending.SigningRequest, request => Replace<X509EnhancedKeyUsageExtension>(request, new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.2")], false))),
            "may not sign" => _central.Answer(_pending.SigningRequest, request => Replace<X509KeyUsageExtension>(request, new X509KeyUsageExtension(X509KeyUsageFlags.KeyEncipherment, true))),
            "an authority" => _central.Answer(_pending.SigningRequest, request => request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true))),
            _ => authority.Answer(_pending.SigningRequest),
        };
        IReadOnlyList<byte[]> chain = fault switch
        {
            "nothing" => [],
            "rubbish" => [[1, 2, 3]],
            "without its issuer" => [issued.RawData],
            "a foreign root" => [issued.RawData, anchor.Issuing.RawData, anchor.Root.RawData],
            _ => [issued.RawData, _central.Issuing.RawData],
        };

        var refused = Assert.IsType<InstallIssuedHostCertificate.Outcome.Refused>(await InstallAsync(chain));

        Assert.Contains(reason, refused.Reason, StringComparison.Ordinal);
        await _node.Keep.RunAsync(CancellationToken.None);
        Assert.Equal(old, _node.Served.Certificate.Thumbprint);
        Assert.Equal(_pending.Id, Assert.Single(await PendingAsync()).Id);
    }

    [Fact]
    public async Task An_answer_to_a_request_that_a_later_change_replaced_is_not_awaited()
    {
        Assert.Equal(ChangeState.AwaitingIssue, Assert.IsType<ChangeHostName.Outcome.Changed>(await _node.ChangeNameAsync("later.example.com")).State);
        using var issued = _central.Answer(_pending.SigningRequest);

        Assert.IsType<InstallIssuedHostCertificate.Outcome.NotAwaited>(await InstallAsync(issued, _central.Issuing));

        Assert.NotEqual(_pending.Id, Assert.Single(await PendingAsync()).Id);
    }

    [Fact]
    public async Task Going_back_to_the_own_issuer_ends_the_wait_at_once()
    {
        Assert.IsType<ChangeHostName.Outcome.Changed>(await _node.ChangeNameAsync("later.example.com"));
        await _node.ChangeIssuer.ExecuteAsync(Node.Administrator, CertificateIssuer.Own, CancellationToken.None);
        Assert.Empty(await PendingAsync());
        Assert.Equal(["later.example.com"], ServerCertificate.NamesOf(_node.Served.Certificate));
        Assert.IsType<ChangeCertificateIssuer.Outcome.Unchanged>(await _node.ChangeIssuer.ExecuteAsync(Node.Administrator, CertificateIssuer.Own, CancellationToken.None));
        Assert.IsType<ChangeCertificateIssuer.Outcome.Invalid>(await _node.ChangeIssuer.ExecuteAsync(Node.Administrator, "somebody", CancellationToken.None));
    }

    [Fact]
    public async Task While_central_keeps_silent_the_own_certificate_is_renewed_and_the_request_made_anew()
    {
        var old = _node.Served.Certificate.Thumbprint;
        _clock.Advance(TimeSpan.FromDays(306));
        await _node.Authority.EnsureAsync(CancellationToken.None);
        await _node.Keep.RunAsync(CancellationToken.None);
        Assert.NotEqual(old, _node.Served.Certificate.Thumbprint);
        await _node.Keep.RunAsync(CancellationToken.None);
        Assert.NotEqual(_pending.Id, Assert.Single(await PendingAsync()).Id);
    }

    [Fact]
    public async Task A_certificate_of_central_that_nears_its_end_is_asked_for_again_and_raises_an_alert()
    {
        using var issued = _central.Answer(_pending.SigningRequest);
        Assert.IsType<InstallIssuedHostCertificate.Outcome.Installed>(await InstallAsync(issued, _central.Issuing));
        await _node.Keep.RunAsync(CancellationToken.None);

        _clock.Advance(TimeSpan.FromDays(306));
        await _node.Keep.RunAsync(CancellationToken.None);
        Assert.Single(await PendingAsync());
        Assert.Equal(issued.Thumbprint, _node.Served.Certificate.Thumbprint);

        _clock.Advance(TimeSpan.FromDays(53));
        await _node.Expiry.RunAsync(CancellationToken.None);
        var alert = Assert.Single(await _node.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(CertificateExpiry.Alert, CancellationToken.None)));
        Assert.Equal((CertificateExpiry.Host, "Major"), (alert.Source, alert.Severity));
        Assert.Contains("within 7 days", alert.Message, StringComparison.Ordinal);
    }

    private Task<IReadOnlyList<PendingHostRequest>> PendingAsync() =>
        _node.ReadAsync(session => new HostCertificateChanges(session).ListForCentralAsync(CancellationToken.None));

    private Task<InstallIssuedHostCertificate.Outcome> InstallAsync(params X509Certificate2[] chain) => InstallAsync(chain.Select(certificate => certificate.RawData).ToArray());

    private async Task<InstallIssuedHostCertificate.Outcome> InstallAsync(IReadOnlyList<byte[]> chain)
    {
        await using var session = await _database.BeginAsync();
        var outcome = await InstallIssuedHostCertificate.ExecuteAsync(
            session, new InstallIssuedHostCertificate.Request(_pending.Id, chain, [_central.Root], "synchronisation", _clock.GetUtcNow()), CancellationToken.None);
        await session.CommitAsync();
        return outcome;
    }

    /// <summary>The same key, with its names, under another common name.</summary>
    private X509Certificate2 Renamed(byte[] signingRequest)
    {
        var asked = CertificateRequest.LoadSigningRequest(
            signingRequest, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.UnsafeLoadCertificateExtensions, RSASignaturePadding.Pkcs1);
        var renamed = new CertificateRequest(new X500DistinguishedName("CN=other"), asked.PublicKey, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        foreach (var extension in asked.CertificateExtensions)
        {
            renamed.CertificateExtensions.Add(extension);
        }

        return _central.Sign(renamed);
    }

    private static void Replace<T>(CertificateRequest request, X509Extension by)
    {
        var old = request.CertificateExtensions.Single(extension => extension is T || extension.Oid!.Value == by.Oid!.Value);
        request.CertificateExtensions.Remove(old);
        request.CertificateExtensions.Add(by);
    }

    private static X509Extension Names(string name)
    {
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        return names.Build();
    }
}

public sealed class CentralIssueOnSqlite : CentralIssueTests<SqliteEngine>;

public sealed class CentralIssueOnPostgreSql : CentralIssueTests<PostgreSqlEngine>;
