using System.Buffers.Text;
using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>Lists that come page by page, on both engines.</summary>
public abstract class ListPageTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Va = "/api/v2/accounts/Example%20Account/virtual-accounts";
    private const string Instances = Va + "/Default/instances";

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

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
    public async Task A_list_has_the_same_rows_page_by_page_and_at_once()
    {
        foreach (var name in new[] { "zeta", "Alpha", "beta" })
        {
            await PostAsync("/api/v2/accounts", new { name });
            await PostAsync(Va, new { name });
            await PostAsync("/api/v2/users", new { name });
            await PostAsync("/api/v2/api-clients", new { name });
            await PostAsync("/api/v2/webhooks", new { name, address = "https://127.0.0.1:9/" });
            await PostAsync(Va + "/Default/tokens", new { description = name });
            await PostAsync("/api/v2/account-requests", new { name = "R " + name, smartAccount = "a", cloudVirtualAccount = name, notificationEmail = "a@example.com" });
        }

        var webhook = (await _http.GetFromJsonAsync<JsonArray>("/api/v2/webhooks"))![0]!["id"]!.ToString();
        for (var at = 0; at < 3; at++)
        {
            await PostAsync($"/api/v2/webhooks/{webhook}/test", new { });
            _clock.Advance(TimeSpan.FromMilliseconds(1));
        }

        foreach (var path in new[] { "/api/v2/accounts", Va, "/api/v2/users", "/api/v2/api-clients", "/api/v2/webhooks", Va + "/Default/tokens", "/api/v2/account-requests", $"/api/v2/webhooks/{webhook}/deliveries", "/api/v2/events" })
        {
            var all = (await _http.GetFromJsonAsync<JsonArray>(path + "?limit=1000"))!.Select(row => row!.ToJsonString()).ToArray();
            Assert.True(all.Length >= 3, path);
            Assert.Equal(all, (await PagesAsync(path + "?limit=2")).Select(row => row.ToJsonString()));
        }

        Assert.Equal(["Alpha", "beta", "Example Account", "zeta"], (await PagesAsync("/api/v2/accounts?limit=1")).Select(row => row["name"]!.ToString()));
        Assert.Equal(["Default", "Alpha", "beta", "zeta"], (await PagesAsync(Va + "?limit=1")).Select(row => row["name"]!.ToString()));
    }

    [Fact]
    public async Task A_list_goes_on_though_the_row_that_was_seen_last_is_gone()
    {
        foreach (var name in new[] { "a", "b", "c" })
        {
            await PostAsync("/api/v2/users", new { name });
        }

        var (first, next) = await PageAsync("/api/v2/users?limit=2");
        Assert.Equal(["a", "b"], first.Select(row => row!["name"]!.ToString()));
        using (await _http.DeleteAsync("/api/v2/users/b"))
        {
        }

        await PostAsync("/api/v2/users", new { name = "bb" });
        Assert.Equal(["bb", "c"], (await PageAsync(next!)).Rows.Select(row => row!["name"]!.ToString()));
    }

    [Fact]
    public async Task The_event_log_goes_on_though_the_entry_that_was_seen_last_was_trimmed()
    {
        for (var at = 0; at < 3; at++)
        {
            await PostAsync(Va + "/Default/tokens", new { description = $"{at}" });
        }

        var all = (await PageAsync("/api/v2/events?limit=1000")).Rows.Select(row => row!["id"]!.ToString()).ToArray();
        var (first, next) = await PageAsync("/api/v2/events?limit=2");
        Assert.Equal(all[..2], first.Select(row => row!["id"]!.ToString()));
        await _gateway.ExecuteAsync("DELETE FROM events WHERE id = @Id", new { Id = all[1] });
        Assert.Equal(all[2..4], (await PageAsync(next!)).Rows.Select(row => row!["id"]!.ToString()));

        // Cursors had the identifier alone.
        var cursor = JsonNode.Parse(Base64Url.DecodeFromChars(next!.Split("cursor=")[1]))!.AsArray();
        cursor.RemoveAt(1);
        using var former = await _http.GetAsync("/api/v2/events?limit=2&cursor=" + Base64Url.EncodeToString(Encoding.UTF8.GetBytes(cursor.ToJsonString())));
        await ProblemTests.IsProblemAsync(former, 400, "cursor-unknown", "Begin again without one");
    }

    [Theory]
    [InlineData("registration", "one,two,three,four")]
    [InlineData("-registration", "four,three,two,one")]
    [InlineData("name", "four,one,three,two")]
    [InlineData("-name", "two,three,one,four")]
    [InlineData("contact", "one,two,three,four")]
    [InlineData("-contact", "four,three,two,one")]
    [InlineData("status", "")]
    [InlineData("-type", "")]
    public async Task Product_instances_come_in_the_order_asked_for(string sort, string names)
    {
        await RegisterAsync();
        var rows = await PagesAsync($"{Instances}?limit=1&sort={sort}", "instances");
        Assert.Equal(4, rows.Select(row => row["id"]!.ToString()).Distinct().Count());
        if (names.Length > 0)
        {
            Assert.Equal(names.Split(','), rows.Select(row => row["name"]!.ToString()));
        }
        else
        {
            var member = sort.TrimStart('-') == "type" ? "productType" : "authorizationStatus";
            var keys = rows.Select(row => row[member]?.ToString() ?? "").ToArray();
            Assert.Equal(sort[0] == '-' ? keys.OrderDescending(StringComparer.Ordinal) : keys.Order(StringComparer.Ordinal), keys);
        }
    }

    [Fact]
    public async Task Product_instances_are_found_by_a_part_of_what_they_are_called()
    {
        await RegisterAsync();
        var found = await _http.GetFromJsonAsync<JsonObject>(Instances + "?search=O&sort=name");
        Assert.Equal(["four", "one", "two"], found!["instances"]!.AsArray().Select(row => row!["name"]!.ToString()));
        Assert.Equal(3, found["total"]!.GetValue<int>());
        Assert.Empty((await _http.GetFromJsonAsync<JsonObject>(Instances + "?search=%25"))!["instances"]!.AsArray());
        Assert.Equal(["four", "one", "two"], (await PagesAsync(Instances + "?search=O&sort=name&limit=1", "instances")).Select(row => row["name"]!.ToString()));
    }

    [Fact]
    public async Task A_list_that_cannot_be_is_told_what_would_be_right()
    {
        await RegisterAsync();
        var (_, next) = await PageAsync("/api/v2/events?limit=1");
        var foreign = next!.Split("cursor=")[1];
        foreach (var path in new[] { "/api/v2/accounts", "/api/v2/users", Va, Va + "/Default/tokens", Instances, "/api/v2/events", "/api/v2/alerts", "/api/v2/sessions" })
        {
            foreach (var cursor in new[] { "nothing", "%00", "W10", foreign }.Where(cursor => cursor != foreign || path != "/api/v2/events"))
            {
                using var answer = await _http.GetAsync($"{path}?cursor={cursor}");
                Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
                if (cursor != "%00")
                {
                    await ProblemTests.IsProblemAsync(answer, 400, "cursor-unknown", "Begin again without one");
                }
            }
        }

        // With other filters it is another list.
        var (_, sorted) = await PageAsync(Instances + "?limit=1&sort=name", "instances");
        foreach (var (path, name) in new[]
        {
            (sorted!.Replace("sort=name", "sort=contact", StringComparison.Ordinal), "cursor-unknown"),
            (Instances + "?sort=colour", "sort-invalid"),
            (Instances + "?search=" + new string('a', 201), "search-invalid"),
            (Instances + "?limit=many", "limit-invalid"),
        })
        {
            using var answer = await _http.GetAsync(path);
            await ProblemTests.IsProblemAsync(answer, 400, name, "");
        }
    }

    [Fact]
    public async Task Many_product_instances_are_moved_and_removed_with_a_result_each()
    {
        var ids = await RegisterAsync();
        await PostAsync(Va, new { name = "Branch" });
        var moved = await PostAsync("/api/v2/instances/transfer", new { ids = new[] { ids[0], "nothing", ids[1] }, virtualAccount = "Branch" });
        Assert.Equal([true, false, true], moved.AsArray().Select(row => row!["done"]!.GetValue<bool>()));
        Assert.Contains("no registered product instance 'nothing'", moved[1]!["reason"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(["one", "two"], (await PagesAsync(Va + "/Branch/instances?sort=name", "instances")).Select(row => row["name"]!.ToString()));
        var nowhere = await PostAsync("/api/v2/instances/transfer", new { ids = new[] { ids[2] }, virtualAccount = "Nowhere" });
        Assert.Contains("There is no local virtual account 'Nowhere'", nowhere[0]!["reason"]!.ToString(), StringComparison.Ordinal);

        var removed = await PostAsync("/api/v2/instances/remove", new { ids = new[] { ids[0], ids[0], ids[3] } });
        Assert.Equal([true, false, true], removed.AsArray().Select(row => row!["done"]!.GetValue<bool>()));
        Assert.Equal([ids[2]], (await PagesAsync(Instances, "instances")).Select(row => row["id"]!.ToString()));

        // Somebody of another account moves nothing, and learns nothing.
        using var administrator = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        var other = (await PostAsync("/api/v2/accounts", new { name = "Other" }))["id"]!.ToString();
        using var stranger = await _gateway.RestClientAsync(other, Enum.GetValues<Permission>());
        using var refused = await stranger.PostAsJsonAsync("/api/v2/instances/remove", new { ids = new[] { ids[2] } });
        Assert.Contains("no registered product instance", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Single(await PagesAsync(Instances, "instances"));
        foreach (var none in new[] { [], Enumerable.Repeat("x", 1001).ToArray() })
        {
            using var answer = await _http.PostAsJsonAsync("/api/v2/instances/remove", new { ids = none });
            await ProblemTests.IsProblemAsync(answer, 400, "ids-invalid", "1 to 1000");
        }
    }

    [Fact]
    public async Task A_licence_is_shown_with_who_uses_it_those_first_that_use_most()
    {
        var token = await _gateway.CreateTokenAsync();
        var definition = SeedProducts.Cucmpub;
        var product = _gateway.Product(definition, clock: _clock);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        var used = definition.Entitlements[0];
        var path = $"{Va}/Default/licenses/{Uri.EscapeDataString(used.Tag)}";
        var shown = (await _http.GetFromJsonAsync<JsonObject>(path))!;
        Assert.Equal(used.Tag, shown["license"]!["tag"]!.ToString());
        Assert.Empty(shown["terms"]!.AsArray());
        var users = (await _http.GetFromJsonAsync<JsonArray>(path + "/instances?limit=1"))!;
        Assert.Equal((product.State.ProductInstanceIdentifier, (long)used.Count), (users.Single()!["id"]!.ToString(), users[0]!["quantity"]!.GetValue<long>()));
        using var missing = await _http.GetAsync($"{Va}/Default/licenses/none");
        await ProblemTests.IsProblemAsync(missing, 404, "no-such-license", "neither bought nor used");
    }

    private async Task<IReadOnlyList<string>> RegisterAsync()
    {
        var token = await _gateway.CreateTokenAsync();
        var ids = new List<string>();
        foreach (var (definition, name) in SeedProducts.All.Zip(["one", "two", "three", "four"]))
        {
            var product = _gateway.Product(definition with { HostName = name }, clock: _clock);
            Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
            ids.Add(product.State.ProductInstanceIdentifier!);
            _clock.Advance(TimeSpan.FromSeconds(1));
        }

        return ids;
    }

    private async Task<JsonNode> PostAsync(string path, object body)
    {
        using var answer = await _http.PostAsJsonAsync(path, body);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.IsSuccessStatusCode, $"{path}: {text}");
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        return text.Length == 0 ? new JsonObject() : JsonNode.Parse(text)!;
    }

    private async Task<(JsonArray Rows, string? Next)> PageAsync(string path, string? member = null)
    {
        using var answer = await _http.GetAsync(path);
        var text = await answer.Content.ReadAsStringAsync();
        Assert.True(answer.StatusCode == HttpStatusCode.OK, $"{path}: {text}");
        var link = answer.Headers.TryGetValues("Link", out var values) ? values.Single() : null;
        Assert.True(link?.EndsWith("; rel=\"next\"", StringComparison.Ordinal) != false, link);
        var page = JsonNode.Parse(text)!;
        return ((member is null ? page : page[member]!).AsArray(), link?.Split('>')[0][1..]);
    }

    private async Task<IReadOnlyList<JsonNode>> PagesAsync(string path, string? member = null)
    {
        var all = new List<JsonNode>();
        for (var next = path; next is not null;)
        {
            (var rows, next) = await PageAsync(next, member);
            Assert.NotEmpty(rows);
            all.AddRange(rows!);
        }

        return all;
    }
}

public sealed class ListPageOnSqlite : ListPageTests<SqliteEngine>;

public sealed class ListPageOnPostgreSql : ListPageTests<PostgreSqlEngine>;
