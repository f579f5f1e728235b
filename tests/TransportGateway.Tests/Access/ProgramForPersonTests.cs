using System.Net;
using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Access;

/// <summary>What a person may do through a program, by the password grant.</summary>
public sealed class ProgramForPersonTests
{
    private static readonly HashSet<Permission> Everything = [.. Enum.GetValues<Permission>()];

    [Fact]
    public void It_is_what_both_may_do_where_both_may_do_it()
    {
        var limited = Person(new Grant(null, null, Everything)).Limit(Program("a", Permission.ReadInventory, Permission.ManageTokens));
        Assert.True(limited.May(Permission.ManageTokens, "a", "v"));
        Assert.False(limited.May(Permission.ManageTokens, "b", "v"));
        Assert.False(limited.May(Permission.ManageInstances));
        Assert.False(limited.For(Permission.ManageTokens).IsForAllAccounts);
    }

    [Fact]
    public void Reading_the_inventory_alone_reaches_as_far_as_the_person_may_see()
    {
        var everybody = Person(new Grant(null, null, Everything));
        Assert.True(everybody.Limit(Program("a", Permission.ReadInventory)).For(Permission.ReadInventory).IsForAllAccounts);
        Assert.False(everybody.Limit(Program("a", Permission.ManageTokens)).May(Permission.ReadInventory));

        var ofB = Person(new Grant("b", "v", Everything));
        var limited = ofB.Limit(Program("a", Permission.ReadInventory, Permission.ReadTokenText));
        Assert.True(limited.May(Permission.ReadInventory, "b", "v"));
        Assert.False(limited.May(Permission.ReadInventory, "b", "other"));
        Assert.False(limited.May(Permission.ReadInventory, "a"));
        Assert.False(limited.May(Permission.ReadTokenText));
    }

    [Fact]
    public void A_role_in_one_virtual_account_stays_in_it()
    {
        var limited = Person(new Grant("a", "v", Everything)).Limit(Program(null, Permission.ManageTokens));
        Assert.True(limited.May(Permission.ManageTokens, "a", "v"));
        Assert.False(limited.May(Permission.ManageTokens, "a", "other"));
    }

    [Fact]
    public async Task A_client_of_one_account_lists_all_that_the_person_may_see_and_changes_its_own_account_alone()
    {
        await using var gateway = await TestGateway.StartAsync<SqliteEngine>();
        using (var administrator = await gateway.RestClientAsync(null, Enum.GetValues<Permission>()))
        using (await administrator.PostAsJsonAsync("/api/v2/accounts", new { name = "Other" }))
        {
        }

        await gateway.UserAsync("boss", Roles.SystemAdministrator);
        var program = Assert.IsType<CreateApiClient.Outcome.Created>(await gateway.Gateway.Services.GetRequiredService<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(gateway.Administrator, "of one account", gateway.Account.Id, Enum.GetValues<Permission>()), CancellationToken.None));
        using var http = gateway.HttpClient();
        using (var signedIn = await http.PostAsJsonAsync(
            "/oauth/token", new { grant_type = "password", client_id = program.ClientId, client_secret = program.ClientSecret.Value, username = "boss", password = People.Password.Value }))
        {
            http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", JsonNode.Parse(await signedIn.Content.ReadAsStringAsync())!["access_token"]!.ToString());
        }

        using var listed = await http.PostAsync("/api/v1/upstream_satellites/accounts", null);
        Assert.Equal(["Example Account", "Other"], JsonNode.Parse(await listed.Content.ReadAsStringAsync())!["accounts"]!.AsArray().Select(account => account!["name"]!.ToString()));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http.GetAsync("/api/v1/accounts/Other/virtual-accounts")));

        foreach (var (account, expected) in new[] { ("Example Account", HttpStatusCode.OK), ("Other", HttpStatusCode.NotFound) })
        {
            var tokens = $"/api/v1/accounts/{account}/virtual-accounts/Default/tokens";
            Assert.Equal(expected, await StatusAsync(http.PostAsJsonAsync(tokens, new { description = "x" })));
            Assert.Equal(expected, await StatusAsync(http.GetAsync(tokens)));
            Assert.Equal(expected, await StatusAsync(http.PostAsJsonAsync($"/api/v2/accounts/{account}/virtual-accounts", new { name = "Branch" })));
        }

        foreach (var path in new[] { "/api/v2/users", "/api/v2/access-rules", "/api/v2/relay" })
        {
            Assert.Equal(HttpStatusCode.Forbidden, await StatusAsync(http.GetAsync(path)));
        }
    }

    private static Caller Person(params Grant[] grants) => new("anna", grants);

    private static Caller Program(string? accountId, params Permission[] permissions) => new("a program", accountId, permissions.ToHashSet());

    private static async Task<HttpStatusCode> StatusAsync(Task<HttpResponseMessage> request)
    {
        using var answer = await request;
        return answer.StatusCode;
    }
}
