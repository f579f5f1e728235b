using System.Diagnostics.CodeAnalysis;
using System.Net;
using System.Net.Security;
using System.Security.Authentication;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;

namespace TransportGateway.Upstream;

/// <summary>One upstream of the relay: takes a message's bytes and hands back the answer's, over verified TLS, and knows how it fares.</summary>
/// <remarks>
/// A message is sent once: only where no connection came about is there a second try. Past half of the messages failing, a circuit breaker keeps
/// further ones away for a while; then one is let through to see.
/// </remarks>
[SuppressMessage(
    "Design", "CA1001:Types that own disposable fields should be disposable", Justification = "Messages under way outlive a change of the settings; idle connections close by themselves.")]
internal sealed class RelayUpstream
{
    /// <summary>Licensing answers are a few kilobytes; a certificate chain makes it some ten.</summary>
    public const int MostAnswerBytes = 2 * 1024 * 1024;

    private const int MostConnections = 64;

    private static readonly TimeSpan ProbeTime = TimeSpan.FromSeconds(10);

    private readonly RelaySettings _settings;
    private readonly TimeProvider _clock;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline<RelayAnswer.Whole> _pipeline;

    public RelayUpstream(RelayPath path, RelaySettings settings, TimeProvider clock)
    {
        Path = path;
        Address = settings.AddressFor(path)!;
        _settings = settings;
        _clock = clock;
        var handler = settings.Route.CreateHandler(connections =>
        {
            connections.MaxConnectionsPerServer = MostConnections;
            connections.MaxResponseHeadersLength = 32;
            // A connection that the upstream is about to close costs a message; a name that moved is followed.
            connections.PooledConnectionIdleTimeout = TimeSpan.FromSeconds(15);
            connections.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
        });
        _http = new HttpClient(handler) { Timeout = Timeout.InfiniteTimeSpan };
        _pipeline = new ResiliencePipelineBuilder<RelayAnswer.Whole>()
            .AddRetry(new RetryStrategyOptions<RelayAnswer.Whole>
            {
                ShouldHandle = new PredicateBuilder<RelayAnswer.Whole>().Handle<UpstreamFaultException>(fault => fault.NeverSent),
                MaxRetryAttempts = 1,
                Delay = TimeSpan.FromMilliseconds(250),
                UseJitter = true,
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<RelayAnswer.Whole>
            {
                ShouldHandle = new PredicateBuilder<RelayAnswer.Whole>().Handle<UpstreamFaultException>(),
                FailureRatio = 0.5,
                MinimumThroughput = 8,
                SamplingDuration = TimeSpan.FromSeconds(30),
                BreakDuration = TimeSpan.FromSeconds(5),
            })
            .Build();
    }

    public RelayPath Path { get; }

    public Uri Address { get; }

    public UpstreamHealth Health { get; } = new();

    /// <summary>Never throws for what the upstream does.</summary>
    /// <param name="total">Ends when the whole time of the message is over.</param>
    public async Task<RelayAnswer> SendAsync(RelayedRequest message, CancellationToken total)
    {
        try
        {
            var answer = await _pipeline.ExecuteAsync(async token => await SendOnceAsync(message, token), total);
            Health.Answered(_clock.GetUtcNow());
            return answer;
        }
        catch (UpstreamFaultException fault)
        {
            Health.Failed(_clock.GetUtcNow(), fault.Message, answered: fault.Answered);
            return new RelayAnswer.Failed(fault.Message);
        }
        catch (BrokenCircuitException)
        {
            return new RelayAnswer.Failed($"was not asked, because it failed just before ({Health.Now.Cause})");
        }
        catch (OperationCanceledException)
        {
            // Between two attempts.
            return new RelayAnswer.Failed(NoAnswerInTime);
        }
    }

    /// <summary>Asks whether somebody who speaks HTTP is there, without a message; null when so, else what is wrong.</summary>
    public async Task<string?> ProbeAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(ProbeTime);
        string? cause;
        try
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Address);
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, timeout.Token);
            cause = response.StatusCode == HttpStatusCode.ProxyAuthenticationRequired ? ProxyRefuses
                : response.StatusCode >= HttpStatusCode.InternalServerError ? $"answers with HTTP status {(int)response.StatusCode}" : null;
        }
        catch (HttpRequestException exception)
        {
            cause = Explain(exception).Message;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            cause = $"did not answer within {ProbeTime.TotalSeconds:0} s";
        }

        if (cause is null)
        {
            Health.ProbeAnswered(_clock.GetUtcNow());
        }
        else
        {
            Health.Failed(_clock.GetUtcNow(), cause, answered: false);
        }

        return cause;
    }

    private const string ProxyRefuses = "cannot be reached: the proxy wants another user or password";

    private string NoAnswerInTime => $"did not answer within {_settings.TimeoutSeconds} s";

    private async Task<RelayAnswer.Whole> SendOnceAsync(RelayedRequest message, CancellationToken cancellationToken)
    {
        using var request = message.ToHttp(Address);
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.StatusCode == HttpStatusCode.ProxyAuthenticationRequired)
            {
                throw new UpstreamFaultException(ProxyRefuses, neverSent: true);
            }

            var status = (int)response.StatusCode;
            var body = await ReadAsync(response, cancellationToken);
            return AnswerShape.IsAnswer(Path, status, body)
                ? new RelayAnswer.Whole(status, HeadersOf(response), body)
                : throw new UpstreamFaultException($"answered HTTP status {status} with something that is no licensing answer", answered: true);
        }
        catch (HttpRequestException exception)
        {
            throw Explain(exception);
        }
        catch (IOException exception)
        {
            throw new UpstreamFaultException($"broke its answer off ({exception.Message})", inner: exception);
        }
        catch (OperationCanceledException exception)
        {
            throw new UpstreamFaultException(NoAnswerInTime, inner: exception);
        }
    }

    private static async Task<byte[]> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        using var whole = new MemoryStream((int)Math.Min(response.Content.Headers.ContentLength ?? 4096, 64 * 1024));
        var buffer = System.Buffers.ArrayPool<byte>.Shared.Rent(16 * 1024);
        try
        {
            for (var read = await stream.ReadAsync(buffer, cancellationToken); read > 0; read = await stream.ReadAsync(buffer, cancellationToken))
            {
                if (whole.Length + read > MostAnswerBytes)
                {
                    throw new UpstreamFaultException($"answered with more than {MostAnswerBytes} bytes", answered: true);
                }

                whole.Write(buffer, 0, read);
            }
        }
        finally
        {
            System.Buffers.ArrayPool<byte>.Shared.Return(buffer);
        }

        return whole.ToArray();
    }

    private static KeyValuePair<string, string>[] HeadersOf(HttpResponseMessage response) =>
        [.. RelayAnswer.Whole.PassedHeaders
            .Select(name => KeyValuePair.Create(
                name,
                response.Content.Headers.NonValidated.TryGetValues(name, out var values) || response.Headers.NonValidated.TryGetValues(name, out values)
                    ? values.ToString() : ""))
            // Kestrel sends ASCII alone; a value that is more says nothing that a product could use.
            .Where(header => header.Value.Length > 0 && System.Text.Ascii.IsValid(header.Value))];

    private UpstreamFaultException Explain(HttpRequestException exception) => exception.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => new($"cannot be reached: the name {Nearest.Host} does not resolve", neverSent: true, exception),
        HttpRequestError.ConnectionError => new($"cannot be reached: no connection to {Nearest.Authority}", neverSent: true, exception),
        HttpRequestError.ProxyTunnelError => new("cannot be reached: the proxy refuses the way to it", neverSent: true, exception),
        HttpRequestError.SecureConnectionError => new($"is not trusted: {TlsReason(exception)}", neverSent: true, exception),
        _ => new($"broke the connection off ({exception.InnerException?.Message ?? exception.Message})", inner: exception),
    };

    /// <summary>The machine that is dialled.</summary>
    private Uri Nearest => _settings.Route.Proxy ?? Address;

    private string TlsReason(HttpRequestException exception)
    {
        var detail = exception.InnerException?.Message ?? exception.Message;
        return exception.InnerException is not AuthenticationException ? $"the TLS handshake with {Address.Authority} failed ({detail})"
            : detail.Contains(nameof(SslPolicyErrors.RemoteCertificateNameMismatch), StringComparison.Ordinal)
                ? $"the certificate of {Address.Authority} was not issued for the name {Address.Host}"
            : $"the certificate of {Address.Authority} does not chain to the trust anchors of the relay ({detail})";
    }
}
