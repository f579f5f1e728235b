using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Access;

/// <summary>When an access token opens the API no more, or never did.</summary>
public sealed class AccessTokenTests : IAsyncLifetime
{
    private readonly FakeTimeProvider _clock = new(TimeProvider.System.GetUtcNow());
    private TestGateway _gateway = null!;
    private HttpClient _client = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>(_clock);
        _client = await _gateway.RestClientAsync(null, Permission.ReadInventory);
    }

    public async Task DisposeAsync()
    {
        _client.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task It_opens_the_API_for_an_hour_to_the_second()
    {
        _clock.Advance(IssueAccessToken.Lifetime - TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync());

        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync());
    }

    [Fact]
    public async Task It_ends_with_its_client()
    {
        var client = (await _gateway.ReadAsync(session => new ApiClients(session).ListAsync(CancellationToken.None))).Single();
        Assert.True(await _gateway.Gateway.Services.GetRequiredService<RevokeApiClient>().ExecuteAsync(_gateway.Administrator, client.Id, CancellationToken.None));

        Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync());
    }

    [Theory]
    [InlineData("Bearer", "x")]
    [InlineData("Bearer", "")]
    [InlineData("Basic", null)]
    [InlineData("Bearer", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJhZG1pbiJ9.")]
    public async Task What_was_never_issued_opens_nothing_and_the_answer_says_what_would(string scheme, string? forged)
    {
        var real = _client.DefaultRequestHeaders.Authorization!.Parameter!;
        _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue(scheme, forged ?? real);

        using var answer = await _client.GetAsync("/api/v2/accounts");

        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
        var problem = JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
        Assert.Equal("urn:transport-gateway:sign-in-needed", problem["type"]!.GetValue<string>());
        Assert.Contains("/oauth/token", problem["detail"]!.GetValue<string>(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_letter_changed_is_another_token()
    {
        var real = _client.DefaultRequestHeaders.Authorization!.Parameter!;
        foreach (var forged in new[] { real[..^1] + (real[^1] == 'A' ? 'B' : 'A'), real.ToUpperInvariant(), real + "A", real[..^1] })
        {
            _client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", forged);
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync());
        }
    }

    private async Task<HttpStatusCode> StatusAsync()
    {
        using var answer = await _client.GetAsync("/api/v2/accounts");
        return answer.StatusCode;
    }
}
