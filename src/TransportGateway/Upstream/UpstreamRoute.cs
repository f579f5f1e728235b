using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>The way to a server beyond this site: through which proxy, and whose TLS certificate counts there.</summary>
internal sealed record UpstreamRoute
{
    public Uri? Proxy { get; init; }

    public string ProxyUser { get; init; } = "";

    public Secret ProxyPassword { get; init; } = new("");

    /// <summary>Roots for TLS, PEM; those of the machine when empty.</summary>
    public string TlsAnchors { get; init; } = "";

    public X509Certificate2Collection ReadTlsAnchors() => ReadPem(TlsAnchors);

    /// <summary>Verifies TLS, follows no redirect, keeps no cookie and decodes nothing. Whatever becomes of a connection is an <see cref="HttpRequestException"/>.</summary>
    /// <param name="adjust">What one upstream wants beyond that.</param>
    public HttpMessageHandler CreateHandler(Action<SocketsHttpHandler>? adjust = null)
    {
        var handler = new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            UseCookies = false,
            ConnectTimeout = TimeSpan.FromSeconds(10),
            UseProxy = Proxy is not null,
            AutomaticDecompression = DecompressionMethods.None,
        };
        if (Proxy is not null)
        {
            handler.Proxy = new WebProxy(Proxy)
            {
                Credentials = ProxyUser.Length == 0 ? null : new NetworkCredential(ProxyUser, ProxyPassword.Value),
            };
        }

        handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = ChainPolicyOf(TlsAnchors) };

        adjust?.Invoke(handler);
        return new LostConnectionHandler(handler);
    }

    /// <summary>Adds what will not do about it, each a sentence.</summary>
    public void Check(List<string> problems)
    {
        if (Proxy is { } proxy && (proxy.Scheme is not ("http" or "https") || proxy.UserInfo.Length > 0))
        {
            problems.Add("proxy: an http URL without user and password is needed, as in http://proxy.example.com:3128; give those as proxyUser and proxyPassword.");
        }

        CheckAnchors("tlsAnchors", TlsAnchors, problems);
    }

    public static void CheckAnchors(string key, string pem, List<string> problems)
    {
        try
        {
            if (pem.Trim().Length > 0 && ReadPem(pem).Count == 0)
            {
                problems.Add($"{key}: no certificate is in it; give PEM that begins with -----BEGIN CERTIFICATE-----.");
            }
        }
        catch (CryptographicException)
        {
            problems.Add($"{key}: it cannot be read as PEM certificates.");
        }
    }

    /// <summary>What a server's certificate has to chain to; null where the machine's roots count.</summary>
    public static X509ChainPolicy? ChainPolicyOf(string tlsAnchors)
    {
        var anchors = ReadPem(tlsAnchors);
        if (anchors.Count == 0)
        {
            return null;
        }

        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.AddRange(anchors);
        return policy;
    }

    /// <summary>The way as a caller changes it: what is null stays as it was, and an empty text takes a value away.</summary>
    public UpstreamRoute With(string? proxy, string? proxyUser, Secret? proxyPassword, string? tlsAnchors, List<string> problems) => new()
    {
        Proxy = ReadAddress("proxy", proxy, Proxy, problems),
        ProxyUser = proxyUser ?? ProxyUser,
        ProxyPassword = proxyPassword ?? ProxyPassword,
        TlsAnchors = tlsAnchors ?? TlsAnchors,
    };

    /// <summary>What a caller gave: null leaves the address as it was, an empty text takes it away, and what is no URL is a problem.</summary>
    public static Uri? ReadAddress(string key, string? given, Uri? before, List<string> problems)
    {
        if (given is null or "")
        {
            return given is null ? before : null;
        }

        if (Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Host.Length > 0)
        {
            return address;
        }

        problems.Add($"{key}: '{given}' is not a URL.");
        return before;
    }

    public static X509Certificate2Collection ReadPem(string pem)
    {
        var certificates = new X509Certificate2Collection();
        certificates.ImportFromPem(pem);
        return certificates;
    }
}
