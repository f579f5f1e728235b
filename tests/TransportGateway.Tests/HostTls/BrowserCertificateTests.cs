using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Events;
using TransportGateway.HostTls;
using TransportGateway.Persistence;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.HostTls;

/// <summary>The certificate that a site uploads for browsers: by signing request, as PEM, as PFX.</summary>
public abstract class BrowserCertificateTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Password = "four words are one";
    private static readonly string[] Names = ["licences.example.com", "ssm.example.com"];

    private readonly TEngine _engine = new();
    private readonly FakeTimeProvider _clock = new(Node.Start);
    private SiteAuthority _site = null!;
    private Database _database = null!;
    private Node _node = null!;

    public async Task InitializeAsync()
    {
        _site = new SiteAuthority(_clock.GetUtcNow());
        await _engine.CreateAsync();
        _database = _engine.Open(_clock);
        _node = await new Node(_database, _clock).StartAsync();
    }

    public async Task DisposeAsync()
    {
        _node.Dispose();
        _site.Dispose();
        await _database.DisposeAsync();
        await _engine.DisposeAsync();
    }

    [Fact]
    public async Task The_answer_to_a_signing_request_serves_browsers_on_every_node_and_products_keep_theirs()
    {
        using var other = await new Node(_database, _clock).StartAsync();
        var forProducts = _node.Served.Certificate.Thumbprint;
        var request = await RequestAsync();
        using var issued = _site.Answer(request.SigningRequest);

        var installed = Assert.IsType<UploadBrowserCertificate.Outcome.Installed>(await UploadAsync(Pem(issued) + _site.IssuingPem, _site.RootPem));

        Assert.Equal(Names, installed.Names);
        Assert.Empty(installed.Warnings);
        await other.Keep.RunAsync(CancellationToken.None);
        using var restarted = await new Node(_database, _clock).StartAsync();
        foreach (var node in new[] { _node, other, restarted })
        {
            Assert.Equal(issued.Thumbprint, node.Served.Uploaded!.Thumbprint);
            Assert.True(node.Served.Uploaded.HasPrivateKey);
            Assert.Equal(issued.Thumbprint, node.Served.BrowserTls.ServerCertificateContext!.TargetCertificate.Thumbprint);
            Assert.Equal([_site.Issuing.Thumbprint], node.Served.BrowserTls.ServerCertificateContext!.IntermediateCertificates.Select(certificate => certificate.Thumbprint));
            Assert.Equal(forProducts, node.Served.Tls.ServerCertificateContext!.TargetCertificate.Thumbprint);
        }

        Assert.Empty(await _node.ReadAsync(session => new BrowserCertificates(session).ListRequestsAsync(CancellationToken.None)));
        Assert.Equal(1, await EventsAsync(EventKinds.BrowserRequestCreated));
        Assert.Equal(1, await EventsAsync(EventKinds.BrowserCertificateUploaded));
    }

    [Theory]
    [InlineData("RSA in PKCS#8")]
    [InlineData("RSA in PKCS#1")]
    [InlineData("RSA encrypted")]
    [InlineData("ECDSA in PKCS#8")]
    [InlineData("ECDSA in SEC1")]
    [InlineData("ECDSA encrypted")]
    [InlineData("PFX with RSA")]
    [InlineData("PFX with ECDSA")]
    public async Task A_certificate_with_its_key_is_taken_in_every_usual_form(string form)
    {
        AsymmetricAlgorithm key = !form.Contains("ECDSA", StringComparison.Ordinal) ? SiteAuthority.ServerKey : ECDsa.Create(ECCurve.NamedCurves.nistP256);
        using var issued = _site.Issue(key, Names);
        var encryption = new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000);
        var certificates = Pem(issued) + _site.IssuingPem;
        var request = form switch
        {
            "RSA in PKCS#1" => Request(((RSA)key).ExportRSAPrivateKeyPem() + "\n" + certificates),
            "ECDSA in SEC1" => Request(((ECDsa)key).ExportECPrivateKeyPem() + "\n" + certificates),
            _ when form.EndsWith("encrypted", StringComparison.Ordinal) => Request(certificates + key.ExportEncryptedPkcs8PrivateKeyPem(Password, encryption)) with { Password = new Secret(Password) },
            _ when form.StartsWith("PFX", StringComparison.Ordinal) => Request(null) with { Pfx = Pfx(issued, key), Password = new Secret(Password) },
            _ => Request(certificates + key.ExportPkcs8PrivateKeyPem()),
        };

        Assert.IsType<UploadBrowserCertificate.Outcome.Installed>(await _node.Upload.ExecuteAsync(request with { CaPem = _site.RootPem }, CancellationToken.None));

        Assert.Equal(issued.Thumbprint, _node.Served.Uploaded!.Thumbprint);
        using var signer = (AsymmetricAlgorithm?)_node.Served.Uploaded.GetRSAPrivateKey() ?? _node.Served.Uploaded.GetECDsaPrivateKey();
        Assert.Equal(key.ExportSubjectPublicKeyInfo(), signer!.ExportSubjectPublicKeyInfo());
    }

    [Theory]
    [InlineData("nothing", "Give the certificate either as PEM or as PFX")]
    [InlineData("no PEM", "There is no certificate in the file")]
    [InlineData("cut PEM", "cannot be read as PEM")]
    [InlineData("a wrong password", "or the password is not the one of its private key")]
    [InlineData("no password", "The private key is encrypted. Give its password.")]
    [InlineData("two keys", "more than one private key")]
    [InlineData("another key", "The private key belongs to none of the certificates")]
    [InlineData("no key", "answers none of the gateway's signing requests")]
    [InlineData("a name less", "does not cover ssm.example.com; it is for licences.example.com")]
    [InlineData("ended", "ended at 2026-11-22")]
    [InlineData("not yet valid", "is not valid before 2026-11-24")]
    [InlineData("no names", "has no subject alternative name")]
    [InlineData("names in a wrong encoding", "The certificate is not well-formed")]
    [InlineData("a short key", "has 1024 bits; 2048 are the least")]
    [InlineData("self-signed", "is self-signed, so nobody trusts it")]
    [InlineData("an unknown root", "is not trusted here")]
    [InlineData("a missing issuer", "the certificate of its issuer 'CN=Site Issuing' is missing")]
    [InlineData("a CA that is none", "The CA will not do")]
    [InlineData("PFX rubbish", "The PFX file cannot be opened")]
    [InlineData("PFX without a key", "must hold one certificate with its private key")]
    public async Task What_will_not_do_is_refused_with_the_reason_and_nothing_changes(string fault, string reason)
    {
        var now = _clock.GetUtcNow();
        var key = fault == "a short key" ? RSA.Create(1024) : SiteAuthority.ServerKey;
        using var good = _site.Issue(key, Names);
        var stranger = SiteAuthority.StrangersKey;
        var encrypted = key.ExportEncryptedPkcs8PrivateKeyPem(Password, new PbeParameters(PbeEncryptionAlgorithm.Aes256Cbc, HashAlgorithmName.SHA256, 10_000));
        var (certificates, pkcs8) = (Pem(good) + _site.IssuingPem, key.ExportPkcs8PrivateKeyPem());
        var signingRequest = (await RequestAsync()).SigningRequest;
        var request = fault switch
        {
            "nothing" => Request(null),
            "no PEM" => Request("hello"),
            "cut PEM" => Request(Pem(good).Replace("MII", "AAA", StringComparison.Ordinal)),
            "a wrong password" => Request(certificates + encrypted) with { Password = new Secret("wrong") },
            "no password" => Request(certificates + encrypted),
            "two keys" => Request(certificates + pkcs8 + "\n" + stranger.ExportPkcs8PrivateKeyPem()),
            "another key" => Request(certificates + stranger.ExportPkcs8PrivateKeyPem()),
            "no key" => Request(certificates),
            "a name less" => Request(Pem(_site.Answer(signingRequest, Without("ssm.example.com"))) + _site.IssuingPem),
            "ended" => Request(Pem(_site.Issue(key, Names, now.AddDays(-9), now.AddDays(-1))) + _site.IssuingPem + pkcs8),
            "not yet valid" => Request(Pem(_site.Issue(key, Names, now.AddDays(1))) + _site.IssuingPem + pkcs8),
            "names in a wrong encoding" => Request(Pem(_site.Sign(Misspelt(key))) + _site.IssuingPem + pkcs8),
            "no names" => Request(Pem(_site.Sign(Nameless(key))) + _site.IssuingPem + pkcs8),
            "self-signed" => Request(Pem(SiteAuthority.ServerRequest(key, Names).CreateSelfSigned(now.AddDays(-1), now.AddDays(9))) + pkcs8),
            "a missing issuer" => Request(Pem(good) + pkcs8),
            "a CA that is none" => Request(certificates + pkcs8) with { CaPem = "hello" },
            "PFX rubbish" => Request(null) with { Pfx = [1, 2, 3] },
            "PFX without a key" => Request(null) with { Pfx = new X509Certificate2Collection(good).Export(X509ContentType.Pkcs12)! },
            "an unknown root" => Request(certificates + _site.RootPem + pkcs8),
            _ => Request(certificates + pkcs8),
        };

        var outcome = await _node.Upload.ExecuteAsync(
            fault is "an unknown root" or "a CA that is none" or "self-signed" ? request : request with { CaPem = _site.RootPem }, CancellationToken.None);

        Assert.Contains(reason, Assert.IsType<UploadBrowserCertificate.Outcome.Refused>(outcome).Reason, StringComparison.Ordinal);
        Assert.Null(_node.Served.Uploaded);
        Assert.Equal(0, await EventsAsync(EventKinds.BrowserCertificateUploaded));
    }

    [Fact]
    public async Task A_self_signed_certificate_serves_only_when_it_is_given_as_its_own_authority()
    {
        var key = SiteAuthority.ServerKey;
        using var own = SiteAuthority.ServerRequest(key, Names).CreateSelfSigned(_clock.GetUtcNow().AddDays(-1), _clock.GetUtcNow().AddDays(90));
        Assert.IsType<UploadBrowserCertificate.Outcome.Refused>(await UploadAsync(Pem(own) + key.ExportPkcs8PrivateKeyPem(), _site.RootPem));
        Assert.IsType<UploadBrowserCertificate.Outcome.Installed>(await UploadAsync(Pem(own) + key.ExportPkcs8PrivateKeyPem(), Pem(own)));
    }

    [Fact]
    public async Task A_certificate_for_other_names_serves_with_a_warning_and_a_second_one_replaces_the_first()
    {
        var key = SiteAuthority.ServerKey;
        using var first = _site.Issue(key, ["elsewhere.example"]);
        using var second = _site.Issue(key, ["*.example.com"]);
        var warned = Assert.IsType<UploadBrowserCertificate.Outcome.Installed>(await UploadAsync(Pem(first) + _site.IssuingPem + key.ExportPkcs8PrivateKeyPem(), _site.RootPem));
        Assert.Contains("browsers have to dial one of elsewhere.example", Assert.Single(warned.Warnings).ToString(), StringComparison.Ordinal);
        Assert.Empty(Assert.IsType<UploadBrowserCertificate.Outcome.Installed>(await UploadAsync(Pem(second) + _site.IssuingPem + key.ExportPkcs8PrivateKeyPem(), _site.RootPem)).Warnings);
        Assert.Equal(second.Thumbprint, _node.Served.Uploaded!.Thumbprint);
    }

    [Fact]
    public async Task Deleting_it_gives_browsers_the_gateways_own_again()
    {
        var key = SiteAuthority.ServerKey;
        using var issued = _site.Issue(key, Names);
        await UploadAsync(Pem(issued) + _site.IssuingPem + key.ExportPkcs8PrivateKeyPem(), _site.RootPem);

        Assert.True(await _node.Delete.ExecuteAsync(Node.Administrator, CancellationToken.None));

        Assert.Same(_node.Served.Tls, _node.Served.BrowserTls);
        Assert.False(await _node.Delete.ExecuteAsync(Node.Administrator, CancellationToken.None));
        Assert.Equal(1, await EventsAsync(EventKinds.BrowserCertificateDeleted));
        Assert.Equal(0, await _node.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM browser_certificates", null, CancellationToken.None)));
    }

    [Fact]
    public async Task A_signing_request_is_bounded_in_number_checked_in_its_names_and_can_be_given_up()
    {
        Assert.IsType<CreateBrowserRequest.Outcome.Invalid>(await _node.CreateRequest.ExecuteAsync(Node.Administrator, [], CancellationToken.None));
        Assert.IsType<CreateBrowserRequest.Outcome.Invalid>(await _node.CreateRequest.ExecuteAsync(Node.Administrator, ["two words"], CancellationToken.None));
        var first = await RequestAsync();
        for (var i = 1; i < CreateBrowserRequest.MostRequests; i++)
        {
            await RequestAsync();
        }

        Assert.IsType<CreateBrowserRequest.Outcome.TooMany>(await _node.CreateRequest.ExecuteAsync(Node.Administrator, Names, CancellationToken.None));
        Assert.True(await _node.Delete.ForgetRequestAsync(Node.Administrator, first.Id, CancellationToken.None));
        Assert.False(await _node.Delete.ForgetRequestAsync(Node.Administrator, first.Id, CancellationToken.None));
        using var issued = _site.Answer(first.SigningRequest);
        Assert.IsType<UploadBrowserCertificate.Outcome.Refused>(await UploadAsync(Pem(issued) + _site.IssuingPem, _site.RootPem));
    }

    [Fact]
    public async Task One_alert_grows_louder_at_sixty_thirty_and_seven_days_and_ends_with_a_new_certificate()
    {
        var key = SiteAuthority.ServerKey;
        using var issued = _site.Issue(key, Names, to: _clock.GetUtcNow().AddDays(61));
        await UploadAsync(Pem(issued) + _site.IssuingPem + key.ExportPkcs8PrivateKeyPem(), _site.RootPem);
        await _node.Expiry.RunAsync(CancellationToken.None);
        Assert.Empty(await AlertsAsync());

        foreach (var (days, severity, words) in new[] { (1, "Minor", "within 60 days"), (30, "Minor", "within 30 days"), (23, "Major", "within 7 days"), (8, "Major", "clients refuse it") })
        {
            _clock.Advance(TimeSpan.FromDays(days));
            await _node.Expiry.RunAsync(CancellationToken.None);
            await _node.Expiry.RunAsync(CancellationToken.None);
            var alert = Assert.Single(await AlertsAsync());
            Assert.Equal((CertificateExpiry.Uploaded, severity), (alert.Source, alert.Severity));
            Assert.Contains(words, alert.Message, StringComparison.Ordinal);
        }

        using var next = _site.Issue(key, Names, to: _clock.GetUtcNow().AddDays(365));
        await UploadAsync(Pem(next) + _site.IssuingPem + key.ExportPkcs8PrivateKeyPem(), _site.RootPem);
        Assert.Empty(await AlertsAsync());
    }

    [Fact]
    public async Task No_key_is_stored_in_the_clear()
    {
        var key = SiteAuthority.ServerKey;
        using var issued = _site.Issue(key, Names);
        await UploadAsync(Pem(issued) + _site.IssuingPem + key.ExportPkcs8PrivateKeyPem(), _site.RootPem);
        var stored = await _node.ReadAsync(session => session.QueryAsync<byte[]>(
            "SELECT sealed_key FROM browser_certificates UNION ALL SELECT sealed_key FROM host_certificate_changes WHERE sealed_key IS NOT NULL", null, CancellationToken.None));
        Assert.Equal(2, stored.Count);
        Assert.All(stored, value =>
        {
            using var rsa = RSA.Create();
            Assert.ThrowsAny<CryptographicException>(() => rsa.ImportPkcs8PrivateKey(value, out _));
        });
    }

    private async Task<CreateBrowserRequest.Outcome.Created> RequestAsync() =>
        Assert.IsType<CreateBrowserRequest.Outcome.Created>(await _node.CreateRequest.ExecuteAsync(Node.Administrator, Names, CancellationToken.None));

    private static UploadBrowserCertificate.Request Request(string? pem) => new(Node.Administrator, pem, null, null, null);

    private Task<UploadBrowserCertificate.Outcome> UploadAsync(string pem, string ca) => _node.Upload.ExecuteAsync(Request(pem) with { CaPem = ca }, CancellationToken.None);

    private Task<IReadOnlyList<AlertRow>> AlertsAsync() => _node.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(CertificateExpiry.Alert, CancellationToken.None));

    private async Task<int> EventsAsync(string kind) => (await _node.ReadAsync(session => new EventLog(session).ListAsync(EventFilter.OfKind(kind), 100, CancellationToken.None))).Count;

    private byte[] Pfx(X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        using var withKey = key is RSA rsa ? certificate.CopyWithPrivateKey(rsa) : certificate.CopyWithPrivateKey((ECDsa)key);
        return new X509Certificate2Collection { withKey, _site.Issuing }.Export(X509ContentType.Pkcs12, Password)!;
    }

    private static Action<CertificateRequest> Without(string name) => request =>
    {
        var names = new SubjectAlternativeNameBuilder();
        foreach (var kept in Names.Where(other => other != name))
        {
            names.AddDnsName(kept);
        }

        var old = request.CertificateExtensions.Single(extension => extension.Oid!.Value == "2.5.29.17");
        request.CertificateExtensions.Remove(old);
        request.CertificateExtensions.Add(names.Build());
    };

    private static CertificateRequest Nameless(RSA key)
    {
        var request = new CertificateRequest("CN=licences.example.com", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1")], critical: false));
        return request;
    }

    private static CertificateRequest Misspelt(RSA key)
    {
        var request = Nameless(key);
        request.CertificateExtensions.Add(new X509Extension("2.5.29.17", [0x30, 0x05, 0x82, 0x7f], critical: false));
        return request;
    }

    private static string Pem(X509Certificate2 certificate) => certificate.ExportCertificatePem() + "\n";
}

public sealed class BrowserCertificateOnSqlite : BrowserCertificateTests<SqliteEngine>;

public sealed class BrowserCertificateOnPostgreSql : BrowserCertificateTests<PostgreSqlEngine>;
