using System.Collections.Frozen;
using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>What TLS handshakes are answered with: the host certificate for products, the uploaded one for browsers where there is one.</summary>
/// <remarks>Kestrel asks at each handshake, so a new certificate serves from the next connection on and those that are open stay.</remarks>
internal sealed class HostCertificate(Database database, MasterKey masterKey)
{
    private volatile Served? _products;
    private volatile Served? _browsers;

    public SslServerAuthenticationOptions Tls => ForProducts.Options;

    /// <summary>For the listener of browsers: the uploaded certificate, else the one that products get.</summary>
    public SslServerAuthenticationOptions BrowserTls => (_browsers ?? ForProducts).Options;

    public string Id => ForProducts.Id;

    public X509Certificate2 Certificate => ForProducts.Certificate;

    /// <summary>The certificate first, without the root.</summary>
    public IReadOnlyList<X509Certificate2> Chain => ForProducts.Chain;

    /// <summary>The uploaded certificate, null when there is none.</summary>
    public X509Certificate2? Uploaded => _browsers?.Certificate;

    public FrozenSet<string> Names => ForProducts.Names;

    private Served ForProducts => _products ?? throw new InvalidOperationException("The host certificate has not been loaded.");

    /// <summary>Whether a product that dials this name accepts the certificate.</summary>
    public bool Covers(string name) => ForProducts.Names.Contains(name);

    /// <summary>Serves what is installed, by whichever node; false when there is nothing yet.</summary>
    public async Task<bool> RefreshAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var changes = new HostCertificateChanges(session);
        if (await changes.FindInstalledIdAsync(cancellationToken) != _products?.Id && await changes.FindInstalledAsync(cancellationToken) is { } installed)
        {
            _products = Open(installed.Id, installed.Chain!, HostCertificateChange.KeyPurpose(installed.Id), installed.SealedKey!);
        }

        var browsers = new BrowserCertificates(session);
        var uploadedId = await browsers.FindInstalledIdAsync(cancellationToken);
        if (uploadedId != _browsers?.Id)
        {
            _browsers = uploadedId is not null && await browsers.FindAsync(uploadedId, cancellationToken) is { } uploaded
                ? Open(uploaded.Id, uploaded.Chain!, BrowserCertificateRow.KeyPurpose(uploaded.Id), uploaded.SealedKey)
                : null;
        }

        return _products is not null;
    }

    private Served Open(string id, string pem, string purpose, byte[] sealedKey)
    {
        var chain = new X509Certificate2Collection();
        chain.ImportFromPem(pem);
        var plain = masterKey.Open(purpose, sealedKey);
        var certificate = ServerCertificate.WithKey(chain[0], plain);
        CryptographicOperations.ZeroMemory(plain);
        return new Served(id, certificate, [.. chain]);
    }

    /// <remarks>Not disposed when its successor takes over: handshakes may be under way with it.</remarks>
    private sealed class Served(string id, X509Certificate2 certificate, IReadOnlyList<X509Certificate2> chain)
    {
        public string Id => id;

        public X509Certificate2 Certificate => certificate;

        public IReadOnlyList<X509Certificate2> Chain => chain;

        public FrozenSet<string> Names { get; } = ServerCertificate.NamesOf(certificate).ToFrozenSet(StringComparer.OrdinalIgnoreCase);

        public SslServerAuthenticationOptions Options { get; } = new()
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [.. chain.Skip(1)], offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = false,
        };
    }
}
