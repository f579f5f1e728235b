using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.DeviceGateway;
using TransportGateway.Events;
using TransportGateway.Simulators;
using TransportGateway.Tests.Faces;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>An administrator reads what products sent and what they were answered, as far as it is theirs.</summary>
public abstract class ArchiveTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Archive = "/api/v2/archived-messages";
    private const string Refused = "/api/v2/refused-messages";

    private readonly StoppedClock _clock = new(TimeProvider.System.GetUtcNow());
    private TestGateway _gateway = null!;
    private HttpClient _http = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>(_clock);
        _http = await _gateway.RestClientAsync(null, Permission.ReadEvents, Permission.ReadTokenText);
    }

    public async Task DisposeAsync()
    {
        _http.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_registration_is_listed_without_its_token_and_shown_as_it_came_and_as_it_was_answered()
    {
        var token = await _gateway.CreateTokenAsync();
        var message = _gateway.Product(SeedProducts.Cucmpub).DraftRegistration(token).Seal();
        var answer = await _gateway.Client(DeviceTransport.CallHome).PostAsync(message);
        var instance = Assert.Single(await _gateway.InstancesAsync());

        var row = Assert.Single(await ListAsync());
        Assert.Equal(
            ("REGISTRATION", "call-home", "127.0.0.1", instance.Id, SeedProducts.Cucmpub.HostName, "OK"),
            (Text(row, "requestType"), Text(row, "transport"), Text(row, "source"), Text(row, "instanceId"), Text(row, "product"), Text(row, "status")));
        Assert.DoesNotContain(token, row.ToJsonString(), StringComparison.Ordinal);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.ArchivedMessageRead));

        var whole = await ShowAsync(Text(row, "id")!);
        Assert.Equal(message.Json, Text(whole, "request"));
        Assert.Equal(answer.ResponseText, Text(whole, "response"));
        Assert.Equal((string?)answer.Header["signing_cert_serial_number"], Text(whole, "signerSerial"));
        Assert.False(whole["requestMayBeCut"]!.GetValue<bool>());
        Assert.Contains(token, Text(whole, "request")!, StringComparison.Ordinal);
        var entry = Assert.Single(await _gateway.EventsAsync(EventKinds.ArchivedMessageRead));
        Assert.Equal(
            ("API client test", _gateway.Account.Id, _gateway.VirtualAccount.Id, instance.Id, $"The archived message {Text(row, "id")} of {instance.DisplayName} was read."),
            (entry.Actor, entry.AccountId, entry.VirtualAccountId, entry.InstanceId, entry.Message));
    }

    [Fact]
    public async Task Messages_of_one_instant_are_all_listed_page_by_page_and_of_one_product_with_its_registration()
    {
        var first = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var second = await _gateway.RegisteredAsync(SeedProducts.Pi37);
        for (var at = 0; at < 3; at++)
        {
            await _gateway.Client().PostAsync(first.DraftAuthorization().Seal());
        }

        _clock.Advance(TimeSpan.FromMinutes(1));
        await _gateway.Client().PostAsync(second.DraftAuthorization().Seal());

        var all = (await ListAsync()).Select(row => Text(row, "id")!).ToArray();
        Assert.Equal(6, all.Distinct().Count());
        Assert.StartsWith(second.State.ProductInstanceIdentifier!, all[0], StringComparison.Ordinal);
        Assert.Equal(all, await PagesAsync("?limit=1"));
        Assert.Equal(all, await PagesAsync("?limit=4"));
        var ofFirst = await ListAsync("?instance=" + first.State.ProductInstanceIdentifier);
        Assert.Equal(["AUTHORIZATION", "AUTHORIZATION", "AUTHORIZATION", "REGISTRATION"], ofFirst.Select(row => Text(row, "requestType")!).Order(StringComparer.Ordinal));
        Assert.All(ofFirst, row => Assert.Equal(first.State.ProductInstanceIdentifier, Text(row, "instanceId")));
        Assert.Equal(ofFirst.Select(row => Text(row, "id")!), await PagesAsync($"?limit=3&instance={first.State.ProductInstanceIdentifier}"));
        Assert.Empty(await ListAsync("?instance=nothing"));
    }

    [Fact]
    public async Task A_product_that_went_to_another_account_leaves_the_messages_of_the_time_before_behind()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var otherAccount = Assert.IsType<CreateLocalAccount.Outcome.Created>(
            await _gateway.Gateway.Services.GetRequiredService<CreateLocalAccount>().ExecuteAsync(_gateway.Administrator, "Other", CancellationToken.None)).Account;
        var there = (await _gateway.ReadAsync(session => new VirtualAccounts(session).ListAsync(otherAccount.Id, CancellationToken.None)))[0];
        var before = Text(Assert.Single(await ListAsync()), "id")!;
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync(virtualAccount: there), force: true));
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        using var here = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ReadEvents, Permission.ReadTokenText);
        Assert.Equal([before], (await ListAsync(client: here)).Select(row => Text(row, "id")));
        await ShowAsync(before, here);
        using var other = await _gateway.RestClientAsync(otherAccount.Id, Permission.ReadEvents, Permission.ReadTokenText);
        var after = (await ListAsync("?instance=" + product.State.ProductInstanceIdentifier, other)).Select(row => Text(row, "id")!).ToArray();
        Assert.Equal(["AUTHORIZATION", "REGISTRATION"], (await ListAsync(client: other)).Select(row => Text(row, "requestType")!).Order(StringComparer.Ordinal));
        Assert.DoesNotContain(before, after);
        await RefusedAsync(before, other, HttpStatusCode.NotFound, "no-such-message", "or this caller may not read it");
        await RefusedAsync(after[0], here, HttpStatusCode.NotFound, "no-such-message", "or this caller may not read it");
        Assert.Single(await _gateway.EventsAsync(EventKinds.ArchivedMessageRead));
    }

    [Fact]
    public async Task Who_may_see_one_local_virtual_account_sees_the_messages_of_its_products_alone()
    {
        var branch = Assert.IsType<CreateVirtualAccount.Outcome.Created>(
            await _gateway.Gateway.Services.GetRequiredService<CreateVirtualAccount>().ExecuteAsync(
                new CreateVirtualAccount.Request(_gateway.Administrator, _gateway.Account, "Branch", ""), CancellationToken.None)).VirtualAccount;
        await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var product = _gateway.Product(SeedProducts.Pi37);
        Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(await _gateway.CreateTokenAsync(virtualAccount: branch)));

        var person = new Caller("ann", [new Grant(_gateway.Account.Id, branch.Id, new HashSet<Permission> { Permission.ReadEvents, Permission.ReadTokenText })]);
        var archive = _gateway.Gateway.Services.GetRequiredService<ReadArchive>();
        var seen = Assert.Single(await archive.ListAsync(person, null, null, 10, CancellationToken.None));
        Assert.Equal(product.State.ProductInstanceIdentifier, seen.Message.InstanceId);
        Assert.NotNull(await archive.ReadOneAsync(person, seen.Message.Id, CancellationToken.None));
        var hidden = (await ListAsync()).Select(row => Text(row, "id")!).Single(id => id != seen.Message.Id);
        Assert.Null(await archive.ReadOneAsync(person, hidden, CancellationToken.None));
    }

    [Fact]
    public async Task Messages_of_strangers_are_for_those_of_the_whole_gateway()
    {
        var bytes = new byte[] { (byte)'{', 0xFF, (byte)'}' };
        await _gateway.Client().PostAsync(bytes, "application/json");
        await _gateway.Client().PostAsync(_gateway.Product(SeedProducts.Cucmpub).DraftRegistration("nonsense").Seal());

        var row = Assert.Single(await ListAsync(list: Refused));
        Assert.Equal("The message is not valid UTF-8.", Text(row, "reason"));
        Assert.All(new[] { "requestType", "instanceId", "product", "status" }, member => Assert.Null(row[member]));
        var whole = await ShowAsync(Text(row, "id")!);
        Assert.Equal((null, Convert.ToBase64String(bytes), null), (Text(whole, "request"), Text(whole, "requestBytes"), Text(whole, "response")));
        Assert.Equal($"The archived message {Text(row, "id")} from 127.0.0.1 was read.", Assert.Single(await _gateway.EventsAsync(EventKinds.ArchivedMessageRead)).Message);

        // Of a refused registration only what it was answered is kept, sealed: the answer quotes the token.
        var registration = Assert.Single(await ListAsync());
        Assert.Equal(("REGISTRATION", "FAILED", null), (Text(registration, "requestType"), Text(registration, "status"), Text(registration, "instanceId")));
        var answered = await ShowAsync(Text(registration, "id")!);
        Assert.Equal("", Text(answered, "request"));
        Assert.Contains("The token 'nonsense' is not valid.", JsonNode.Parse(Text(answered, "response")!)!["message"]!.ToString(), StringComparison.Ordinal);

        using var part = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ReadEvents, Permission.ReadTokenText);
        Assert.Empty(await ListAsync(client: part));
        using var refused = await part.GetAsync(Refused);
        await ProblemTests.IsProblemAsync(refused, 403, "whole-gateway", "a client of one account");
        foreach (var id in new[] { Text(row, "id")!, Text(registration, "id")! })
        {
            await RefusedAsync(id, part, HttpStatusCode.NotFound, "no-such-message", "or this caller may not read it");
        }
    }

    [Fact]
    public async Task The_refusal_of_a_product_that_proved_itself_is_shown_with_what_it_sent()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var message = product.DraftAuthorization().Sealed(draft => draft.RequestTypeName = "NONSENSE");
        var answer = await _gateway.Client().PostAsync(message);

        var row = Assert.Single(await ListAsync(), row => Text(row, "status") == "FAILED");
        Assert.Equal(("NONSENSE", product.State.ProductInstanceIdentifier), (Text(row, "requestType"), Text(row, "instanceId")));
        var whole = await ShowAsync(Text(row, "id")!);
        Assert.Equal((message.Json, answer.ResponseText), (Text(whole, "request"), Text(whole, "response")));
    }

    [Fact]
    public async Task A_message_that_was_too_long_to_be_kept_whole_is_said_to_be_its_beginning()
    {
        await _gateway.Client().PostAsync(Encoding.ASCII.GetBytes(new string('x', RefusalJournal.MostBytesKept + 1)), "application/json");

        var whole = await ShowAsync(Text(Assert.Single(await ListAsync(list: Refused)), "id")!);

        Assert.Equal((RefusalJournal.MostBytesKept, true), (Text(whole, "request")!.Length, whole["requestMayBeCut"]!.GetValue<bool>()));
    }

    [Fact]
    public async Task Who_may_not_read_the_texts_of_tokens_lists_messages_and_reads_none()
    {
        await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        using var client = await _gateway.RestClientAsync(null, Permission.ReadEvents);
        var id = Text(Assert.Single(await ListAsync(client: client)), "id")!;

        await RefusedAsync(id, client, HttpStatusCode.Forbidden, "permission-needed", "lacks the permission ReadTokenText");

        Assert.Empty(await _gateway.EventsAsync(EventKinds.ArchivedMessageRead));
    }

    [Theory]
    [InlineData("?limit=many", "limit-invalid", "limit is not a whole number")]
    [InlineData("?cursor=nothing", "cursor-unknown", "Begin again without one")]
    public async Task A_list_that_cannot_be_is_refused_with_what_would_be_right(string query, string problem, string sentence)
    {
        foreach (var list in new[] { Archive, Refused })
        {
            using var answer = await _http.GetAsync(list + query);
            await ProblemTests.IsProblemAsync(answer, 400, problem, sentence);
        }
    }

    [Fact]
    public async Task Refused_messages_of_one_instant_are_listed_page_by_page()
    {
        for (var at = 0; at < 4; at++)
        {
            await _gateway.Client().PostAsync([(byte)at], "application/json");
        }

        var all = (await ListAsync(list: Refused)).Select(row => Text(row, "id")!).ToArray();
        Assert.Equal(4, all.Distinct().Count());
        Assert.Equal(all, await PagesAsync("?limit=3", Refused));
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("a.b")]
    [InlineData("a.b.c")]
    [InlineData("x.")]
    public async Task A_message_that_is_not_there_is_not_found(string id) => await RefusedAsync(id, _http, HttpStatusCode.NotFound, "no-such-message", "'tgctl archive list' shows");

    private async Task<IReadOnlyList<JsonNode>> ListAsync(string query = "", HttpClient? client = null, string list = Archive) =>
        [.. (await (client ?? _http).GetFromJsonAsync<JsonArray>(list + query))!.Select(row => row!)];

    private async Task<JsonNode> ShowAsync(string id, HttpClient? client = null) => (await (client ?? _http).GetFromJsonAsync<JsonNode>($"{Archive}/{id}"))!;

    private async Task<IReadOnlyList<string>> PagesAsync(string query, string list = Archive)
    {
        var ids = new List<string>();
        for (var next = list + query; next is not null;)
        {
            using var answer = await _http.GetAsync(next);
            ids.AddRange((await answer.Content.ReadFromJsonAsync<JsonArray>())!.Select(row => Text(row!, "id")!));
            next = answer.Headers.TryGetValues("Link", out var links) ? links.Single().Split('<', '>')[1] : null;
        }

        return ids;
    }

    private static async Task RefusedAsync(string id, HttpClient client, HttpStatusCode status, string problem, string sentence)
    {
        using var answer = await client.GetAsync($"{Archive}/{id}");
        await ProblemTests.IsProblemAsync(answer, (int)status, problem, sentence);
    }

    private static string? Text(JsonNode row, string member) => row[member]?.ToString();
}

public sealed class ArchiveOnSqlite : ArchiveTests<SqliteEngine>;

public sealed class ArchiveOnPostgreSql : ArchiveTests<PostgreSqlEngine>;
