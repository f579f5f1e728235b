using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Faces;

/// <summary>The REST API is switched off and on; who is at the machine, or at a page, goes on in either case.</summary>
public sealed class RestApiSwitchTests : IAsyncLifetime
{
    private const string Page = "/administration/api-toolkit";

    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Off_it_refuses_sign_in_and_tokens_with_a_reason_and_on_again_it_serves_the_same_token()
    {
        using var rest = await _gateway.RestClientAsync(null, Permission.ReadInventory, Permission.ManageAccess);
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        Assert.Equal("", await RefusalAsync(await rest.GetAsync("/api/v2/accounts")));
        using (var off = await browser.PostAsync(Page + "?handler=Switch", ("on", "false")))
        {
            Assert.Equal(HttpStatusCode.Redirect, off.StatusCode);
        }

        Assert.Equal("rest-api-off", await RefusalAsync(await rest.GetAsync("/api/v2/accounts")));
        Assert.Equal("rest-api-off", await RefusalAsync(await rest.PostAsync("/api/v1/upstream_satellites/accounts", null)));
        Assert.Equal("rest-api-off", await RefusalAsync(await rest.PutAsJsonAsync("/api/v2/api-toolkit", new { enabled = true })));
        var client = Assert.IsType<CreateApiClient.Outcome.Created>(await _gateway.Gateway.Services.GetRequiredService<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "late", null, [Permission.ReadInventory]), CancellationToken.None));
        foreach (var path in new[] { "/oauth/token", "/backend/oauth/token" })
        {
            Assert.Equal("rest-api-off", await RefusalAsync(await rest.PostAsJsonAsync(
                path, new { grant_type = "client_credentials", client_id = client.ClientId, client_secret = client.ClientSecret.Value })));
            Assert.Equal("rest-api-off", await RefusalAsync(await rest.PostAsJsonAsync(
                path, new { grant_type = "password", client_id = client.ClientId, client_secret = client.ClientSecret.Value, username = "boss", password = People.Password.Value })));
        }

        Assert.Contains("The REST API is off", await browser.PageAsync(Page), StringComparison.Ordinal);
        Assert.Contains("\"productInstances\"", await browser.PageAsync("/api/v2/status"), StringComparison.Ordinal);
        Assert.Contains("Example Account", await _gateway.TgctlDoneAsync("account", "list"), StringComparison.Ordinal);
        Assert.Contains("The REST API is on.", await _gateway.TgctlDoneAsync("api-toolkit", "on"), StringComparison.Ordinal);
        Assert.Equal("", await RefusalAsync(await rest.GetAsync("/api/v2/accounts")));
        Assert.Equal(["root", "boss"], (await _gateway.EventsAsync(EventKinds.RestApiSwitched)).Select(entry => entry.Actor));
    }

    [Fact]
    public async Task What_was_typed_for_a_client_is_kept_when_no_permission_was_ticked()
    {
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        using var refused = await browser.PostAsync(Page + "?handler=Create", ("name", "half-typed"), ("accountId", _gateway.Account.Id));
        Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        Assert.Contains("value=\"half-typed\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    /// <summary>Empty for an answer that is no refusal.</summary>
    private static async Task<string> RefusalAsync(HttpResponseMessage answer)
    {
        using (answer)
        {
            if (answer.IsSuccessStatusCode)
            {
                return "";
            }

            Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
            return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["type"]!.ToString().Split(':')[^1];
        }
    }
}
