using System.Net;
using System.Text.RegularExpressions;
using TransportGateway.Access;
using TransportGateway.Web;

namespace TransportGateway.Tests.Harness;

/// <summary>Gets pages and sends their forms as a browser does, without running scripts: one cookie jar, same-origin requests.</summary>
internal sealed partial class Browser(TestGateway gateway) : IDisposable
{
    /// <summary>In characters; of a longer one the gateway is asked first, as a refusal can end the connection while the form is still being sent.</summary>
    private const int LargeForm = 100_000;

    private readonly HttpClient _http = gateway.HttpClient();
    private readonly Dictionary<string, string> _cookies = new(StringComparer.Ordinal);

    /// <summary>The secret in the session cookie; null when there is none.</summary>
    public string? Session => _cookies.GetValueOrDefault(SessionCookie.Name);

    public void SetCookie(string name, string value) => _cookies[name] = value;

    public static async Task<Browser> SignInAsync(TestGateway gateway, string name)
    {
        var browser = new Browser(gateway);
        using var answer = await browser.PostAsync("/sign-in", ("name", name), ("password", People.Password.Value));
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        return browser;
    }

    public async Task<HttpResponseMessage> GetAsync(string path, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        return await SendAsync(request, headers);
    }

    /// <summary>The page as text; follows where it leads.</summary>
    public async Task<string> PageAsync(string path)
    {
        using var answer = await GetAsync(path);
        return answer.StatusCode == HttpStatusCode.Redirect ? await PageAsync(answer.Headers.Location!.ToString()) : await answer.Content.ReadAsStringAsync();
    }

    /// <summary>Sends a form with the token that the session's pages carry.</summary>
    public async Task<HttpResponseMessage> PostAsync(string path, params (string Name, string Value)[] fields)
    {
        return await PostAsAsync(path, await FormTokenAsync(), "same-origin", fields);
    }

    /// <summary>Empty for who is not signed in.</summary>
    public async Task<string> FormTokenAsync() => Session is null ? "" : FormToken().Match(await PageAsync("/profile")).Groups["token"].Value;

    /// <summary>Sends a file as a form does.</summary>
    public async Task<HttpResponseMessage> PostFileAsync(string path, string fileName, byte[] content, params (string Name, string Value)[] fields)
    {
        using var form = new MultipartFormDataContent { { new StringContent(await FormTokenAsync()), GatewayPage.FormTokenField }, { new ByteArrayContent(content), "file", fileName } };
        foreach (var (name, value) in fields)
        {
            form.Add(new StringContent(value), name);
        }

        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = form, Headers = { ExpectContinue = true } };
        return await SendAsync(request, [("Sec-Fetch-Site", "same-origin")]);
    }

    public async Task<HttpResponseMessage> PostAsAsync(string path, string formToken, string site, params (string Name, string Value)[] fields)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new FormUrlEncodedContent(fields.Select(field => KeyValuePair.Create(field.Name, field.Value)).Append(KeyValuePair.Create(GatewayPage.FormTokenField, formToken))),
            Headers = { ExpectContinue = fields.Sum(field => field.Value.Length) > LargeForm },
        };
        return await SendAsync(request, [("Sec-Fetch-Site", site)]);
    }

    public void Dispose() => _http.Dispose();

    private async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, (string Name, string Value)[] headers)
    {
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        if (_cookies.Count > 0)
        {
            request.Headers.TryAddWithoutValidation("Cookie", string.Join("; ", _cookies.Select(cookie => $"{cookie.Key}={cookie.Value}")));
        }

        var answer = await _http.SendAsync(request);
        if (answer.Headers.TryGetValues("Set-Cookie", out var set))
        {
            foreach (var cookie in set.Select(text => text.Split(';')[0].Split('=', 2)))
            {
                if (cookie[1].Length == 0)
                {
                    _cookies.Remove(cookie[0]);
                }
                else
                {
                    _cookies[cookie[0]] = cookie[1];
                }
            }
        }

        return answer;
    }

    [GeneratedRegex("data-form-token=\"(?<token>[0-9a-f]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex FormToken();
}
