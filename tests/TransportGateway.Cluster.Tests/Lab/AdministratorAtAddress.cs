using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace TransportGateway.Cluster.Tests.Lab;

/// <summary>An administrator on the public network, at the virtual address: signed in with a browser, and with a program beside it.</summary>
internal sealed partial class AdministratorAtAddress : IDisposable
{
    private const string Page = "/administration/high-availability";

    private readonly HttpClient _http;
    private string _cookie = "";
    private AuthenticationHeaderValue? _program;

    public AdministratorAtAddress(LabCluster cluster)
    {
        var trust = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        trust.CustomTrustStore.ImportFromPemFile(Path.Combine(cluster.Primary.Folder, "gateway", "root.pem"));
        _http = new HttpClient(new SocketsHttpHandler
        {
            ConnectCallback = async (context, cancellationToken) =>
            {
                var socket = cluster.Network.Inside.NewSocket();
                await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
                return new NetworkStream(socket, ownsSocket: true);
            },
            SslOptions = { CertificateChainPolicy = trust },
            AllowAutoRedirect = false,
            UseCookies = false,
        })
        {
            BaseAddress = new Uri($"https://{LabNetwork.VirtualAddress}"),
        };
    }

    /// <summary>As a new person whom root on the node makes.</summary>
    public async Task SignInAsync(LabNode node)
    {
        var name = "admin-" + node.Name;
        var password = $"Aa1-{Guid.NewGuid():N}";
        var made = JsonNode.Parse(await LabCluster.TgctlAsync(node, "user", "create", name, "--role", "administrator", "-o", "json"))!;
        using var set = await PostAsync("/set-password", ("name", name), ("code", made["passwordCode"]!.GetValue<string>()), ("password", password), ("again", password));
        using var signedIn = await PostAsync("/sign-in", ("name", name), ("password", password));
        _cookie = Assert.Single(signedIn.Headers.GetValues("Set-Cookie"), cookie => cookie.Contains("session", StringComparison.Ordinal)).Split(';')[0];

        var client = JsonNode.Parse(await LabCluster.TgctlAsync(node, "api-client", "create", name, "--permission", "ManageCluster", "-o", "json"))!;
        using var token = await _http.PostAsJsonAsync(
            "/oauth/token", new { grant_type = "client_credentials", client_id = client["clientId"]!.GetValue<string>(), client_secret = client["clientSecret"]!.GetValue<string>() });
        _program = new AuthenticationHeaderValue("Bearer", JsonNode.Parse(await token.Content.ReadAsStringAsync())!["access_token"]!.GetValue<string>());
    }

    /// <summary>The words of the page; whoever is not signed in is sent elsewhere, and that fails.</summary>
    public async Task<string> PageAsync(string tab = "")
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, Page + tab) { Headers = { { "Cookie", _cookie } } };
        using var answer = await _http.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.OK, answer.StatusCode);
        return Tag().Replace(System.Net.WebUtility.HtmlDecode(await answer.Content.ReadAsStringAsync()), "");
    }

    public async Task<JsonNode> SwitchOverAsync()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v2/cluster/switchover") { Headers = { Authorization = _program } };
        using var answer = await _http.SendAsync(request);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value))) };
        request.Headers.Add("Sec-Fetch-Site", "same-origin");
        var answer = await _http.SendAsync(request);
        Assert.Equal(System.Net.HttpStatusCode.Redirect, answer.StatusCode);
        return answer;
    }

    [GeneratedRegex("<[^>]*>", RegexOptions.None, matchTimeoutMilliseconds: 5000)]
    private static partial Regex Tag();
}
