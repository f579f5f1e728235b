using System.Net;
using System.Net.Http.Headers;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Text;
using TransportGateway.Simulators.Wire;

namespace TransportGateway.Simulators;

/// <summary>The two ways a product talks to its gateway.</summary>
public enum DeviceTransport
{
    /// <summary>SOAP / AML with the licensing message as an attachment, at DeviceRequestHandler.</summary>
    CallHome,

    /// <summary>The bare licensing message as JSON, at SmartTransport.</summary>
    SmartTransport,
}

public sealed record GatewayClientOptions
{
    /// <summary>Real agents make a new TLS connection for every message.</summary>
    public bool KeepAlive { get; init; }

    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Connections at a time when they are kept alive; without a bound every message in flight has its own.</summary>
    public int MaxConnections { get; init; } = int.MaxValue;

    public CallHomeStyle CallHome { get; init; } = new();

    /// <summary>Where the connection goes, whatever the name in the address resolves to; the name is still the one that is dialled.</summary>
    public IPEndPoint? ConnectTo { get; init; }

    /// <summary>Makes the sockets, as one of another network namespace; the address then has to be a number.</summary>
    public Func<Socket>? NewSocket { get; init; }
}

/// <summary>Carries messages to one gateway over HTTPS. Many products may share it.</summary>
public sealed class GatewayClient : IDisposable
{
    public const string CallHomePath = "/Transportgateway/services/DeviceRequestHandler";
    public const string SmartTransportPath = "/SmartTransport";

    private const int LargestAnswer = 1024 * 1024;

    private readonly HttpClient http;
    private readonly GatewayClientOptions options;

    public GatewayClient(Uri address, DeviceTransport transport, TrustAnchors anchors, GatewayClientOptions? options = null)
    {
        this.options = options ?? new GatewayClientOptions();
        Transport = transport;
        Anchors = anchors;
        var path = transport == DeviceTransport.CallHome ? CallHomePath : SmartTransportPath;
        Address = address.AbsolutePath == "/" ? new Uri(address, path) : address;
        var handler = new SocketsHttpHandler
        {
            UseProxy = false,
            UseCookies = false,
            AllowAutoRedirect = false,
            PooledConnectionLifetime = this.options.KeepAlive ? Timeout.InfiniteTimeSpan : TimeSpan.Zero,
            MaxConnectionsPerServer = this.options.MaxConnections,
            SslOptions = new SslClientAuthenticationOptions
            {
                // The name is checked against the host part of the address, the chain against the product's own anchors only.
                CertificateChainPolicy = anchors.CreateTlsPolicy(),
                AllowTlsResume = this.options.KeepAlive,
            },
        };
        if (this.options.ConnectTo is not null || this.options.NewSocket is not null)
        {
            handler.ConnectCallback = async (context, cancellationToken) =>
            {
                var target = this.options.ConnectTo ?? new IPEndPoint(IPAddress.Parse(context.DnsEndPoint.Host), context.DnsEndPoint.Port);
                var socket = this.options.NewSocket?.Invoke() ?? new Socket(SocketType.Stream, ProtocolType.Tcp);
                socket.NoDelay = true;
                try
                {
                    await socket.ConnectAsync(target, cancellationToken);
                    return new NetworkStream(socket, ownsSocket: true);
                }
                catch
                {
                    socket.Dispose();
                    throw;
                }
            };
        }

        http = new HttpClient(handler)
        {
            Timeout = this.options.Timeout,
            MaxResponseContentBufferSize = LargestAnswer,
            DefaultRequestVersion = HttpVersion.Version11,
        };
    }

    public Uri Address { get; }

    public DeviceTransport Transport { get; }

    public TrustAnchors Anchors { get; }

    /// <summary>What messages are sent as.</summary>
    public string? ContentType => Transport == DeviceTransport.CallHome ? options.CallHome.ContentType : "application/json";

    /// <summary>The bytes of the body this message goes out as: always the same for the same message.</summary>
    public byte[] Write(SealedMessage message, ProductDefinition product) => Transport == DeviceTransport.CallHome
        ? CallHomeEnvelope.Wrap(message, product, options.CallHome)
        : Encoding.UTF8.GetBytes(message.Json);

    public Task<Delivery> SendAsync(SealedMessage message, ProductDefinition product, CancellationToken cancellationToken) =>
        SendRawAsync(Write(message, product), ContentType, cancellationToken);

    /// <summary>Sends any bytes at all.</summary>
    public async Task<Delivery> SendRawAsync(ReadOnlyMemory<byte> body, string? contentType, CancellationToken cancellationToken = default)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Address) { Content = new ReadOnlyMemoryContent(body) };
        request.Content.Headers.ContentType = contentType is null ? null : MediaTypeHeaderValue.Parse(contentType);
        request.Headers.ConnectionClose = !options.KeepAlive;
        try
        {
            using var response = await http.SendAsync(request, cancellationToken);
            return new Delivery.Answered(new HttpAnswer(
                (int)response.StatusCode,
                response.Content.Headers.ContentType?.ToString(),
                await response.Content.ReadAsByteArrayAsync(cancellationToken),
                response.Headers.RetryAfter?.Delta));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new Delivery.AnswerLost(Display($"no answer within {options.Timeout.TotalSeconds:0} s", "Operation timed out"));
        }
        catch (HttpRequestException error)
        {
            return Explain(error);
        }
        catch (SocketException error)
        {
            // .NET lets this one through when a connection is reset before anything was sent on it.
            return new Delivery.NotSent(Display($"the connection to {Address.Authority} was reset ({error.Message})", "Connection failed"));
        }
    }

    public void Dispose() => http.Dispose();

    private Delivery Explain(HttpRequestException error)
    {
        var detail = error.InnerException?.Message ?? error.Message;
        return error.HttpRequestError switch
        {
            HttpRequestError.NameResolutionError => new Delivery.NotSent(Display(
                $"the name {Address.Host} does not resolve; check the address and the DNS",
                "Unable to resolve server hostname/domain name")),
            HttpRequestError.ConnectionError => new Delivery.NotSent(Display(
                $"no connection to {Address.Authority} ({detail}); check the address and that the gateway runs", "Connection failed")),
            HttpRequestError.SecureConnectionError => new Delivery.NotSent(Display(TlsReason(error, detail), "TLS connection failed")),
            HttpRequestError.ConfigurationLimitExceeded => new Delivery.AnswerLost(Display(
                $"the answer is larger than {LargestAnswer / 1024} KiB", "Message size exceed the limit")),
            _ => new Delivery.AnswerLost(Display($"the connection broke before an answer came ({detail})", "Connection aborted")),
        };
    }

    private string TlsReason(HttpRequestException error, string detail)
    {
        if (error.InnerException is not AuthenticationException)
        {
            return $"the TLS handshake with {Address.Authority} failed ({detail})";
        }

        return detail.Contains("RemoteCertificateNameMismatch", StringComparison.Ordinal)
            ? $"the certificate of {Address.Authority} was not issued for the name {Address.Host}; "
                + "use the host common name of the gateway in the address"
            : $"the certificate of {Address.Authority} is not trusted ({detail}); "
                + "give the root certificate of this gateway as trust anchor";
    }

    /// <summary>The text products show for this transport, followed by what an operator can do about it.</summary>
    private string Display(string reason, string shortReason) => Transport == DeviceTransport.CallHome
        ? $"Fail to send out Call Home HTTP message: {reason}"
        : $"HTTP Server Error 200: {shortReason}: {reason}";
}
