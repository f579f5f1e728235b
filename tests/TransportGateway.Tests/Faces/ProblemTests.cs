using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>Whatever is wrong with a request, the answer is a problem (RFC 9457) with a name and a sentence that says what to do.</summary>
public sealed class ProblemTests : IAsyncLifetime
{
    private const string Tokens = "/api/v2/accounts/Example%20Account/virtual-accounts/Default/tokens";
    private const string Json = "application/json";

    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>(null, ("max-body-bytes", "100000"));
        _http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Theory]
    [InlineData("POST", "/api/v2/accounts", "{", Json, 400, "request-invalid", "The body is not JSON (at line 1, byte 2).")]
    [InlineData("POST", "/api/v2/accounts", "[]", Json, 400, "request-invalid", "The body is not a JSON object")]
    [InlineData("POST", "/api/v2/accounts", "{}", Json, 400, "request-invalid", "The body lacks name.")]
    [InlineData("POST", "/api/v2/accounts", """{"name":7}""", Json, 400, "request-invalid", "The body's name is of another type")]
    [InlineData("POST", "/api/v2/accounts", """{"name":null}""", Json, 400, "request-invalid", "The body's name is of another type than it should be, or is null")]
    [InlineData("POST", "/api/v2/accounts", """{"name":"a\u0000b"}""", Json, 400, "request-invalid", "The body's name")]
    [InlineData("POST", "/api/v2/accounts", null, Json, 400, "request-invalid", "The request has no body. Send a JSON object.")]
    [InlineData("POST", "/api/v2/accounts", "null", Json, 400, "request-invalid", "The request has no body.")]
    [InlineData("POST", "/api/v2/accounts", "name=a", "application/x-www-form-urlencoded", 415, "media-type-wrong", "Send JSON")]
    [InlineData("POST", "/api/v2/accounts", "too large", Json, 413, "body-too-large", "max-body-bytes")]
    [InlineData("POST", Tokens, """{"expiresAfterDays":"x"}""", Json, 400, "request-invalid", "The body's expiresAfterDays")]
    [InlineData("GET", "/api/v2/events?limit=many", null, Json, 400, "limit-invalid", "limit is not a whole number")]
    [InlineData("GET", Tokens + "?withText=perhaps", null, Json, 400, "request-invalid", "something in its path, its query or its body")]
    [InlineData("GET", "/api/v2/nowhere", null, Json, 404, "no-such-path", "/api-documentation")]
    [InlineData("GET", "/oauth/nowhere", null, Json, 404, "no-such-path", "/api-documentation")]
    [InlineData("GET", "/nowhere", null, Json, 404, "no-such-path", "Products register at")]
    [InlineData("PUT", "/api/v2/accounts", "{}", Json, 405, "method-not-allowed", "The header Allow")]
    [InlineData("DELETE", "/api/v2/instances/x/transfer", null, Json, 405, "method-not-allowed", "The header Allow")]
    [InlineData("GET", "/backend/oauth/token", null, Json, 405, "method-not-allowed", "The header Allow")]
    public async Task A_request_that_cannot_be_is_told_what_would_be_right(string method, string path, string? body, string type, int status, string name, string sentence)
    {
        var text = body == "too large" ? $$"""{"name":"{{new string('a', 200_000)}}"}""" : body;
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Content = text is null ? null : new StringContent(text, Encoding.UTF8, type) };
        request.Headers.ExpectContinue = status == 413;
        using var answer = await _http.SendAsync(request);
        await IsProblemAsync(answer, status, name, sentence);
        Assert.Equal(status == 405, answer.Content.Headers.Allow.Count > 0);
    }

    [Fact]
    public async Task A_path_that_holds_what_cannot_be_is_no_error_of_the_server()
    {
        foreach (var path in new[] { "/api/v2/accounts/%00", "/api/v2/accounts/%ff%fe", "/api/v2/instances/%2e%2e", "/api/v2/users/" + new string('a', 5000) })
        {
            using var answer = await _http.GetAsync(path);
            Assert.InRange((int)answer.StatusCode, 400, 499);
        }
    }

    [Fact]
    public async Task A_key_of_a_request_that_could_not_be_read_is_free_again()
    {
        foreach (var (body, expected) in new[] { ("{", HttpStatusCode.BadRequest), ("""{"name":"A"}""", HttpStatusCode.OK) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v2/accounts") { Content = new StringContent(body, Encoding.UTF8, Json) };
            request.Headers.Add(Idempotency.Header, "one");
            using var answer = await _http.SendAsync(request);
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    internal static async Task IsProblemAsync(HttpResponseMessage answer, int status, string name, string sentence)
    {
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True((int)answer.StatusCode == status, $"{(int)answer.StatusCode} {text}");
        Assert.Equal("application/problem+json", answer.Content.Headers.ContentType!.MediaType);
        var problem = JsonNode.Parse(text)!;
        Assert.Equal(("urn:transport-gateway:" + name, status), (problem["type"]!.ToString(), problem["status"]!.GetValue<int>()));
        Assert.Contains(sentence, problem["detail"]!.ToString(), StringComparison.Ordinal);
        Assert.NotEmpty(problem["title"]!.ToString());
        // Names of the program's own types tell a caller nothing.
        Assert.DoesNotContain("System.", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Request\\u0022", text, StringComparison.Ordinal);
    }
}
