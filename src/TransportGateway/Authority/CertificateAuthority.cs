using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Authority;

/// <summary>The gateway's own root and sub CA, the certificates that they issue, and the key that signs answers.</summary>
/// <remarks>The keys of the authority stay in this folder: others hand in what is to be signed.</remarks>
internal sealed class CertificateAuthority(Database database, MasterKey masterKey, AuthorityOptions options, TimeProvider clock) : IDisposable
{
    /// <summary>What an ID certificate is worth: renewed at 180 of 365 days (wire-protocol 4.1).</summary>
    public static readonly TimeSpan IdCertificateLifetime = TimeSpan.FromDays(365);

    private static readonly TimeSpan RootLifetime = TimeSpan.FromDays(30 * 365);
    private static readonly TimeSpan SubCaLifetime = TimeSpan.FromDays(15 * 365);
    private static readonly TimeSpan SigningLifetime = TimeSpan.FromDays(3 * 365);

    // A product that registers on the last day before a renewal still ends before its issuer and its signer do.
    private static readonly TimeSpan SubCaRenewal = SigningLifetime + IdCertificateLifetime;
    private static readonly TimeSpan SigningRenewal = IdCertificateLifetime + TimeSpan.FromDays(35);

    // Clocks of products may run a little behind; 8.7.26 allows up to an hour.
    private static readonly TimeSpan BackDating = TimeSpan.FromMinutes(5);

    // What begins a little later is used: a clock that was set back after an issue is no reason for another one, and products allow as much (wire-protocol 2.6).
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly SemaphoreSlim _changing = new(1, 1);
    private volatile State? _state;

    public X509Certificate2 Root => Current.Root.Certificate;

    public X509Certificate2 SubCa => Current.SubCa.Certificate;

    /// <summary>The certificate that newly registered products are given, and that signs for those who name none.</summary>
    public SigningKey CurrentSigner => Current.Signers[^1];

    private State Current => _state ?? throw new InvalidOperationException("The certificate authority has not been loaded.");

    /// <summary>The signer that a message named while it is valid, else the current one (8.7.2).</summary>
    public SigningKey SignerFor(string? serial, DateTimeOffset now) =>
        Current.Signers.FirstOrDefault(signer => signer.Serial == serial && signer.IsValidAt(now)) ?? CurrentSigner;

    public bool IsLoaded => _state is not null;

    /// <summary>Loads the authority as it is, as on a node that may not write; false when something of it is missing.</summary>
    public async Task<bool> LoadAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var now = clock.GetUtcNow();
            await using var session = await database.ReadAsync(cancellationToken);
            var rows = await new AuthorityCertificates(session).ListAsync(cancellationToken);
            if (Kept(rows, CertificateRole.Root, now, TimeSpan.Zero) is not { } root || Kept(rows, CertificateRole.SubCa, now, TimeSpan.Zero) is not { } subCa
                || OpenSigners(rows, subCa.Id, now) is not { Count: > 0 } signers)
            {
                return false;
            }

            _state = new State(Open(root), Open(subCa), signers);
            return true;
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Loads the authority, makes what is missing and renews what runs out. Tells what it issued.</summary>
    public async Task<IReadOnlyList<string>> EnsureAsync(CancellationToken cancellationToken)
    {
        await _changing.WaitAsync(cancellationToken);
        try
        {
            var now = clock.GetUtcNow();
            await using var session = await database.BeginAsync(cancellationToken);
            var store = new AuthorityCertificates(session);
            var rows = await store.ListAsync(cancellationToken);
            var issued = new List<string>();

            var root = OpenKept(rows, CertificateRole.Root, now, TimeSpan.Zero)
                ?? await IssueAsync(CertificateRole.Root, null, RootLifetime, key => CertificateProfile.Root(options.Organization, key));
            var subCa = OpenKept(rows, CertificateRole.SubCa, now, SubCaRenewal)
                ?? await IssueAsync(CertificateRole.SubCa, root, SubCaLifetime, key => CertificateProfile.SubCa(options.Organization, key));
            var signers = OpenSigners(rows, subCa.Id, now);
            // Products get the two together, and verify one by the other.
            if (Kept(rows.Where(row => row.IssuerId == subCa.Id), CertificateRole.Signing, now, SigningRenewal) is null)
            {
                signers.Add(await IssueAsync(CertificateRole.Signing, subCa, SigningLifetime, key => CertificateProfile.Signing(options.Organization, key)));
            }

            if (issued.Count > 0)
            {
                await session.CommitAsync();
            }

            _state = new State(root, subCa, signers);
            return issued;

            async Task<SigningKey> IssueAsync(string role, SigningKey? issuer, TimeSpan lifetime, Func<RSA, CertificateRequest> profile)
            {
                var key = await NextKeyAsync();
                var signingKey = Issue(profile(key), key, issuer, lifetime, now);
                await StoreAsync(session, signingKey, role, issuer?.Id, key, now, cancellationToken);
                issued.Add($"{role} certificate {signingKey.Certificate.Subject}, valid until {signingKey.NotAfter:yyyy-MM-dd}");
                return signingKey;
            }
        }
        finally
        {
            _changing.Release();
        }
    }

    /// <summary>Issues the certificate of a product instance for its public key.</summary>
    public IssuedIdCertificate IssueIdCertificate(PublicKey key, string instanceId, string product, IEnumerable<string> udis, DateTimeOffset now)
    {
        // Taken once: the authority may be renewed while the product waits for its answer.
        var state = Current;
        var subCa = state.SubCa;
        var request = CertificateProfile.ProductInstance(options.Organization, key, instanceId, product, udis);
        AddAuthorityKeyIdentifier(request, subCa.Certificate);
        var from = WholeSeconds(now);
        var to = from + IdCertificateLifetime;
        var serial = CertificateProfile.NewSerial();
        using var certificate = request.Create(subCa.Certificate.SubjectName, subCa.Generator, from - BackDating, to, serial);
        return new IssuedIdCertificate(
            CertificateProfile.ToDecimal(serial), certificate.ExportCertificatePem() + "\n", from, to, subCa.CertificatePem, state.Root.CertificatePem, state.Signers[^1]);
    }

    /// <summary>Issues a host certificate for a public key; the sub CA's certificate follows it.</summary>
    public IReadOnlyList<byte[]> IssueHostCertificate(PublicKey key, string commonName, IReadOnlyList<string> names, TimeSpan lifetime, DateTimeOffset now)
    {
        var subCa = Current.SubCa;
        var request = CertificateProfile.Host(options.Organization, commonName, names, key);
        AddAuthorityKeyIdentifier(request, subCa.Certificate);
        var from = WholeSeconds(now) - BackDating;
        using var certificate = request.Create(subCa.Certificate.SubjectName, subCa.Generator, from, from + lifetime, CertificateProfile.NewSerial());
        return [certificate.RawData, subCa.Certificate.RawData];
    }

    /// <summary>A new RSA key; on a first run one that was made ahead.</summary>
    public Task<RSA> NextKeyAsync() => options.Keys.NextAsync();

    public void Dispose()
    {
        _changing.Dispose();
        _state?.Dispose();
    }

    private static string Purpose(string id) => "authority-key:" + id;

    private static DateTimeOffset WholeSeconds(DateTimeOffset instant) => DateTimeOffset.FromUnixTimeSeconds(instant.ToUnixTimeSeconds());

    private static SigningKey Issue(CertificateRequest request, RSA key, SigningKey? issuer, TimeSpan lifetime, DateTimeOffset now)
    {
        var from = WholeSeconds(now) - BackDating;
        var to = from + lifetime;
        var serial = CertificateProfile.NewSerial();
        X509Certificate2 certificate;
        if (issuer is null)
        {
            request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromSubjectKeyIdentifier(
                request.CertificateExtensions.OfType<X509SubjectKeyIdentifierExtension>().Single()));
            certificate = request.Create(request.SubjectName, X509SignatureGenerator.CreateForRSA(key, RSASignaturePadding.Pkcs1), from, to, serial);
        }
        else
        {
            AddAuthorityKeyIdentifier(request, issuer.Certificate);
            certificate = request.Create(issuer.Certificate.SubjectName, issuer.Generator, from, to, serial);
        }

        return new SigningKey(Ids.New(now), CertificateProfile.ToDecimal(serial), certificate, key);
    }

    private static void AddAuthorityKeyIdentifier(CertificateRequest request, X509Certificate2 issuer) =>
        request.CertificateExtensions.Add(X509AuthorityKeyIdentifierExtension.CreateFromCertificate(
            issuer, includeKeyIdentifier: true, includeIssuerAndSerial: false));

    /// <summary>Those that have not ended, the one to use last: the newest, but what was made while the clock was far ahead only when there is nothing else.</summary>
    private static IEnumerable<AuthorityCertificateRow> InOrderOfUse(IEnumerable<AuthorityCertificateRow> rows, string role, DateTimeOffset now) =>
        rows.Where(row => row.Role == role && row.NotAfter > now).OrderByDescending(row => IsEarly(row, now) ? row.NotBefore : DateTimeOffset.MinValue);

    private static bool IsEarly(AuthorityCertificateRow row, DateTimeOffset now) => row.NotBefore > now + Grace;

    /// <summary>The one to use; null when it is time for another one.</summary>
    /// <remarks>If all there is begins later, it is the clock that is wrong now: what the gateway would make by it would take the place of what products know.</remarks>
    private static AuthorityCertificateRow? Kept(IEnumerable<AuthorityCertificateRow> rows, string role, DateTimeOffset now, TimeSpan remaining) =>
        InOrderOfUse(rows, role, now).LastOrDefault() is { } row && (IsEarly(row, now) || row.NotAfter > now + remaining) ? row : null;

    private SigningKey? OpenKept(IEnumerable<AuthorityCertificateRow> rows, string role, DateTimeOffset now, TimeSpan remaining) =>
        Kept(rows, role, now, remaining) is { } row ? Open(row) : null;

    /// <summary>One of the sub CA's own last, where there is one.</summary>
    private List<SigningKey> OpenSigners(IEnumerable<AuthorityCertificateRow> rows, string subCaId, DateTimeOffset now) =>
        [.. InOrderOfUse(rows, CertificateRole.Signing, now).OrderBy(row => row.IssuerId == subCaId).Select(Open)];

    private SigningKey Open(AuthorityCertificateRow row)
    {
        var key = RSA.Create();
        var plain = masterKey.Open(Purpose(row.Id), row.SealedKey);
        key.ImportPkcs8PrivateKey(plain, out _);
        CryptographicOperations.ZeroMemory(plain);
        return new SigningKey(row.Id, row.Serial, X509CertificateLoader.LoadCertificate(row.Certificate), key);
    }

    private async Task StoreAsync(
        DbSession session, SigningKey issued, string role, string? issuerId, RSA key, DateTimeOffset now, CancellationToken cancellationToken)
    {
        var plain = key.ExportPkcs8PrivateKey();
        await new AuthorityCertificates(session).AddAsync(
            new AuthorityCertificateRow
            {
                Id = issued.Id,
                Role = role,
                Serial = issued.Serial,
                IssuerId = issuerId,
                Certificate = issued.Certificate.RawData,
                SealedKey = masterKey.Seal(Purpose(issued.Id), plain),
                NotBefore = issued.NotBefore,
                NotAfter = issued.NotAfter,
                CreatedAt = now,
            },
            cancellationToken);
        CryptographicOperations.ZeroMemory(plain);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.CertificateIssued, Severity.Info, "gateway", $"A {role} certificate was issued: {issued.Certificate.Subject}."),
            now,
            cancellationToken);
    }

    private sealed record State(SigningKey Root, SigningKey SubCa, IReadOnlyList<SigningKey> Signers) : IDisposable
    {
        public void Dispose()
        {
            Root.Dispose();
            SubCa.Dispose();
            foreach (var signer in Signers)
            {
                signer.Dispose();
            }
        }
    }
}

/// <param name="Organization">The O of every certificate that this gateway issues.</param>
internal sealed record AuthorityOptions(string Organization)
{
    public KeySource Keys { get; init; } = new();
}

/// <summary>An ID certificate with what belongs to it: the chain up to the root (8.7.22), and whose signatures its holder will meet (8.7.2).</summary>
/// <param name="Serial">Decimal.</param>
/// <param name="ValidFrom">Whole seconds; equals the registration or renewal time.</param>
internal sealed record IssuedIdCertificate(
    string Serial, string Pem, DateTimeOffset ValidFrom, DateTimeOffset ValidTo, string SubCaPem, string RootPem, SigningKey Signer);
