using Microsoft.Playwright;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>The seed note's products and licences, set up and looked at by a person in a browser, from the first run on.</summary>
[Collection(BrowserTests.Name)]
public sealed class SeedStoryTests(Chromium chromium) : IAsyncLifetime
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<SqliteEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_person_takes_the_gateway_into_use_and_sees_the_four_products_with_the_eight_licences_of_the_note()
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address);
        var page = tab.Page;
        await page.GotoAsync("/");
        await page.GetByLabel("Set-up code").FillAsync(_gateway.Gateway.SetupCode!.Value);
        await page.GetByLabel("Password", new PageGetByLabelOptions { Exact = true }).FillAsync(People.Password.Value);
        await page.GetByLabel("Password again").FillAsync(People.Password.Value);
        await tab.PictureAsync("story-1-first-run");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Take this gateway into use" }).ClickAsync();
        await page.GetByText("The gateway is in use.").WaitForAsync();

        await page.GetByText("New Account").ClickAsync();
        await page.GetByLabel("Local Account Name").FillAsync("TEST");
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Create without a Smart Account" }).ClickAsync();
        await page.GetByText("TEST was created.").WaitForAsync();
        await tab.PictureAsync("story-2-accounts");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "TEST", Exact = true }).ClickAsync();

        await page.GetByText("New Token").ClickAsync();
        await page.GetByLabel("Description", new PageGetByLabelOptions { Exact = true }).First.FillAsync("for the four products");
        await page.GetByLabel("Allow export-controlled").CheckAsync();
        await page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Create Token" }).ClickAsync();
        var token = await page.Locator("#token-text").TextContentAsync();
        foreach (var definition in SeedProducts.All)
        {
            var product = _gateway.Product(definition);
            Assert.Equal("Registration completed successfully", (await product.RegisterAsync(token!)).Display);
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
            Assert.Equal("TEST", product.State.SmartAccount);
        }

        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Product Instances" }).ClickAsync();
        Assert.Equal(
            ["cucm-pub-30|UCL", "cucmpub|UCL", "UDI_PID:PI-SOFTWARE;UDI_SN:annanr-39;|SDNMGMT", "UDI_PID:PI-SOFTWARE;UDI_SN:pi37;|SDNMGMT"],
            (await RowsAsync(page, 1, 2)).Order(StringComparer.OrdinalIgnoreCase));
        await tab.PictureAsync("story-3-product-instances");
        await page.GetByRole(AriaRole.Link, new PageGetByRoleOptions { Name = "Licenses", Exact = true }).ClickAsync();
        await page.GetByRole(AriaRole.Heading, new PageGetByRoleOptions { Name = "Licenses" }).WaitForAsync();
        Assert.Equal(
            [
                "Prime Infrastructure 3.x, Assurance Lic.|Prepaid|0|2|0|-2|Insufficient Licenses",
                "Prime Infrastructure 3.x, BASE Lic.|Prepaid|0|2|0|-2|Insufficient Licenses",
                "Prime Infrastructure 3.x, Lifecycle Lic.|Prepaid|0|48|0|-48|Insufficient Licenses",
                "UC Manager Basic License (12.x)|Prepaid|0|2|0|-2|Insufficient Licenses",
                "UC Manager Enhanced License (12.x)|Prepaid|0|47|0|-47|Insufficient Licenses",
                "UC Manager Enhanced Plus License (12.x)|Prepaid|0|1|0|-1|Insufficient Licenses",
                "UC Manager Essential License (12.x)|Prepaid|0|4|0|-4|Insufficient Licenses",
                "UC Manager Telepresence Room License (12.x)|Prepaid|0|1|0|-1|Insufficient Licenses",
            ],
            await RowsAsync(page, 1, 2, 3, 4, 5, 6, 7));
        Assert.Contains("Showing All 8 Records", await page.Locator("#licenses").TextContentAsync(), StringComparison.Ordinal);
        await tab.PictureAsync("story-4-licenses");
        Assert.Empty(tab.Complaints);
    }

    /// <summary>The given cells of each row of the page's table.</summary>
    private static async Task<IEnumerable<string>> RowsAsync(IPage page, params int[] cells)
    {
        // A click has ended when the next page begins to come.
        await page.WaitForLoadStateAsync(LoadState.DOMContentLoaded);
        var rows = await page.EvaluateAsync<string[][]>("() => [...document.querySelectorAll('main tbody tr')].map(row => [...row.children].map(cell => cell.textContent.trim()))");
        return rows.Select(row => string.Join('|', cells.Select(cell => row[cell])));
    }
}
