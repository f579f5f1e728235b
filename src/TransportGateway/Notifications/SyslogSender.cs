using System.Globalization;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>Brings messages to a syslog server: as datagrams (RFC 5426), or with octet counting over TCP (RFC 6587) or TLS (RFC 5425).</summary>
internal static class SyslogSender
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    /// <summary>What servers take as they are shipped.</summary>
    public static int MostBytes(string transport) => transport == SyslogSettings.Udp ? 2048 : 8192;

    /// <exception cref="SyslogUnreachableException">Not all of them arrived, as far as the transport can tell.</exception>
    public static async Task SendAsync(SyslogSettings settings, IReadOnlyList<byte[]> messages, CancellationToken cancellationToken)
    {
        var place = $"{settings.Server}:{settings.PortInUse}";
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(Patience);
        try
        {
            await (settings.Transport == SyslogSettings.Udp ? SendDatagramsAsync(settings, messages, patience.Token) : SendStreamAsync(settings, messages, patience.Token));
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested && exception is SocketException or IOException or AuthenticationException or OperationCanceledException)
        {
            throw new SyslogUnreachableException(exception switch
            {
                AuthenticationException => $"TLS with {place} did not come about: {OneLine.Of(exception.Message)} Its certificate must be for the name '{settings.Server}' and chain to tlsAnchors, or to the machine's roots when those are empty.",
                OperationCanceledException => $"{place} did not answer, or did not close the connection after the last message, within {Patience.TotalSeconds:0} seconds.",
                _ => $"{place} cannot be reached: {OneLine.Of(exception.Message)}.",
            });
        }
    }

    private static async Task SendDatagramsAsync(SyslogSettings settings, IReadOnlyList<byte[]> messages, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Dgram, ProtocolType.Udp);
        await socket.ConnectAsync(settings.Server!, settings.PortInUse, cancellationToken);
        foreach (var message in messages)
        {
            await socket.SendAsync(message, SocketFlags.None, cancellationToken);
        }

        // A machine where nobody listens at the port often says so; more cannot be known of datagrams.
        if (socket.GetSocketOption(SocketOptionLevel.Socket, SocketOptionName.Error) is int error and not 0)
        {
            throw new SocketException(error);
        }
    }

    /// <remarks>
    /// A connection for each batch, ended in an orderly way: the server closes its side only when it has read everything. On a connection that stays
    /// open, what was written into it before a server went away would count as sent.
    /// </remarks>
    private static async Task SendStreamAsync(SyslogSettings settings, IReadOnlyList<byte[]> messages, CancellationToken cancellationToken)
    {
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(settings.Server!, settings.PortInUse, cancellationToken);
        await using var plain = new NetworkStream(socket);
        await using var tls = settings.Transport == SyslogSettings.Tls ? new SslStream(plain) : null;
        if (tls is not null)
        {
            await tls.AuthenticateAsClientAsync(
                new SslClientAuthenticationOptions { TargetHost = settings.Server, CertificateChainPolicy = UpstreamRoute.ChainPolicyOf(settings.TlsAnchors) }, cancellationToken);
        }

        var stream = (Stream?)tls ?? plain;
        await stream.WriteAsync(Frame(messages), cancellationToken);
        await stream.FlushAsync(cancellationToken);
        if (tls is not null)
        {
            // It takes no token, and waits for as long as the server reads nothing.
            await tls.ShutdownAsync().WaitAsync(cancellationToken);
        }

        socket.Shutdown(SocketShutdown.Send);
        var ignored = new byte[1024];
        while (await stream.ReadAsync(ignored, cancellationToken) > 0)
        {
            // Syslog has no answers.
        }
    }

    private static byte[] Frame(IReadOnlyList<byte[]> messages)
    {
        using var frames = new MemoryStream();
        foreach (var message in messages)
        {
            frames.Write(Encoding.ASCII.GetBytes(message.Length.ToString(CultureInfo.InvariantCulture) + " "));
            frames.Write(message);
        }

        return frames.ToArray();
    }
}

/// <summary>Why a syslog server did not get its messages, in a sentence for administrators.</summary>
internal sealed class SyslogUnreachableException(string message) : Exception(message);
