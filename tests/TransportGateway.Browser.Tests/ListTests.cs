using System.Web;
using Microsoft.Playwright;
using TransportGateway.Access;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>What lists do while somebody types, ticks and walks through them with the keyboard.</summary>
[Collection(BrowserTests.Name)]
public sealed class ListTests(Chromium chromium) : IAsyncLifetime
{
    private const string Instances = "/licensing/Example%20Account/Default/product-instances";

    private TestGateway _gateway = null!;
    private string _token = "";

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        _token = await _gateway.CreateTokenAsync();
        await RegisterAsync(SeedProducts.Cucmpub);
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Typing_on_replaces_the_search_and_leaves_one_of_each_parameter_in_the_address()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/administration/users?page=2&sort=-name");
        var search = tab.Page.GetByRole(AriaRole.Searchbox);
        foreach (var letter in new[] { "a", "d" })
        {
            await search.PressSequentiallyAsync(letter);
            var typed = await search.InputValueAsync();
            await tab.Page.WaitForFunctionAsync("typed => new URL(location.href).searchParams.getAll('search').includes(typed)", typed);
        }

        await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "admin" }).Last.WaitForAsync();
        var query = HttpUtility.ParseQueryString(new Uri(tab.Page.Url).Query);
        Assert.Equal(["search=ad", "sort=-name"], query.AllKeys.Order(StringComparer.Ordinal).Select(name => $"{name}={query[name]}"));
        await search.FillAsync("");
        await tab.Page.WaitForURLAsync(url => !url.Contains("search", StringComparison.Ordinal));
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_list_with_ticks_refreshes_itself_until_something_is_ticked_and_keeps_the_ticks_then()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", Instances);
        Assert.Contains("Refreshed", await tab.Page.Locator("#refreshed").TextContentAsync(), StringComparison.Ordinal);
        await RegisterAsync(SeedProducts.CucmPub30);
        var arrived = tab.Page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = "cucm-pub-30" });
        await arrived.WaitForAsync();

        var ticked = tab.Page.GetByRole(AriaRole.Checkbox, new PageGetByRoleOptions { Name = "cucmpub" });
        await ticked.CheckAsync();
        await RegisterAsync(SeedProducts.Pi37);
        await tab.Page.GetByText("Not refreshed while you type, tick or open something here.").WaitForAsync();
        Assert.True(await ticked.IsCheckedAsync());
        Assert.Equal(2, await tab.Page.Locator("#instances tbody tr").CountAsync());

        await ticked.UncheckAsync();
        await tab.Page.Locator("h1").ClickAsync();
        await tab.Page.GetByText("pi37").First.WaitForAsync();
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_link_that_has_the_focus_keeps_it_when_the_list_refreshes_itself()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", Instances);
        await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "cucmpub" }).FocusAsync();
        await RegisterAsync(SeedProducts.CucmPub30);
        await tab.Page.GetByText("cucm-pub-30").First.WaitForAsync();
        Assert.Equal("cucmpub", await tab.Page.EvaluateAsync<string>("() => document.activeElement.textContent"));
    }

    [Fact]
    public async Task What_is_typed_into_a_row_stays_and_the_list_refreshes_itself_once_it_is_taken_back()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/licensing/Example%20Account/Default/licenses/tags");
        await tab.Page.GetByLabel("Name", new PageGetByLabelOptions { Exact = true }).FillAsync("Voice");
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Create" }).ClickAsync();
        var name = tab.Page.GetByLabel("New name of Voice");
        await name.FillAsync("Voice and vid");
        await _gateway.TgctlDoneAsync("license", "tag", "create", "Data");
        await tab.Page.GetByText("Not refreshed while you type, tick or open something here.").WaitForAsync();
        Assert.Equal("Voice and vid", await name.InputValueAsync());
        Assert.Equal(0, await tab.Page.GetByLabel("New name of Data").CountAsync());

        await name.FillAsync("Voice");
        await tab.Page.Locator("h1").ClickAsync();
        await tab.Page.GetByLabel("New name of Data").WaitForAsync();
        await tab.PictureAsync("license-tags");
        Assert.Empty(await tab.BarriersAsync());
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Filters_of_an_event_log_follow_what_is_chosen_and_the_file_follows_them()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/licensing/Example%20Account/Default/events");
        await tab.Page.GetByLabel("Event", new PageGetByLabelOptions { Exact = true }).SelectOptionAsync("instance-registered");
        await tab.Page.GetByText("Showing All 1 Records").WaitForAsync();
        await tab.Page.GetByLabel("User", new PageGetByLabelOptions { Exact = true }).FillAsync("cucm");
        await tab.Page.WaitForURLAsync(url => url.EndsWith("/events?kind=instance-registered&user=cucm", StringComparison.Ordinal));
        Assert.EndsWith("?kind=instance-registered&user=cucm&handler=File", await tab.Page.Locator("#events-file").GetAttributeAsync("href"), StringComparison.Ordinal);
        await tab.PictureAsync("event-log-filtered");
        var file = await tab.Page.RunAndWaitForDownloadAsync(() => tab.Page.Locator("#events-file").ClickAsync());
        Assert.Equal("events.csv", file.SuggestedFilename);
        Assert.Equal(2, (await File.ReadAllLinesAsync(await file.PathAsync())).Length);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Licences_are_ticked_tagged_and_shown_by_tag()
    {
        await _gateway.TgctlDoneAsync("license", "tag", "create", "Voice");
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        await tab.SignInAsync("admin", "/licensing/Example%20Account/Default/licenses");
        await tab.Page.GetByLabel("Tick all").CheckAsync();
        await tab.Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Assign tag" }).ClickAsync();
        await tab.Page.GetByText("Licences that have the tag Voice now: 3.").WaitForAsync();
        await tab.PictureAsync("licenses-by-name-with-tags");
        await tab.Page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "By Tag" }).ClickAsync();
        await tab.Page.GetByText("Voice (3)").WaitForAsync();
        await tab.PictureAsync("licenses-by-tag");
        Assert.Empty(await tab.BarriersAsync());
        Assert.Empty(tab.Complaints);
    }

    private async Task RegisterAsync(ProductDefinition definition)
    {
        var product = _gateway.Product(definition);
        await product.RegisterAsync(_token);
        await product.AuthorizeAsync();
    }
}
