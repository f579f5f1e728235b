using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace TransportGateway.Tests.Harness;

/// <summary>A connection on which a test says byte by byte what no HTTP client would.</summary>
internal sealed class RawConnection : IDisposable
{
    private readonly TcpClient _tcp = new();
    private Stream _stream = Stream.Null;

    public static async Task<RawConnection> PlainAsync(TestGateway gateway)
    {
        var connection = new RawConnection();
        await connection._tcp.ConnectAsync("127.0.0.1", new Uri(gateway.Gateway.Addresses.Single(address => address.StartsWith("http://127", StringComparison.Ordinal))).Port);
        connection._stream = connection._tcp.GetStream();
        return connection;
    }

    public static async Task<RawConnection> TlsAsync(TestGateway gateway)
    {
        var connection = new RawConnection();
        await connection._tcp.ConnectAsync("127.0.0.1", gateway.Address.Port);
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPemFile(gateway.Gateway.Directory.TrustAnchor);
        var tls = new SslStream(connection._tcp.GetStream());
        await tls.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = "localhost", CertificateChainPolicy = policy });
        connection._stream = tls;
        return connection;
    }

    public Task SayAsync(string text) => _stream.WriteAsync(Encoding.Latin1.GetBytes(text)).AsTask();

    /// <summary>All that comes until the server closes the connection.</summary>
    public async Task<string> ListenAsync()
    {
        using var heard = new MemoryStream();
        try
        {
            await _stream.CopyToAsync(heard);
        }
        catch (IOException)
        {
            // The server may close before it has read all that was said.
        }

        return Encoding.UTF8.GetString(heard.ToArray());
    }

    public void Dispose()
    {
        _stream.Dispose();
        _tcp.Dispose();
    }
}
