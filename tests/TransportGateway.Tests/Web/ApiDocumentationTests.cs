using TransportGateway.Access;
using TransportGateway.Tests.Architecture;
using TransportGateway.Tests.Contract;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>The gateway serves the documentation of its own API.</summary>
public sealed class ApiDocumentationTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Every_operation_of_the_contract_is_on_the_page_with_its_shapes()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        using var browser = await Browser.SignInAsync(_gateway, user.Name);
        var page = System.Net.WebUtility.HtmlDecode(await browser.PageAsync("/api-documentation"));
        Assert.All(OpenApi.Operations.Keys, operation => Assert.Contains($"<code>{operation}</code>", page, StringComparison.Ordinal));
        Assert.Contains("  lockAfterFailures: integer, default 5 · 0 never locks", page, StringComparison.Ordinal);
        Assert.Contains("  name*: string", page, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_contract_itself_is_served_to_programs()
    {
        using var http = _gateway.HttpClient();
        Assert.Equal(await File.ReadAllTextAsync(Path.Combine(Repository.Root, "openapi.yaml")), await http.GetStringAsync("/openapi.yaml"));
    }
}
