using System.Net.Security;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Authority;

namespace TransportGateway.HostTls;

/// <summary>The certificate that products see: its common name is the host part of the URL that they dial.</summary>
/// <remarks>Kestrel asks for it at each handshake, so a new one serves from the next connection on.</remarks>
internal sealed class HostCertificate(CertificateAuthority authority, HostCertificateOptions options, TimeProvider clock) : IDisposable
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);
    private static readonly TimeSpan Renewal = TimeSpan.FromDays(60);

    private volatile SslServerAuthenticationOptions? _tls;
    private SigningKey? _serving;

    /// <summary>What a TLS handshake uses now, the chain up to the sub CA included.</summary>
    public SslServerAuthenticationOptions Tls => _tls ?? throw new InvalidOperationException("The host certificate has not been loaded.");

    public X509Certificate2 Certificate => _serving?.Certificate ?? throw new InvalidOperationException("The host certificate has not been loaded.");

    /// <summary>Loads the certificate; issues one when there is none, when its names changed, or when it runs out. Tells what it issued.</summary>
    public async Task<string?> EnsureAsync(CancellationToken cancellationToken)
    {
        var found = _serving ?? await authority.FindHostCertificateAsync(cancellationToken);
        if (found is not null && Names(found.Certificate).SetEquals(options.AllNames)
            && found.Certificate.GetNameInfo(X509NameType.SimpleName, forIssuer: false) == options.CommonName
            && found.NotAfter > clock.GetUtcNow() + Renewal)
        {
            Serve(found);
            return null;
        }

        var issued = await authority.IssueHostCertificateAsync(options.CommonName, options.AllNames, Lifetime, cancellationToken);
        Serve(issued);
        return $"host certificate for {string.Join(", ", options.AllNames)}, valid until {issued.NotAfter:yyyy-MM-dd}";
    }

    public void Dispose() => _serving?.Dispose();

    private static HashSet<string> Names(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().Single();
        return names.EnumerateDnsNames().Concat(names.EnumerateIPAddresses().Select(address => address.ToString())).ToHashSet();
    }

    private void Serve(SigningKey certificate)
    {
        if (ReferenceEquals(certificate, _serving))
        {
            return;
        }

        _tls = new SslServerAuthenticationOptions
        {
            ServerCertificateContext = SslStreamCertificateContext.Create(certificate.WithPrivateKey(), [authority.SubCa], offline: true),
            EnabledSslProtocols = SslProtocols.Tls12 | SslProtocols.Tls13,
            ClientCertificateRequired = false,
        };
        _serving = certificate;
    }
}

/// <param name="CommonName">The host part of the URL that products dial: a name or an address.</param>
/// <param name="AlternativeNames">Further names and addresses that the certificate is to cover.</param>
internal sealed record HostCertificateOptions(string CommonName, IReadOnlyList<string> AlternativeNames)
{
    public IReadOnlyList<string> AllNames { get; } = [.. AlternativeNames.Prepend(CommonName).Distinct(StringComparer.OrdinalIgnoreCase)];
}
