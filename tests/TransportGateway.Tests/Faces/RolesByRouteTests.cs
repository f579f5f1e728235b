using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Tests.Architecture;
using TransportGateway.Tests.Harness;
using TransportGateway.Web;

namespace TransportGateway.Tests.Faces;

/// <summary>Every route and every page with every role, against the table of the operator's guide.</summary>
public sealed partial class RolesByRouteTests : IAsyncLifetime
{
    /// <summary>Would end what the test needs.</summary>
    private static readonly string[] LeftOut = ["/api/v2/cluster/drain"];

    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public void The_table_in_the_operators_guide_is_what_the_roles_may_do()
    {
        var table = Table();
        Assert.Equal(Enum.GetNames<Permission>().Order(), table.Keys.Order());
        Assert.All(AllRoles, role => Assert.Equal(
            Roles.PermissionsOf(role).Select(permission => permission.ToString()).Order(), table.Where(row => row.Value.Contains(role)).Select(row => row.Key).Order()));
    }

    [Fact]
    public async Task Every_route_lets_in_the_roles_of_the_table_and_no_other()
    {
        var table = Table();
        var wrong = new List<string>();
        foreach (var role in AllRoles)
        {
            using var client = await _gateway.RestClientOfAsync(await UserAsync(role));
            foreach (var route in Routes<RoutePermissions.Needed>().Where(route => !LeftOut.Contains(route.RoutePattern.RawText)))
            {
                using var answer = await SendAsync(client, route);
                var refused = answer.StatusCode == HttpStatusCode.Forbidden && (await answer.Content.ReadAsStringAsync()).Contains("permission-needed", StringComparison.Ordinal);
                var permission = route.Metadata.GetMetadata<RoutePermissions.Needed>()!.Permission.ToString();
                if (refused == Allows(table, permission, role))
                {
                    wrong.Add($"{role}: {route} ({permission}) answered {(int)answer.StatusCode}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task Every_page_and_every_form_lets_in_the_roles_of_the_table_and_no_other()
    {
        var table = Table();
        var handlers = WebFeature.Handlers().Where(entry => entry.Access is NeedsAttribute).ToArray();
        Assert.Contains(handlers, entry => entry.Handler.Name == "OnPostRulesAsync");
        var wrong = new List<string>();
        foreach (var role in AllRoles)
        {
            using var browser = await Browser.SignInAsync(_gateway, (await UserAsync(role)).Name);
            var formToken = await browser.FormTokenAsync();
            foreach (var (page, handler, access) in handlers)
            {
                var (isForm, path) = PathOf(page, handler.Name);
                using var answer = isForm ? await browser.PostAsAsync(path, formToken, "same-origin") : await browser.GetAsync(path);
                var permission = ((NeedsAttribute)access!).Permission.ToString();
                var refused = answer.StatusCode == HttpStatusCode.Forbidden && (await answer.Content.ReadAsStringAsync()).Contains("Your roles do not allow this.", StringComparison.Ordinal);
                if (refused == Allows(table, permission, role))
                {
                    wrong.Add($"{role}: {page.Name}.{handler.Name} ({permission}) answered {(int)answer.StatusCode}");
                }
            }
        }

        Assert.Empty(wrong);
    }

    [Fact]
    public async Task What_is_the_whole_gateways_is_refused_to_a_client_of_one_account()
    {
        string[] known =
        [
            "access-rules", "api-toolkit", "backup-recovery-key", "backup-settings", "backups", "central", "certificates", "cluster", "directory", "health-checks", "identity-provider", "language",
            "machine", "message-of-the-day", "metrics", "network", "refused-messages", "relay", "restore", "sessions", "settings", "support-bundle", "time", "users", "webhooks",
        ];
        using var client = await _gateway.RestClientAsync(_gateway.Account.Id, Enum.GetValues<Permission>());
        var routes = Routes<RoutePermissions.Needed>().Where(route => route.Metadata.GetMetadata<RoutePermissions.Needed>()!.WholeGateway).ToArray();
        foreach (var route in routes)
        {
            using var answer = await SendAsync(client, route);
            await ProblemTests.IsProblemAsync(answer, 403, "whole-gateway", "a client of one account cannot manage it");
        }

        Assert.Equal(known, routes.Select(route => route.RoutePattern.RawText!.Replace("/api/v2", "", StringComparison.Ordinal).Split('/')[1]).Distinct().Order());
    }

    [Fact]
    public async Task What_is_the_whole_gateways_is_nowhere_for_a_role_in_one_account()
    {
        using var browser = await Browser.SignInAsync(_gateway, (await UserAsync(Roles.AccountAdministrator)).Name);
        var formToken = await browser.FormTokenAsync();
        var answers = new List<HttpStatusCode>();
        foreach (var (page, handler, _) in WebFeature.Handlers().Where(entry => entry.Access is NeedsAttribute { WholeGateway: true }))
        {
            var (isForm, path) = PathOf(page, handler.Name);
            using var answer = isForm ? await browser.PostAsAsync(path, formToken, "same-origin") : await browser.GetAsync(path);
            Assert.True(answer.StatusCode is HttpStatusCode.NotFound or HttpStatusCode.Forbidden, $"{page.Name}.{handler.Name}: {answer.StatusCode}");
            answers.Add(answer.StatusCode);
        }

        Assert.Contains(HttpStatusCode.NotFound, answers);
    }

    [Fact]
    public async Task Before_the_first_run_nothing_is_open_but_the_way_to_it()
    {
        using var client = _gateway.HttpClient();
        foreach (var route in Routes<RoutePermissions.Needed>().Concat(Routes<RoutePermissions.OwnAffair>()))
        {
            using var answer = await SendAsync(client, route);
            Assert.True(answer.StatusCode == HttpStatusCode.Forbidden, $"{route}: {answer.StatusCode}");
        }

        using var stranger = new Browser(_gateway);
        foreach (var (page, handler, access) in WebFeature.Handlers().Where(entry => entry.Access is NeedsAttribute or OwnAffairsAttribute))
        {
            var (isForm, path) = PathOf(page, handler.Name);
            using var answer = isForm ? await stranger.PostAsAsync(path, "", "same-origin") : await stranger.GetAsync(path);
            Assert.True(
                answer.Headers.Location?.ToString().StartsWith("/sign-in", StringComparison.Ordinal) == true,
                $"{page.Name}.{handler.Name}: {answer.StatusCode}");
        }

        using var signedIn = await stranger.PostAsync("/sign-in", ("name", "admin"), ("password", "admin"));
        Assert.NotEqual(HttpStatusCode.Redirect, signedIn.StatusCode);
        Assert.Contains("/set-up", await stranger.PageAsync("/"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_role_in_one_local_virtual_account_shows_nothing_of_the_others()
    {
        using var administrator = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using (await administrator.PostAsJsonAsync("/api/v2/accounts/Example Account/virtual-accounts", new { name = "Other" }))
        using (await administrator.PostAsJsonAsync("/api/v2/accounts", new { name = "Foreign" }))
        {
        }

        using var client = await _gateway.RestClientOfAsync(await UserAsync(Roles.VirtualAccountUser));
        Assert.Equal(["Example Account"], await NamesAsync(client, "/api/v2/accounts"));
        Assert.Equal(["Default"], await NamesAsync(client, "/api/v2/accounts/Example Account/virtual-accounts"));
        foreach (var path in new[] { "/virtual-accounts/Other/tokens", "/virtual-accounts/Other/licenses", "/virtual-accounts/Other/instances", "/entitlements", "/synchronizations" })
        {
            using var answer = await client.GetAsync("/api/v2/accounts/Example Account" + path);
            Assert.Equal(HttpStatusCode.NotFound, answer.StatusCode);
        }

        using var listed = await client.PostAsync("/api/v1/upstream_satellites/accounts", null);
        var text = await listed.Content.ReadAsStringAsync();
        Assert.DoesNotContain("Other", text, StringComparison.Ordinal);
        Assert.DoesNotContain("Foreign", text, StringComparison.Ordinal);

        using var browser = await Browser.SignInAsync(_gateway, Roles.VirtualAccountUser);
        Assert.DoesNotContain("Other", await browser.PageAsync("/licensing"), StringComparison.Ordinal);
        foreach (var path in new[] { "/licensing/Example%20Account/Other/general", "/licensing/Example%20Account/Other/licenses", "/licensing/Foreign/Default/general", "/licensing/Foreign/alerts" })
        {
            using var page = await browser.GetAsync(path);
            Assert.Equal(HttpStatusCode.NotFound, page.StatusCode);
        }
    }

    private RouteEndpoint[] Routes<TAccess>()
        where TAccess : class
    {
        var routes = _gateway.Gateway.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>().Where(endpoint => endpoint.Metadata.GetMetadata<TAccess>() is not null).ToArray();
        Assert.NotEmpty(routes);
        return routes;
    }

    private static async Task<HttpResponseMessage> SendAsync(HttpClient client, RouteEndpoint route)
    {
        var method = route.Metadata.GetMetadata<Microsoft.AspNetCore.Routing.HttpMethodMetadata>()!.HttpMethods[0];
        using var request = new HttpRequestMessage(new HttpMethod(method), Parameter().Replace(route.RoutePattern.RawText!, "nothing"));
        if (method is "POST" or "PUT" or "PATCH")
        {
            request.Content = new StringContent("[]", Encoding.UTF8, "application/json");
        }

        return await client.SendAsync(request);
    }

    private static IEnumerable<string> AllRoles => Roles.OfSystem.Concat(Roles.OfAccounts);

    /// <summary>A user with that role; for a role of an account a system user who has it in the gateway's first one.</summary>
    private async Task<UserRow> UserAsync(string role)
    {
        var user = await _gateway.UserAsync(role, Roles.OfSystem.Contains(role) ? role : Roles.SystemUser);
        if (Roles.OfAccounts.Contains(role))
        {
            Assert.IsType<ChangeUser.Outcome.Done>(await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(
                _gateway.Administrator, user, _gateway.Account.Id, Roles.IsOfVirtualAccount(role) ? _gateway.VirtualAccount.Id : null, role, CancellationToken.None));
        }

        return user;
    }

    private static async Task<IEnumerable<string>> NamesAsync(HttpClient client, string path) =>
        JsonNode.Parse(await client.GetStringAsync(path))!.AsArray().Select(entry => entry!["name"]!.ToString());

    /// <summary>Who has a role in an account is a system user besides.</summary>
    private static bool Allows(Dictionary<string, string[]> table, string permission, string role) =>
        table[permission].Contains(role) || (Roles.OfAccounts.Contains(role) && table[permission].Contains(Roles.SystemUser));

    /// <summary>Permission to the roles that have it.</summary>
    private static Dictionary<string, string[]> Table()
    {
        var lines = File.ReadLines(Path.Combine(Repository.Root, "deploy", "README.md")).SkipWhile(line => !line.StartsWith("| permission |", StringComparison.Ordinal))
            .TakeWhile(line => line.StartsWith('|')).Select(line => line.Trim('|').Split('|', StringSplitOptions.TrimEntries)).ToArray();
        var roles = lines[0].Skip(1).Select(role => role.Trim('`')).ToArray();
        return lines.Skip(2).ToDictionary(line => line[0], line => roles.Where((_, at) => line[at + 1] == "yes").ToArray(), StringComparer.Ordinal);
    }

    private static (bool IsForm, string Path) PathOf(Type page, string handler)
    {
        var file = Directory.GetFiles(Path.Combine(Repository.Root, "src", "TransportGateway", "Web"), page.Name + ".cshtml", SearchOption.AllDirectories).Single();
        var template = PagePath().Match(File.ReadLines(file).First()).Groups["path"].Value;
        var path = Parameter().Replace(template.Replace("{tab?}", "", StringComparison.Ordinal).Replace("{account}", "Example Account", StringComparison.Ordinal).Replace("{virtualAccount}", "Default", StringComparison.Ordinal), "nothing");
        var named = HandlerName().Match(handler);
        return (named.Groups["method"].Value == "Post", named.Groups["name"].Value is { Length: > 0 } name ? $"{path}?handler={name}" : path);
    }

    [GeneratedRegex("^On(?<method>Get|Post)(?<name>.*?)(Async)?$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex HandlerName();

    [GeneratedRegex(@"\{[^}]+\}", RegexOptions.None, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex Parameter();

    [GeneratedRegex("@page \"(?<path>[^\"]+)\"", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 30_000)]
    private static partial Regex PagePath();
}
