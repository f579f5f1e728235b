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
    // A full synchronisation request of a large account is written while the call waits.
    private static readonly TimeSpan LongestCall = TimeSpan.FromMinutes(30);

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

    /// <summary>A whole list, page by page: each page's header Link says where the next one is.</summary>
    /// <param name="member">Where the rows stand in each page; null when a page is the rows.</param>
    public async Task<JsonArray> ListAsync(string path, CancellationToken cancellationToken, string? member = null)
    {
        var all = new JsonArray();
        for (var next = path; next is not null;)
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, next);
            (var page, next) = await SendAsync(
                request, async response => (Parse(await response.Content.ReadAsStringAsync(cancellationToken)), Next(response)), cancellationToken);
            foreach (var row in (member is null ? page : page[member]!).AsArray())
            {
                all.Add(row!.DeepClone());
            }
        }

        return all;
    }

    public Task<JsonNode> PostAsync(string path, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Post, path, body, cancellationToken);

    public Task<JsonNode> PutAsync(string path, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Put, path, body, cancellationToken);

    /// <summary>Reads, changes and writes back; refused when somebody else was faster.</summary>
    public async Task<JsonNode> EditAsync(string path, Action<JsonObject> change, CancellationToken cancellationToken)
    {
        using var reading = new HttpRequestMessage(HttpMethod.Get, path);
        var (body, tag) = await SendAsync(
            reading, async response => (Parse(await response.Content.ReadAsStringAsync(cancellationToken)).AsObject(), response.Headers.ETag), cancellationToken);
        change(body);
        using var writing = new HttpRequestMessage(HttpMethod.Put, path) { Content = JsonContent.Create(body) };
        if (tag is not null)
        {
            writing.Headers.IfMatch.Add(tag);
        }

        return await SendAsync(writing, async response => Parse(await response.Content.ReadAsStringAsync(cancellationToken)), cancellationToken);
    }

    public Task<JsonNode> PatchAsync(string path, object body, CancellationToken cancellationToken) => SendAsync(HttpMethod.Patch, path, body, cancellationToken);

    /// <summary>Sends a file as it is.</summary>
    /// <param name="headers">What the call takes besides.</param>
    public async Task<JsonNode> UploadAsync(string path, string file, CancellationToken cancellationToken, string type = "application/pkcs7-mime", params (string Name, string Value)[] headers)
    {
        await using var content = OpenFile(file);
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StreamContent(content) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue(type);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        return await SendAsync(request, async response => Parse(await response.Content.ReadAsStringAsync(cancellationToken)), cancellationToken);
    }

    /// <summary>Saves what the call answers; the file is there whole or not at all. Returns its size.</summary>
    /// <param name="body">Null for a call that only reads.</param>
    public async Task<long> DownloadAsync(string path, object? body, string file, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(body is null ? HttpMethod.Get : HttpMethod.Post, path) { Content = body is null ? null : JsonContent.Create(body) };
        return await SendAsync(request, response => SaveAsync(response, file, cancellationToken), cancellationToken);
    }

    public Task DeleteAsync(string path, CancellationToken cancellationToken) => SendAsync(HttpMethod.Delete, path, null, cancellationToken);

    public void Dispose() => _http.Dispose();

    public static ApiClient OverSocket(string path)
    {
        if (!File.Exists(path))
        {
            throw new UnreachableException($"There is no gateway at {path}. Start it, or name its --data-directory, or give --server for one on another machine.");
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
        return new ApiClient(new HttpClient(handler) { BaseAddress = new Uri("http://localhost"), Timeout = LongestCall }, path);
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

        return new ApiClient(new HttpClient(handler) { BaseAddress = address, Timeout = LongestCall }, server);
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

        return await SendAsync(request, async response => Parse(await response.Content.ReadAsStringAsync(cancellationToken)), cancellationToken);
    }

    private async Task<T> SendAsync<T>(HttpRequestMessage request, Func<HttpResponseMessage, Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            if (response.IsSuccessStatusCode)
            {
                return await read(response);
            }

            throw new TgctlException(
                Sentence(await response.Content.ReadAsStringAsync(cancellationToken)) ?? $"{_where} answered {(int)response.StatusCode} to {request.Method} {request.RequestUri}.");
        }
        catch (HttpRequestException exception)
        {
            if (exception.InnerException is SocketException { SocketErrorCode: SocketError.AccessDenied })
            {
                throw new TgctlException($"This user may not use {_where}. Run the command with sudo, or sign in with an API client.");
            }

            throw new UnreachableException(exception.InnerException switch
            {
                SocketException { SocketErrorCode: SocketError.ConnectionRefused } => $"No gateway is running at {_where}. Start it.",
                System.Security.Authentication.AuthenticationException => $"The certificate of {_where} is not trusted, or is for another name. Give its root with --ca, and dial a name that is in it.",
                var inner => $"{_where} cannot be reached: {(inner ?? exception).Message}",
            });
        }
        catch (TaskCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new UnreachableException($"{_where} did not answer in time.");
        }
        catch (JsonException)
        {
            throw new UnreachableException($"{_where} did not answer like a transport gateway. Check --server.");
        }
    }

    private static string? Next(HttpResponseMessage response) =>
        response.Headers.TryGetValues("Link", out var links) && links.FirstOrDefault(link => link.EndsWith("rel=\"next\"", StringComparison.Ordinal)) is { } next
            ? next[1..next.IndexOf('>', StringComparison.Ordinal)]
            : null;

    private static JsonNode Parse(string text) => text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;

    private static FileStream OpenFile(string file)
    {
        try
        {
            return File.OpenRead(file);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new TgctlException($"{file} cannot be read: {exception.Message}");
        }
    }

    private static async Task<long> SaveAsync(HttpResponseMessage response, string file, CancellationToken cancellationToken)
    {
        var partial = file + ".part";
        try
        {
            await using (var target = new FileStream(partial, FileMode.Create, FileAccess.Write))
            {
                await response.Content.CopyToAsync(target, cancellationToken);
            }

            File.Move(partial, file, overwrite: true);
            return new FileInfo(file).Length;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            File.Delete(partial);
            throw new TgctlException($"{file} cannot be written: {exception.Message}");
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
