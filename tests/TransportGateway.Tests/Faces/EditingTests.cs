using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>What two people may edit: ETag, If-None-Match and If-Match, on both engines.</summary>
public abstract class EditingTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Message = "/api/v2/message-of-the-day";

    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_change_is_made_only_while_what_was_read_is_still_there()
    {
        var tag = await TagAsync(Message);
        Assert.Equal(HttpStatusCode.OK, await PutAsync(tag, "first"));
        Assert.Equal(HttpStatusCode.PreconditionFailed, await PutAsync(tag, "second"));
        Assert.Equal("first", await TextAsync());
        Assert.Equal(HttpStatusCode.OK, await PutAsync(await TagAsync(Message), "third"));
        Assert.Equal(HttpStatusCode.OK, await PutAsync("*", "fourth"));
        Assert.Equal(HttpStatusCode.OK, await PutAsync($"\"other\", {await TagAsync(Message)}", "fifth"));
        Assert.Equal(HttpStatusCode.OK, await PutAsync(null, "sixth"));
        Assert.Equal("sixth", await TextAsync());
    }

    [Fact]
    public async Task A_tag_that_is_none_or_a_weak_one_changes_nothing()
    {
        var tag = await TagAsync(Message);
        Assert.Equal(HttpStatusCode.PreconditionFailed, await PutAsync("W/" + tag, "x"));
        using var answer = await SendAsync(_http, HttpMethod.Put, Message, tag.Trim('"') + "\"", new { text = "x" });
        await ProblemTests.IsProblemAsync(answer, 400, "if-match-invalid", "with its quotes");
        Assert.Equal("", await TextAsync());
    }

    [Fact]
    public async Task Of_many_who_change_at_once_what_they_read_exactly_one_wins()
    {
        for (var round = 0; round < 5; round++)
        {
            var tag = await TagAsync(Message);
            var answers = await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => PutAsync(tag, $"round {round}, writer {writer}")));
            Assert.Single(answers, HttpStatusCode.OK);
            Assert.Equal(7, answers.Count(status => status == HttpStatusCode.PreconditionFailed));
            Assert.Equal($"round {round}, writer {Array.IndexOf(answers, HttpStatusCode.OK)}", await TextAsync());
        }
    }

    [Fact]
    public async Task Who_has_it_already_is_not_sent_it_again()
    {
        foreach (var (tag, expected) in new[] { (await TagAsync(Message), HttpStatusCode.NotModified), ("\"other\"", HttpStatusCode.OK) })
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, Message);
            request.Headers.TryAddWithoutValidation("If-None-Match", tag);
            using var answer = await _http.SendAsync(request);
            Assert.Equal(expected, answer.StatusCode);
            Assert.NotNull(answer.Headers.ETag);
            Assert.Equal(expected == HttpStatusCode.NotModified, (await answer.Content.ReadAsByteArrayAsync()).Length == 0);
        }
    }

    [Fact]
    public async Task A_tag_tells_nothing_to_who_may_not_read()
    {
        var tag = await TagAsync("/api/v2/certificates/host-name");
        using var writer = await _gateway.RestClientAsync(null, Permission.ManageCertificates);
        foreach (var guess in new[] { tag, "\"guess\"" })
        {
            using var answer = await SendAsync(writer, HttpMethod.Put, "/api/v2/certificates/host-name", guess, new { name = "localhost" });
            await ProblemTests.IsProblemAsync(answer, 403, "permission-needed", "lacks the permission ReadInventory");
        }

        using var stranger = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        using var refused = await SendAsync(stranger, HttpMethod.Put, Message, await TagAsync(Message), new { text = "x" });
        await ProblemTests.IsProblemAsync(refused, 403, "permission-needed", "lacks the permission ManageSettings");
        using var ofPart = await _gateway.RestClientAsync(_gateway.Account.Id, Enum.GetValues<Permission>());
        using var requests = await ofPart.GetAsync("/api/v2/certificates/requests");
        await ProblemTests.IsProblemAsync(requests, 403, "whole-gateway", "the whole gateway's");
        using var whole = await SendAsync(ofPart, HttpMethod.Put, Message, "\"guess\"", new { text = "x" });
        await ProblemTests.IsProblemAsync(whole, 403, "whole-gateway", "the whole gateway's");
    }

    [Fact]
    public async Task What_is_not_there_is_not_found_whatever_the_tag()
    {
        using var answer = await SendAsync(_http, HttpMethod.Patch, "/api/v2/users/nobody", "\"guess\"", new { lastName = "x" });
        await ProblemTests.IsProblemAsync(answer, 404, "no-such-user", "There is no user 'nobody'");
    }

    [Fact]
    public async Task A_sign_in_is_no_edit_of_the_user()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var tag = await TagAsync("/api/v2/users/anna");
        await _gateway.Gateway.Services.GetRequiredService<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None);
        Assert.Equal(tag, await TagAsync("/api/v2/users/anna"));
        using var changed = await SendAsync(_http, HttpMethod.Patch, "/api/v2/users/anna", tag, new { lastName = "Changed" });
        Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        Assert.NotEqual(tag, await TagAsync("/api/v2/users/anna"));
        using var late = await SendAsync(_http, HttpMethod.Delete, "/api/v2/users/anna", tag, null);
        await ProblemTests.IsProblemAsync(late, 412, "overtaken", "Read it again");
    }

    [Fact]
    public async Task Everything_that_two_people_may_edit_has_its_tag()
    {
        var edited = _gateway.Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
            .Where(endpoint => endpoint.Metadata.GetMetadata<Editing.Edited>() is not null)
            .ToLookup(endpoint => endpoint.RoutePattern.RawText!, endpoint => endpoint.Metadata.GetMetadata<HttpMethodMetadata>()!.HttpMethods.Single());
        Assert.Equal(
            [
                "/api/v2/access-rules", "/api/v2/accounts/{account}/preferences", "/api/v2/accounts/{account}/synchronization-settings", "/api/v2/api-toolkit", "/api/v2/backup-settings", "/api/v2/central", "/api/v2/certificates/host-name", "/api/v2/directory",
                "/api/v2/identity-provider", "/api/v2/language", Message, "/api/v2/relay", "/api/v2/settings/email", "/api/v2/settings/syslog", "/api/v2/users/{name}",
            ],
            edited.Select(path => path.Key).Order(StringComparer.Ordinal));
        Assert.All(edited, path => Assert.True(path.Contains("GET") && path.Count() > 1, path.Key));
        foreach (var path in edited.Select(path => path.Key).Where(path => !path.Contains('{', StringComparison.Ordinal)))
        {
            Assert.Equal(await TagAsync(path), await TagAsync(path));
        }
    }

    private async Task<string> TagAsync(string path)
    {
        using var answer = await _http.GetAsync(path);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.False(answer.Headers.ETag!.IsWeak);
        return answer.Headers.ETag.Tag;
    }

    private async Task<string> TextAsync() => JsonNode.Parse(await _http.GetStringAsync(Message))!["text"]!.ToString();

    private async Task<HttpStatusCode> PutAsync(string? tag, string text)
    {
        using var answer = await SendAsync(_http, HttpMethod.Put, Message, tag, new { text });
        return answer.StatusCode;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient http, HttpMethod method, string path, string? tag, object? body)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : JsonContent.Create(body) };
        if (tag is not null)
        {
            request.Headers.TryAddWithoutValidation("If-Match", tag);
        }

        return await http.SendAsync(request);
    }
}

public sealed class EditingOnSqlite : EditingTests<SqliteEngine>;

public sealed class EditingOnPostgreSql : EditingTests<PostgreSqlEngine>;
