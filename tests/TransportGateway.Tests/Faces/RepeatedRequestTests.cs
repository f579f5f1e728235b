using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Hosting;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>Requests that come twice under one idempotency key, and lists that go on behind a cursor, on both engines.</summary>
public abstract class RepeatedRequestTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    private string Tokens => $"/api/v2/accounts/{Uri.EscapeDataString(_gateway.Account.Name)}/virtual-accounts/Default/tokens";

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>(_clock);
        _http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task The_same_request_under_the_same_key_has_its_effect_once_and_the_same_answer()
    {
        var (status, first, replayed) = await PostAsync("one", """{"description":"a"}""");
        Assert.Equal((HttpStatusCode.OK, false), (status, replayed));
        var (again, second, isReplay) = await PostAsync("one", """{"description":"a"}""");
        Assert.Equal((HttpStatusCode.OK, first, true), (again, second, isReplay));
        Assert.Equal(1, await CountAsync());

        await PostAsync("two", """{"description":"a"}""");
        Assert.Equal(2, await CountAsync());
        Assert.Equal(HttpStatusCode.UnprocessableEntity, (await PostAsync("one", """{"description":"b"}""")).Status);
        Assert.Equal(2, await CountAsync());

        // The answer holds the token's text, so it is not readable where it is kept.
        var text = JsonNode.Parse(first)!["text"]!.ToString();
        var kept = await _gateway.ReadAsync(session => session.QueryAsync<byte[]>("SELECT sealed_body FROM idempotent_requests", null, CancellationToken.None));
        Assert.All(kept, body => Assert.DoesNotContain(text[..12], Encoding.Latin1.GetString(body), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_recovery_key_and_a_backup_are_made_once_under_one_key()
    {
        foreach (var path in new[] { "/api/v2/backup-recovery-key", "/api/v2/backups" })
        {
            var bodies = new List<string>();
            for (var time = 0; time < 2; time++)
            {
                using var request = new HttpRequestMessage(HttpMethod.Post, path);
                request.Headers.TryAddWithoutValidation(Idempotency.Header, "one");
                using var answer = await _http.SendAsync(request);
                Assert.Equal((HttpStatusCode.OK, time == 1), (answer.StatusCode, answer.Headers.Contains("Idempotent-Replayed")));
                Assert.True(answer.Headers.CacheControl?.NoStore == true || path == "/api/v2/backups");
                bodies.Add(await answer.Content.ReadAsStringAsync());
            }

            Assert.Equal(bodies[0], bodies[1]);
            var kept = await _gateway.ReadAsync(session => session.QueryAsync<byte[]>("SELECT sealed_body FROM idempotent_requests", null, CancellationToken.None));
            Assert.All(kept, body => Assert.DoesNotContain(bodies[0][..24], Encoding.Latin1.GetString(body), StringComparison.Ordinal));
        }

        Assert.Single(JsonNode.Parse(await _http.GetStringAsync("/api/v2/backups"))!.AsArray());
    }

    [Fact]
    public async Task A_refusal_is_repeated_too_and_another_caller_has_keys_of_their_own()
    {
        var (refused, reason, _) = await PostAsync("one", """{"expiresAfterDays":0}""");
        Assert.Equal(HttpStatusCode.BadRequest, refused);
        Assert.Equal((refused, reason, true), await PostAsync("one", """{"expiresAfterDays":0}"""));

        // Of the same name, and for the same accounts.
        using var other = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        var (status, body, replayed) = await PostAsync("one", """{"description":"a"}""", other);
        Assert.Equal((HttpStatusCode.OK, false), (status, replayed));
        Assert.DoesNotContain("token-invalid", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Many_that_come_at_once_under_one_key_have_one_effect()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 10).Select(_ => PostAsync("race", """{"description":"a"}""")));
        Assert.Equal(1, await CountAsync());
        Assert.All(answers, answer => Assert.True(answer.Status is HttpStatusCode.OK or HttpStatusCode.Conflict, answer.Body));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync("race", """{"description":"a"}""")).Status);
    }

    [Fact]
    public async Task A_key_that_will_not_do_is_refused()
    {
        foreach (var key in new[] { "a b", new string('x', 256) })
        {
            var (status, body, _) = await PostAsync(key, "{}");
            Assert.Equal(HttpStatusCode.BadRequest, status);
            Assert.Contains("visible ASCII", body, StringComparison.Ordinal);
        }

        Assert.Equal(0, await CountAsync());
    }

    [Theory]
    [InlineData(false, StatusCodes.Status200OK)]
    [InlineData(true, StatusCodes.Status409Conflict)]
    public async Task A_key_whose_request_broke_off_is_free_again_when_nothing_was_committed(bool committed, int expected)
    {
        var broken = true;
        var idempotency = new Idempotency(
            async context =>
            {
                await _gateway.WriteAsync(async (session, now) =>
                {
                    await session.ExecuteAsync("INSERT INTO former_instances (id) VALUES (@Id)", new { Id = $"{now.Ticks}" }, CancellationToken.None);
                    return broken && !committed ? throw new InvalidOperationException("broken off") : true;
                });
                _clock.Advance(TimeSpan.FromMilliseconds(1));
                if (broken)
                {
                    throw new InvalidOperationException("broken off");
                }
            },
            _gateway.Database,
            _gateway.Gateway.Services.GetRequiredService<MasterKey>(),
            _clock);

        await Assert.ThrowsAsync<InvalidOperationException>(() => idempotency.InvokeAsync(Request()));
        broken = false;
        var again = Request();
        await idempotency.InvokeAsync(again);

        Assert.Equal(expected, again.Response.StatusCode);

        HttpContext Request()
        {
            var context = new DefaultHttpContext { RequestServices = _gateway.Gateway.Services };
            context.Request.Method = HttpMethods.Post;
            context.Request.Headers[Idempotency.Header] = "one";
            context.SetEndpoint(new Endpoint(null, new EndpointMetadataCollection(new Idempotency.Taken()), "a route"));
            _gateway.Administrator.Attach(context);
            return context;
        }
    }

    [Theory]
    [InlineData("25006", 503, "database-away")]
    [InlineData("57P01", 503, "database-away")]
    [InlineData("not acknowledged", 503, "change-unconfirmed")]
    [InlineData("42601", 200, "")]
    public async Task Who_comes_while_the_role_moves_is_told_to_come_again(string failure, int status, string name)
    {
        System.Data.Common.DbException exception = failure == "not acknowledged" ? new CommitNotAcknowledgedException("alone") : new Npgsql.PostgresException("it says", "ERROR", "ERROR", failure);
        await using var postgres = new PostgreSqlDatabase("Host=127.0.0.1", _clock);
        var context = new DefaultHttpContext { Response = { Body = new MemoryStream() } };

        var handled = await new WhileDatabaseIsAway(postgres, Microsoft.Extensions.Logging.Abstractions.NullLogger<WhileDatabaseIsAway>.Instance).TryHandleAsync(context, exception, CancellationToken.None);

        Assert.Equal((status == 503, status), (handled, context.Response.StatusCode));
        if (handled)
        {
            Assert.Equal("5", context.Response.Headers.RetryAfter);
            Assert.Contains($"\"urn:transport-gateway:{name}\"", Encoding.UTF8.GetString(((MemoryStream)context.Response.Body).ToArray()), StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_list_goes_on_behind_its_cursor_though_rows_come_and_go_meanwhile()
    {
        var token = await _gateway.CreateTokenAsync();
        var ids = new List<string>();
        foreach (var definition in SeedProducts.All)
        {
            var product = _gateway.Product(definition, clock: _clock);
            Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
            ids.Add(product.State.ProductInstanceIdentifier!);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        var path = Tokens.Replace("/tokens", "/instances?limit=2", StringComparison.Ordinal);
        var (first, next) = await PageAsync(path);
        Assert.Equal(ids[..2], first["instances"]!.AsArray().Select(row => row!["id"]!.ToString()));
        // One of the first page leaves: with offsets, the third would be passed over.
        await _gateway.Gateway.Services.GetRequiredService<RemoveInstance>().ExecuteAsync(_gateway.Administrator, ids[1], CancellationToken.None);
        var (second, end) = await PageAsync(next!);
        Assert.Equal(ids[2..], second["instances"]!.AsArray().Select(row => row!["id"]!.ToString()));
        Assert.Null(end);

        var seen = new List<string>();
        string? at = "/api/v2/events?limit=3";
        while (at is not null)
        {
            var (events, more) = await PageAsync(at);
            seen.AddRange(events.AsArray().Select(row => row!["id"]!.ToString()));
            at = more;
        }

        Assert.Equal((await _gateway.EventsAsync()).Select(entry => entry.Id), seen);
        using var unknown = await _http.GetAsync(path + "&cursor=nothing");
        Assert.Equal(HttpStatusCode.BadRequest, unknown.StatusCode);
    }

    private async Task<(HttpStatusCode Status, string Body, bool IsReplay)> PostAsync(string key, string body, HttpClient? http = null)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Tokens) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.TryAddWithoutValidation(Idempotency.Header, key);
        using var answer = await (http ?? _http).SendAsync(request);
        return (answer.StatusCode, await answer.Content.ReadAsStringAsync(), answer.Headers.Contains("Idempotent-Replayed"));
    }

    private async Task<(JsonNode Body, string? Next)> PageAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var link = answer.Headers.TryGetValues("Link", out var values) ? values.Single() : null;
        return (JsonNode.Parse(await answer.Content.ReadAsStringAsync())!, link?.Split('>')[0][1..]);
    }

    private async Task<int> CountAsync() => (await _http.GetFromJsonAsync<JsonArray>(Tokens))!.Count;
}

public sealed class SqliteRepeatedRequestTests : RepeatedRequestTests<SqliteEngine>;

public sealed class PostgreSqlRepeatedRequestTests : RepeatedRequestTests<PostgreSqlEngine>;
