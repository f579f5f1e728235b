using System.CommandLine;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace TransportGateway.Cli;

/// <summary>The gateway's REST API, over its control socket or over TLS.</summary>
internal sealed class ApiClient : IDisposable
{
    private readonly HttpClient _http;
    private readonly string _where;

    private ApiClient(HttpClient http, string where)
    {
        _http = http;
        _where = where;
    }

    public static async Task<ApiClient> ConnectAsync(ConnectionOptions options, ParseResult parsed, TextWriter errors, CancellationToken cancellationToken)
    {
        if (options.Server(parsed) is not { } server)
        {
            return OverSocket(options.Socket(parsed));
        }

        var api = OverTls(server, options.Ca(parsed));
        if (options.ClientId(parsed) is { } clientId)
        {
            await api.SignInAsync(clientId, Secret(errors), cancellationToken);
        }

        return api;
    }

    public Task<JsonNode> GetAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Get, path, null, cancellationToken);

    public Task<JsonNode> PostAsync(string path, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, body, cancellationToken);

    public Task DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, path, null, cancellationToken);

    public void Dispose() => _http.Dispose();

    private static ApiClient OverSocket(string path)
    {
        if (!File.Exists(path))
        {
            throw new TgctlException($"There is no gateway at {path}. Start it, or name its --data-directory, or give --server for one on another machine.");
        }

        var handler = new SocketsHttpHandler
        {
            ConnectCallback = async (_, cancellationToken) =>
            {
                var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
                await socket.ConnectAsync(new UnixDomainSocketEndPoint(path), cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
        };
        return new ApiClient(new HttpClient(handler) { BaseAddress = new Uri("http://localhost") }, path);
    }

    private static ApiClient OverTls(string server, string? ca)
    {
        if (!Uri.TryCreate(server, UriKind.Absolute, out var address) || address.Scheme != Uri.UriSchemeHttps)
        {
            throw new TgctlException($"--server {server} is not an https URL, as in https://licences.example.com:8443");
        }

        var handler = new SocketsHttpHandler();
        if (ca is not null)
        {
            var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
            try
            {
                policy.CustomTrustStore.ImportFromPemFile(ca);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or System.Security.Cryptography.CryptographicException)
            {
                throw new TgctlException($"--ca {ca} cannot be read as PEM: {exception.Message}");
            }

            handler.SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy };
        }

        return new ApiClient(new HttpClient(handler) { BaseAddress = address }, server);
    }

    private static string Secret(TextWriter errors)
    {
        if (Environment.GetEnvironmentVariable("TG_CLIENT_SECRET") is { Length: > 0 } secret)
        {
            return secret;
        }

        if (Console.IsInputRedirected)
        {
            return Console.In.ReadLine() ?? throw new TgctlException("The client secret is missing. Set TG_CLIENT_SECRET, or write it to standard input.");
        }

        errors.Write("Client secret: ");
        var typed = new System.Text.StringBuilder();
        for (var key = Console.ReadKey(intercept: true); key.Key != ConsoleKey.Enter; key = Console.ReadKey(intercept: true))
        {
            typed.Append(key.KeyChar);
        }

        errors.WriteLine();
        return typed.ToString();
    }

    private async Task SignInAsync(string clientId, string secret, CancellationToken cancellationToken)
    {
        var answer = await SendAsync(
            HttpMethod.Post, "/oauth/token", new { grant_type = "client_credentials", client_id = clientId, client_secret = secret }, cancellationToken);
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", answer["access_token"]!.GetValue<string>());
    }

    private async Task<JsonNode> SendAsync(HttpMethod method, string path, object? body, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = JsonContent.Create(body);
        }

        try
        {
            using var response = await _http.SendAsync(request, cancellationToken);
            var text = await response.Content.ReadAsStringAsync(cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
            }

            throw new TgctlException(Sentence(text) ?? $"{_where} answered {(int)response.StatusCode} to {method} {path}.");
        }
        catch (HttpRequestException exception)
        {
            throw new TgctlException(exception.InnerException switch
            {
                SocketException { SocketErrorCode: SocketError.AccessDenied } => $"This user may not use {_where}. Run the command with sudo, or sign in with an API client.",
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"No gateway is running at {_where}. Start it.",
                System.Security.Authentication.AuthenticationException => $"The certificate of {_where} is not trusted, or is for another name. Give its root with --ca, and dial a name that is in it.",
                var inner => $"{_where} cannot be reached: {(inner ?? exception).Message}",
            });
        }
        catch (JsonException)
        {
            throw new TgctlException($"{_where} did not answer like a transport gateway. Check --server.");
        }
    }

    /// <summary>The sentence in a problem or in an OAuth error.</summary>
    private static string? Sentence(string text)
    {
        try
        {
            var answer = JsonNode.Parse(text) as JsonObject;
            var sentence = (answer?["detail"] ?? answer?["error_description"] ?? answer?["title"])?.ToString();
            // Products' names can be in it; several reasons are on lines of their own.
            return sentence is null ? null : string.Join(Environment.NewLine, sentence.Split('\n').Select(Tables.Plain));
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
