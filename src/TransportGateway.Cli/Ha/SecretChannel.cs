using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli.Ha;

/// <summary>A TLS connection between two machines that know nothing of each other but a one-time secret.</summary>
/// <remarks>
/// The listener's certificate is made for the occasion. Each side proves that it knows the secret with an HMAC over the certificate
/// that it sees or shows and over both sides' random numbers; whoever stands in between shows another certificate and can make
/// neither proof. The secret has 160 bits, so a proof tells nothing to somebody who guesses. Nothing is sent before both are proved.
/// </remarks>
internal sealed class SecretChannel : IAsyncDisposable
{
    // Until both sides are proved a line is a few numbers; after that it may carry keys and configuration.
    private const int LongestGreeting = 1024;
    private const int LongestLine = 1024 * 1024;
    // A machine that was just put in place of another one is reached once the neighbours have forgotten the old one's hardware address.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly TcpClient _client;
    private readonly SslStream _stream;
    private readonly StreamReader _reader;
    private int _longest = LongestGreeting;

    private SecretChannel(TcpClient client, SslStream stream)
    {
        _client = client;
        // A machine that died does not hang up.
        client.Client.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        client.Client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, 10);
        client.Client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveInterval, 5);
        client.Client.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveRetryCount, 3);
        _stream = stream;
        _reader = new StreamReader(stream, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 4096, leaveOpen: true);
    }

    /// <summary>The address that this side is reached under by the other one.</summary>
    public IPAddress LocalAddress => ((IPEndPoint)_client.Client.LocalEndPoint!).Address.MapToIPv4OrSame();

    public IPAddress RemoteAddress => ((IPEndPoint)_client.Client.RemoteEndPoint!).Address.MapToIPv4OrSame();

    /// <exception cref="TgctlException">Nobody answers there, or not somebody who knows the secret.</exception>
    public static async Task<SecretChannel> ConnectAsync(string address, string secret, string whatToRun, CancellationToken cancellationToken)
    {
        var client = new TcpClient();
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            await client.ConnectAsync(address, HaPaths.ProvisioningPort, patience.Token);
            // Who it is follows from the secret, not from who signed the certificate.
            var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false, (_, certificate, _, _) => certificate is not null);
            await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions { TargetHost = address, EnabledSslProtocols = SslProtocols.Tls13 }, patience.Token);
            var channel = new SecretChannel(client, stream);
            var shown = stream.RemoteCertificate!.GetCertHash(HashAlgorithmName.SHA256);
            var mine = RandomNumberGenerator.GetBytes(32);
            await channel.SendAsync(new JsonObject { ["random"] = Convert.ToBase64String(mine) }, patience.Token);
            var hello = await channel.ReceiveAsync(patience.Token);
            var theirs = Convert.FromBase64String(hello["random"]!.GetValue<string>());
            if (!CryptographicOperations.FixedTimeEquals(Proof(secret, "listener", shown, mine, theirs), Convert.FromBase64String(hello["proof"]!.GetValue<string>())))
            {
                throw WrongSecret(address);
            }

            await channel.SendAsync(new JsonObject { ["proof"] = Convert.ToBase64String(Proof(secret, "caller", shown, mine, theirs)) }, patience.Token);
            await channel.ReceiveAsync(patience.Token);
            channel._longest = LongestLine;
            return channel;
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            client.Dispose();
            throw new TgctlException($"Nobody waits at {address}, port {HaPaths.ProvisioningPort}. Run {whatToRun} there first, leave it running, and let that port through any firewall in between.");
        }
        catch (Exception exception) when (exception is IOException or AuthenticationException or JsonException or FormatException or NullReferenceException or InvalidOperationException)
        {
            client.Dispose();
            throw WrongSecret(address);
        }
        catch
        {
            client.Dispose();
            throw;
        }
    }

    /// <summary>Proves the caller that has connected; null when it does not know the secret.</summary>
    public static async Task<SecretChannel?> AcceptAsync(TcpClient client, X509Certificate2 certificate, string secret, CancellationToken cancellationToken)
    {
        try
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            var stream = new SslStream(client.GetStream(), leaveInnerStreamOpen: false);
            await stream.AuthenticateAsServerAsync(new SslServerAuthenticationOptions { ServerCertificate = certificate, EnabledSslProtocols = SslProtocols.Tls13 }, patience.Token);
            var channel = new SecretChannel(client, stream);
            var shown = certificate.GetCertHash(HashAlgorithmName.SHA256);
            var theirs = Convert.FromBase64String((await channel.ReceiveAsync(patience.Token))["random"]!.GetValue<string>());
            var mine = RandomNumberGenerator.GetBytes(32);
            await channel.SendAsync(
                new JsonObject { ["random"] = Convert.ToBase64String(mine), ["proof"] = Convert.ToBase64String(Proof(secret, "listener", shown, theirs, mine)) }, patience.Token);
            var proof = Convert.FromBase64String((await channel.ReceiveAsync(patience.Token))["proof"]!.GetValue<string>());
            if (CryptographicOperations.FixedTimeEquals(Proof(secret, "caller", shown, theirs, mine), proof))
            {
                await channel.SendAsync(new JsonObject { ["welcome"] = true }, patience.Token);
                channel._longest = LongestLine;
                return channel;
            }
        }
        catch (Exception exception) when (!cancellationToken.IsCancellationRequested
            && exception is IOException or AuthenticationException or OperationCanceledException or JsonException or FormatException or NullReferenceException or InvalidOperationException)
        {
            // Whoever that was, it is not the other node.
        }

        client.Dispose();
        return null;
    }

    /// <summary>A certificate for one run of a listener.</summary>
    public static X509Certificate2 CertificateForNow(TimeProvider clock)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var now = clock.GetUtcNow();
        using var made = new CertificateRequest("CN=transport-gateway-provisioning", key, HashAlgorithmName.SHA256).CreateSelfSigned(now.AddDays(-1), now.AddDays(2));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pfx), null);
    }

    /// <summary>Has the other side do something, passes on what it tells on the way, and returns its answer.</summary>
    /// <exception cref="TgctlException">It could not; the sentence is the other side's.</exception>
    public async Task<JsonNode> AskAsync(string task, JsonObject arguments, Action<string> progress, CancellationToken cancellationToken)
    {
        try
        {
            arguments["task"] = task;
            await SendAsync(arguments, cancellationToken);
            while (true)
            {
                var answer = await ReceiveAsync(cancellationToken);
                if (answer["progress"] is { } told)
                {
                    progress(Tables.Plain(told.GetValue<string>()));
                }
                else if (answer["problem"] is { } problem)
                {
                    throw new TgctlException($"{RemoteAddress}: {Tables.Plain(problem.GetValue<string>())}");
                }
                else
                {
                    return answer["done"]!;
                }
            }
        }
        catch (Exception exception) when (exception is IOException or JsonException or NullReferenceException or InvalidOperationException)
        {
            throw new TgctlException($"{RemoteAddress} hung up in the middle of the step. See what the command there says, and run ha_deploy again.");
        }
    }

    public async Task SendAsync(JsonObject message, CancellationToken cancellationToken)
    {
        await _stream.WriteAsync(Encoding.UTF8.GetBytes(message.ToJsonString() + "\n"), cancellationToken);
        await _stream.FlushAsync(cancellationToken);
    }

    /// <exception cref="IOException">The other side hung up.</exception>
    public async Task<JsonNode> ReceiveAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        var one = new char[1];
        while (await _reader.ReadAsync(one.AsMemory(), cancellationToken) > 0)
        {
            if (one[0] == '\n')
            {
                return JsonNode.Parse(line.ToString())!;
            }

            line.Append(one[0]);
            if (line.Length > _longest)
            {
                break;
            }
        }

        throw new IOException("The other side hung up.");
    }

    public async ValueTask DisposeAsync()
    {
        _reader.Dispose();
        await _stream.DisposeAsync();
        _client.Dispose();
    }

    private static byte[] Proof(string secret, string side, byte[] certificateHash, byte[] callersRandom, byte[] listenersRandom) =>
        HMACSHA256.HashData(Encoding.ASCII.GetBytes(Canonical(secret)), (byte[])[.. Encoding.ASCII.GetBytes("transport-gateway provisioning " + side), .. certificateHash, .. callersRandom, .. listenersRandom]);

    /// <summary>As people copy it: without the dashes, in either case.</summary>
    private static string Canonical(string secret) => string.Concat(secret.Where(char.IsAsciiLetterOrDigit)).ToUpperInvariant();

    private static TgctlException WrongSecret(string address) =>
        new($"The command at {address} does not know the same one-time secret. Give both the one that ha_generatekeys printed last on the primary node. Nothing was changed.");
}

internal static class AddressForms
{
    public static IPAddress MapToIPv4OrSame(this IPAddress address) => address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
}
