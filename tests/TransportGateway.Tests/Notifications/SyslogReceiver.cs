using System.Collections.Concurrent;
using System.Globalization;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.Notifications;

/// <summary>A syslog server: datagrams, or octet counting over TCP or TLS, read by the letter of the RFCs.</summary>
internal sealed class SyslogReceiver : IAsyncDisposable
{
    private readonly SiteAuthority _authority = new(TimeProvider.System.GetUtcNow());
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentQueue<string> _messages = new();
    private readonly string _transport;
    private readonly string _name;
    private readonly UdpClient? _udp;
    private readonly TcpListener? _tcp;
    private readonly Task _work;

    private SyslogReceiver(string transport, int port, string name)
    {
        _transport = transport;
        _name = name;
        if (transport == "udp")
        {
            _udp = new UdpClient(new IPEndPoint(IPAddress.Loopback, port));
            _work = ReceiveAsync();
        }
        else
        {
            _tcp = new TcpListener(IPAddress.Loopback, port) { Server = { NoDelay = true } };
            _tcp.Start();
            _work = AcceptAsync();
        }
    }

    public int Port => ((IPEndPoint)(_udp?.Client.LocalEndPoint ?? _tcp!.LocalEndpoint)).Port;

    public string RootPem => _authority.RootPem;

    public IReadOnlyList<string> Messages => [.. _messages];

    /// <summary>Takes connections and what comes over them, and then dies before it has read it.</summary>
    public bool DiesAtOnce { get; set; }

    /// <param name="name">The name in its certificate.</param>
    public static SyslogReceiver Start(string transport, int? port = null, string name = "127.0.0.1") => new(transport, port ?? Loopback.FreePort(), name);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _udp?.Dispose();
        _tcp?.Dispose();
        await _work.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        _authority.Dispose();
        _stop.Dispose();
    }

    private async Task ReceiveAsync()
    {
        while (true)
        {
            _messages.Enqueue(Encoding.UTF8.GetString((await _udp!.ReceiveAsync(_stop.Token)).Buffer));
        }
    }

    private async Task AcceptAsync()
    {
        while (true)
        {
            using var client = await _tcp!.AcceptTcpClientAsync(_stop.Token);
            try
            {
                await ServeAsync(client);
            }
            catch (Exception exception) when (exception is IOException or AuthenticationException)
            {
                // A sender that does not trust this server hangs up.
            }
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        if (DiesAtOnce)
        {
            client.Client.Close(0);
            return;
        }

        await using Stream stream = _transport == "tls" ? new SslStream(client.GetStream()) : client.GetStream();
        if (stream is SslStream tls)
        {
            var certificate = RSACertificateExtensions.CopyWithPrivateKey(_authority.Issue(SiteAuthority.ServerKey, [_name]), SiteAuthority.ServerKey);
            await tls.AuthenticateAsServerAsync(
                new SslServerAuthenticationOptions { ServerCertificateContext = SslStreamCertificateContext.Create(certificate, [_authority.Issuing], offline: true) }, _stop.Token);
        }

        using var everything = new MemoryStream();
        await stream.CopyToAsync(everything, _stop.Token);
        Split(everything.ToArray());
    }

    /// <summary>RFC 6587, 3.4.1: a number, a blank, and so many bytes.</summary>
    private void Split(ReadOnlySpan<byte> bytes)
    {
        while (!bytes.IsEmpty)
        {
            var blank = bytes.IndexOf((byte)' ');
            var length = int.Parse(Encoding.ASCII.GetString(bytes[..blank]), CultureInfo.InvariantCulture);
            _messages.Enqueue(Encoding.UTF8.GetString(bytes.Slice(blank + 1, length)));
            bytes = bytes[(blank + 1 + length)..];
        }
    }
}
