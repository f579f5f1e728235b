using System.CommandLine;

namespace TransportGateway.Cli;

/// <summary>The options that say how to get to a server beyond this site; Software Central and the relay have the same.</summary>
internal sealed class RouteOptions
{
    private readonly Option<string?> _proxy = new("--proxy") { Description = "HTTP proxy, as in http://proxy.example.com:3128; empty for none" };
    private readonly Option<string?> _proxyUser = new("--proxy-user") { Description = "user at the proxy" };
    private readonly Option<FileInfo?> _proxyPasswordFile = new("--proxy-password-file") { Description = "file that holds the password at the proxy; - for standard input" };
    private readonly Option<FileInfo?> _tlsAnchors = new("--tls-anchors") { Description = "PEM file with roots for TLS; those of the machine when never given" };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _proxy, _proxyUser, _proxyPasswordFile, _tlsAnchors })
        {
            command.Options.Add(option);
        }
    }

    public async Task WriteAsync(ParseResult parsed, Dictionary<string, object?> body, CancellationToken cancellationToken)
    {
        body["proxy"] = parsed.GetValue(_proxy);
        body["proxyUser"] = parsed.GetValue(_proxyUser);
        body["proxyPassword"] = parsed.GetValue(_proxyPasswordFile) is { } password ? await Files.ReadPasswordAsync(password, cancellationToken) : null;
        body["tlsAnchors"] = parsed.GetValue(_tlsAnchors) is { } anchors ? await Files.ReadCertificatesAsync(anchors, cancellationToken) : null;
    }
}
