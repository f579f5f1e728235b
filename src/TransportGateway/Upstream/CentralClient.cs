using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using System.Text.Json.Serialization;
using Polly;
using Polly.CircuitBreaker;
using Polly.Retry;
using Polly.Timeout;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>Software Central over HTTPS: the public calls (token, account search) and the exchange.</summary>
/// <remarks>Every call may be repeated without harm, so each is tried again on faults that pass, within a bounded time.</remarks>
internal sealed class CentralClient : IDisposable
{
    /// <summary>A public call, as documented clients of the cloud send it (ssm-on-prem 5).</summary>
    public const string AccountSearchPath = "/services/api/smart-accounts-and-licensing/v2/accounts/search";

    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { NumberHandling = JsonNumberHandling.AllowReadingFromString, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true };

    private readonly CentralSettings _settings;
    private readonly HttpClient _http;
    private readonly ResiliencePipeline<HttpResponseMessage> _pipeline;
    private (string Value, long UntilTick)? _token;

    public CentralClient(CentralSettings settings, CentralTiming timing)
    {
        _settings = settings;
        _http = new HttpClient(settings.Route.CreateHandler()) { BaseAddress = settings.Address, Timeout = Timeout.InfiniteTimeSpan, MaxResponseContentBufferSize = ExchangeFormat.MostPartBytes };
        _pipeline = Pipeline(timing);
    }

    /// <summary>The virtual accounts of a Smart Account by name; null when there is no such Smart Account, or this client may not see it.</summary>
    public async Task<IReadOnlyList<string>?> FindVirtualAccountsAsync(string smartAccount, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{AccountSearchPath}?name={Uri.EscapeDataString(smartAccount)}", null, cancellationToken);
        var answer = await ReadJsonAsync<AccountSearch>(response, cancellationToken);
        return answer.Accounts?.FirstOrDefault(account => string.Equals(account.Domain, smartAccount, StringComparison.OrdinalIgnoreCase))
            ?.VirtualAccounts.Select(account => account.Name).ToArray();
    }

    /// <summary>The authorisation, or refusal, of a registration request, as Software Central signed it.</summary>
    public async Task<byte[]> RegisterAsync(byte[] request, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Post, "/exchange/v1/registrations", request, cancellationToken);
        return await ReadBytesAsync(response, cancellationToken);
    }

    /// <summary>How many parts of the run Software Central holds now.</summary>
    /// <exception cref="CentralRefusedException">It wants another part, or another sequence, or does not accept this one.</exception>
    public async Task<long> PutPartAsync(string account, string run, long part, byte[] der, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Put, $"{RunPath(account, run)}/parts/{part}", der, cancellationToken);
        return (await ReadJsonAsync<PartsHeld>(response, cancellationToken)).Parts;
    }

    /// <summary>Null when Software Central does not know the run.</summary>
    public async Task<CentralRunStatus?> FindRunAsync(string account, string run, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, RunPath(account, run), null, cancellationToken, absentIsAnswer: true);
        return response.StatusCode == HttpStatusCode.NotFound ? null : await ReadJsonAsync<CentralRunStatus>(response, cancellationToken);
    }

    public async Task<byte[]> GetResponsePartAsync(string account, string run, long part, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(HttpMethod.Get, $"{RunPath(account, run)}/response/{part}", null, cancellationToken);
        return await ReadBytesAsync(response, cancellationToken);
    }

    public void Dispose() => _http.Dispose();

    private static string RunPath(string account, string run) => $"/exchange/v1/accounts/{Uri.EscapeDataString(account)}/runs/{Uri.EscapeDataString(run)}";

    private static ResiliencePipeline<HttpResponseMessage> Pipeline(CentralTiming timing)
    {
        var passes = new PredicateBuilder<HttpResponseMessage>()
            .Handle<HttpRequestException>(exception => exception.HttpRequestError != HttpRequestError.SecureConnectionError)
            .Handle<IOException>()
            .Handle<TimeoutRejectedException>()
            .HandleResult(response => response.StatusCode is HttpStatusCode.TooManyRequests or HttpStatusCode.RequestTimeout or >= HttpStatusCode.InternalServerError);
        return new ResiliencePipelineBuilder<HttpResponseMessage>()
            .AddTimeout(timing.Call)
            .AddRetry(new RetryStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = passes,
                MaxRetryAttempts = timing.Retries,
                BackoffType = DelayBackoffType.Exponential,
                UseJitter = true,
                Delay = timing.FirstDelay,
                MaxDelay = timing.MostDelay,
                DelayGenerator = arguments => ValueTask.FromResult(Wait(arguments.Outcome.Result, timing)),
            })
            .AddCircuitBreaker(new CircuitBreakerStrategyOptions<HttpResponseMessage>
            {
                ShouldHandle = passes,
                FailureRatio = 0.9,
                MinimumThroughput = timing.Retries * 2,
                SamplingDuration = timing.Call,
                BreakDuration = timing.MostDelay > TimeSpan.FromMilliseconds(500) ? timing.MostDelay : TimeSpan.FromMilliseconds(500),
            })
            .AddTimeout(timing.Try)
            .Build();
    }

    /// <summary>As long as the server asked for; null for the usual back-off.</summary>
    private static TimeSpan? Wait(HttpResponseMessage? response, CentralTiming timing)
    {
        var asked = response?.Headers.RetryAfter?.Delta;
        return asked is { } wait ? wait < timing.MostWait ? wait : timing.MostWait : null;
    }

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, byte[]? body, CancellationToken cancellationToken, bool absentIsAnswer = false)
    {
        for (var attempt = 0; ; attempt++)
        {
            var token = await TokenAsync(cancellationToken);
            var response = await TryAsync(() => Request(method, path, body, token), cancellationToken);
            if (response.StatusCode == HttpStatusCode.Unauthorized && attempt == 0)
            {
                // The token may have ended before its time: one new one.
                response.Dispose();
                _token = null;
                continue;
            }

            if (response.IsSuccessStatusCode || (absentIsAnswer && response.StatusCode == HttpStatusCode.NotFound))
            {
                return response;
            }

            using (response)
            {
                throw await RefusalAsync(response, cancellationToken);
            }
        }
    }

    private static HttpRequestMessage Request(HttpMethod method, string path, byte[]? body, string token)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(body);
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(ExchangeFormat.ContentType);
        }

        return request;
    }

    private async Task<string> TokenAsync(CancellationToken cancellationToken)
    {
        if (_token is { } known && known.UntilTick > Environment.TickCount64)
        {
            return known.Value;
        }

        using var response = await TryAsync(
            () => new HttpRequestMessage(HttpMethod.Post, _settings.TokenAddress)
            {
                Content = new FormUrlEncodedContent(new Dictionary<string, string>(StringComparer.Ordinal)
                {
                    ["grant_type"] = "client_credentials",
                    ["client_id"] = _settings.ClientId,
                    ["client_secret"] = _settings.ClientSecret.Value,
                }),
            },
            cancellationToken);
        if (!response.IsSuccessStatusCode)
        {
            throw new CentralUnavailableException(
                $"Software Central does not accept the client id and secret of this gateway (HTTP {(int)response.StatusCode} from {_settings.TokenAddress}). Set them with: tgctl central set");
        }

        var answer = await ReadJsonAsync<TokenAnswer>(response, cancellationToken);
        _token = (answer.AccessToken, Environment.TickCount64 + (long)(1000 * Math.Clamp(answer.ExpiresIn - 30, 1, 86_400)));
        return answer.AccessToken;
    }

    /// <summary>Reads the whole body within the tries, so that a cut answer is tried again, too.</summary>
    private async Task<HttpResponseMessage> TryAsync(Func<HttpRequestMessage> request, CancellationToken cancellationToken)
    {
        try
        {
            return await _pipeline.ExecuteAsync(
                async token =>
                {
                    using var message = request();
                    return await _http.SendAsync(message, HttpCompletionOption.ResponseContentRead, token);
                },
                cancellationToken);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.SecureConnectionError)
        {
            throw new CentralUnavailableException(
                "The TLS certificate of Software Central does not verify: its name, its time or its issuer is not what this gateway expects. Check the address, this machine's clock and tlsAnchors.",
                exception);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw new CentralUnavailableException($"Software Central cannot be reached: {exception.Message}", exception);
        }
        catch (Exception exception) when (exception is TimeoutRejectedException or BrokenCircuitException)
        {
            throw new CentralUnavailableException("Software Central did not answer in time.", exception);
        }
    }

    private static async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        if (response.StatusCode is HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError)
        {
            return new CentralUnavailableException($"Software Central answered HTTP {(int)response.StatusCode} again and again.");
        }

        CentralRefusal? refusal = null;
        try
        {
            refusal = await response.Content.ReadFromJsonAsync<CentralRefusal>(Json, cancellationToken);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NotSupportedException)
        {
            // The status alone has to do.
        }

        return new CentralRefusedException(
            refusal?.Code ?? "",
            refusal?.Message is { Length: > 0 and <= 1000 } message ? message : $"Software Central answered HTTP {(int)response.StatusCode}.",
            refusal?.Parts,
            refusal?.LastSequence);
    }

    private static async Task<T> ReadJsonAsync<T>(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            return await response.Content.ReadFromJsonAsync<T>(Json, cancellationToken) ?? throw new JsonException();
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException or NotSupportedException)
        {
            throw new CentralUnavailableException("Software Central answered something that is not what this call answers.", exception);
        }
    }

    private static async Task<byte[]> ReadBytesAsync(HttpResponseMessage response, CancellationToken cancellationToken) =>
        await response.Content.ReadAsByteArrayAsync(cancellationToken);

    private sealed record TokenAnswer(
        [property: JsonPropertyName("access_token")] string AccessToken, [property: JsonPropertyName("expires_in")] double ExpiresIn = 300);

    private sealed record AccountSearch(IReadOnlyList<FoundAccount>? Accounts = null);

    private sealed record FoundAccount(string Domain, [property: JsonPropertyName("virtual_accounts")] IReadOnlyList<FoundVirtualAccount> VirtualAccounts);

    private sealed record FoundVirtualAccount(string Name);

    private sealed record PartsHeld(long Parts);

    private sealed record CentralRefusal(string? Code = null, string? Message = null, long? Parts = null, long? LastSequence = null);
}

/// <param name="Status"><c>RECEIVING</c>, <c>OK_POLL</c>, <c>COMPLETE</c> or <c>FAILED</c>; the second and third are the words of the public poll call.</param>
internal sealed record CentralRunStatus(string Status, long? Parts = null, long? ResponseParts = null, string? Message = null);

/// <summary>How long calls may take. Network time is the machine's own, not the gateway's clock.</summary>
internal sealed record CentralTiming
{
    public TimeSpan Try { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan Call { get; init; } = TimeSpan.FromMinutes(5);

    public int Retries { get; init; } = 6;

    public TimeSpan FirstDelay { get; init; } = TimeSpan.FromSeconds(1);

    public TimeSpan MostDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Longest wait that a server may ask for.</summary>
    public TimeSpan MostWait { get; init; } = TimeSpan.FromMinutes(2);

    public TimeSpan FirstPoll { get; init; } = TimeSpan.FromMilliseconds(200);

    public TimeSpan MostPoll { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long Software Central may work on a request.</summary>
    public TimeSpan Answer { get; init; } = TimeSpan.FromMinutes(15);
}

/// <summary>Software Central is away, or does not answer as it should: a later try may succeed.</summary>
internal sealed class CentralUnavailableException(string message, Exception? inner = null) : Exception(message, inner);

/// <summary>Software Central said no.</summary>
internal sealed class CentralRefusedException(string code, string message, long? parts, long? lastSequence) : Exception(message)
{
    public string Code { get; } = code;

    public long? Parts { get; } = parts;

    public long? LastSequence { get; } = lastSequence;
}
