using System.Net;
using System.Text.RegularExpressions;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Licensing;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Web;

/// <summary>The licence table and its tags in the browser.</summary>
public sealed class LicensesPageTests : IAsyncLifetime
{
    private const string Licenses = "/licensing/Example%20Account/Default/licenses";

    private TestGateway _gateway = null!;
    private Browser _browser = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        _browser = await Browser.SignInAsync(_gateway, "boss");
        var token = await _gateway.CreateTokenAsync();
        foreach (var definition in new[] { SeedProducts.Cucmpub, SeedProducts.Pi37 })
        {
            var product = _gateway.Product(definition);
            await product.RegisterAsync(token);
            await product.AuthorizeAsync();
        }
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _gateway.DisposeAsync();
    }

    [Fact]
    public async Task Tags_are_made_renamed_and_deleted_on_their_page()
    {
        await DoneAsync(Licenses + "/tags?handler=Create", ("name", "<b>Head office"));
        var id = (await TagsAsync())[0].Id;
        Assert.Contains("&lt;b&gt;Head office", await _browser.PageAsync(Licenses + "/tags"), StringComparison.Ordinal);
        await DoneAsync(Licenses + "/tags?handler=Rename", ("id", id), ("name", "HQ"));
        Assert.Equal("HQ", Assert.Single(await TagsAsync()).Name);
        await RefusedAsync(HttpStatusCode.Conflict, "There is a license tag &#x27;hq&#x27; already", Licenses + "/tags?handler=Create", ("name", "hq"));
        await RefusedAsync(HttpStatusCode.BadRequest, "The name of the license tag is missing", Licenses + "/tags?handler=Create", ("name", " "));
        await DoneAsync(Licenses + "/tags?handler=Delete", ("id", id));
        Assert.Empty(await TagsAsync());
        await RefusedAsync(HttpStatusCode.NotFound, "There is no such license tag any more.", Licenses + "/tags?handler=Delete", ("id", id));
    }

    [Fact]
    public async Task Ticked_licences_get_a_tag_are_filtered_and_added_up_by_it_and_lose_it()
    {
        await DoneAsync(Licenses + "/tags?handler=Create", ("name", "Voice"));
        var tag = (await TagsAsync())[0].Id;
        await DoneAsync(Licenses + "?handler=Tag&search=UC", ("what", "assign"), ("licenseTag", tag), ("license", EntitlementTags.UcmEnhanced), ("license", EntitlementTags.UcmTelepresenceRoom));

        Assert.Equal(2, Rows(await _browser.PageAsync(Licenses + "?tagged=voice")));
        var byTag = await _browser.PageAsync(Licenses + "?view=tag&sort=-use");
        Assert.Equal(6, Rows(byTag));
        // Enhanced 3 and Telepresence Room 1; the other four have none.
        Assert.Matches("Voice \\(2\\)</th>\\s*<td class=\"number\">0</td>\\s*<td class=\"number\">4</td>", byTag);
        Assert.Matches("Without a tag \\(4\\)</th>\\s*<td class=\"number\">0</td>\\s*<td class=\"number\">18</td>", byTag);
        Assert.True(byTag.IndexOf("Voice (2)", StringComparison.Ordinal) < byTag.IndexOf("Without a tag (4)", StringComparison.Ordinal));
        Assert.Contains("Showing All 6 Records", byTag, StringComparison.Ordinal);

        await DoneAsync(Licenses + "?handler=Tag", ("what", "unassign"), ("licenseTag", tag), ("license", EntitlementTags.UcmEnhanced));
        Assert.Equal(1, Rows(await _browser.PageAsync(Licenses + "?tagged=Voice")));
        await RefusedAsync(HttpStatusCode.BadRequest, "Tick at least one licence first.", Licenses + "?handler=Tag", ("what", "assign"), ("licenseTag", tag));
        await RefusedAsync(HttpStatusCode.NotFound, "There is no such license tag any more.", Licenses + "?handler=Tag", ("what", "assign"), ("licenseTag", "x"), ("license", EntitlementTags.UcmEnhanced));
        await RefusedAsync(HttpStatusCode.NotFound, "The account has no licence", Licenses + "?handler=Tag", ("what", "assign"), ("licenseTag", tag), ("license", "x"));
    }

    [Fact]
    public async Task A_role_in_one_local_virtual_account_sees_the_tags_of_the_account_and_changes_none()
    {
        await DoneAsync(Licenses + "/tags?handler=Create", ("name", "Voice"));
        var user = await _gateway.UserAsync("ann", Roles.SystemUser);
        await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(
            _gateway.Administrator, user, _gateway.Account.Id, _gateway.VirtualAccount.Id, Roles.VirtualAccountAdministrator, CancellationToken.None);
        using var browser = await Browser.SignInAsync(_gateway, "ann");
        var page = await browser.PageAsync(Licenses + "/tags");
        Assert.Contains("Voice", page, StringComparison.Ordinal);
        Assert.DoesNotContain("handler=Create", page, StringComparison.Ordinal);
        Assert.DoesNotContain("type=\"checkbox\"", await browser.PageAsync(Licenses), StringComparison.Ordinal);
        using var refused = await browser.PostAsync(Licenses + "/tags?handler=Create", ("name", "Data"));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        using var marked = await browser.PostAsync(Licenses + "?handler=Tag", ("what", "assign"), ("licenseTag", "Voice"), ("license", EntitlementTags.UcmEnhanced));
        Assert.Equal(HttpStatusCode.Forbidden, marked.StatusCode);
        Assert.Single(await TagsAsync());
    }

    [Fact]
    public async Task The_product_instances_of_a_licence_are_paged_and_a_row_removes_its_product_whatever_is_ticked()
    {
        var token = await _gateway.CreateTokenAsync();
        for (var at = 0; at < 51; at++)
        {
            var product = _gateway.Product(SeedProducts.UnifiedCm($"cucm-{at}", Guid.NewGuid().ToString("N"), new Entitlement(EntitlementTags.UcmBasic, at + 1)));
            Assert.IsType<ProductResult.Accepted>(await product.RegisterAsync(token));
            Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());
        }

        var detail = $"{Licenses}/detail?tag={Uri.EscapeDataString(EntitlementTags.UcmBasic)}";
        var first = await _browser.PageAsync(detail);
        Assert.Contains("Showing Page 1 of 2 (51 Records)", first, StringComparison.Ordinal);
        Assert.True(first.IndexOf(">cucm-50<", StringComparison.Ordinal) < first.IndexOf(">cucm-49<", StringComparison.Ordinal));
        Assert.Single(Regex.Matches(await _browser.PageAsync(detail + "&uses-page=2"), "product-instances/detail\\?id=", default, TimeSpan.FromSeconds(30)));

        const string Instances = "/licensing/Example%20Account/Default/product-instances";
        var instances = (await _gateway.InstancesAsync()).ToDictionary(instance => instance.DisplayName, instance => instance.Id);
        using var removed = await _browser.PostAsync(Instances + "?handler=Remove&search=cucm", ("one", instances["cucm-7"]), ("id", instances["cucm-8"]));
        Assert.Equal(Instances + "?search=cucm", removed.Headers.Location!.ToString());
        var left = (await _gateway.InstancesAsync()).Select(instance => instance.DisplayName).ToArray();
        Assert.DoesNotContain("cucm-7", left);
        Assert.Contains("cucm-8", left);
        await RefusedAsync(HttpStatusCode.NotFound, "This product instance is not registered here any more.", Instances + "?handler=Remove", ("one", instances["cucm-7"]));
    }

    [Fact]
    public async Task A_refused_transfer_is_shown_at_an_address_that_can_be_asked_for_again()
    {
        await DoneAsync("/licensing/Example%20Account/Default/general?handler=CreateVirtualAccount", ("name", "Branch"));
        await _gateway.ExecuteAsync("UPDATE license_pools SET purchased = 5 WHERE tag = @Tag", new { Tag = EntitlementTags.UcmEnhanced });
        var id = (await _gateway.InstancesAsync())[0].Id;
        await AskedAgainAsync($"{Licenses}/detail?tag={Uri.EscapeDataString(EntitlementTags.UcmEnhanced)}", ("quantity", "6"), ("target", "Branch"));
        await AskedAgainAsync($"/licensing/Example%20Account/Default/product-instances/detail?id={id}", ("target", "nowhere"));

        async Task AskedAgainAsync(string path, params (string, string)[] fields)
        {
            var page = await _browser.PageAsync(path);
            var actions = Regex.Matches(page, "action=\"(?<path>[^\"]*/detail[^\"]*)", RegexOptions.None, TimeSpan.FromSeconds(30)).Select(match => WebUtility.HtmlDecode(match.Groups["path"].Value)).ToArray();
            Assert.Contains(path + "&handler=Transfer", actions);
            Assert.All(actions, action => Assert.StartsWith(path + "&", action, StringComparison.Ordinal));
            using var refused = await _browser.PostAsync(path + "&handler=Transfer", fields);
            Assert.False(refused.StatusCode is HttpStatusCode.OK or HttpStatusCode.Redirect);
            var heading = page.Split("<h1>")[1].Split("</h1>")[0];
            var shown = await refused.Content.ReadAsStringAsync();
            Assert.Contains($"<h1>{heading}</h1>", shown, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task The_list_of_product_instances_counts_its_pages_and_the_one_of_licences_only_when_there_are_several()
    {
        Assert.Contains("Showing Page 1 of 1 (2 Records)", await _browser.PageAsync("/licensing/Example%20Account/Default/product-instances"), StringComparison.Ordinal);
        Assert.Contains("Showing All 6 Records", await _browser.PageAsync(Licenses), StringComparison.Ordinal);
    }

    private static int Rows(string page) => Regex.Count(page, "licenses/detail\\?tag=[^\"]*\">", RegexOptions.None, TimeSpan.FromSeconds(30));

    private Task<IReadOnlyList<LicenseTagRow>> TagsAsync() => _gateway.ReadAsync(session => new LicenseTags(session).ListAsync(_gateway.Account.Id, CancellationToken.None));

    private async Task DoneAsync(string path, params (string Name, string Value)[] fields)
    {
        using var answer = await _browser.PostAsync(path, fields);
        Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
    }

    private async Task RefusedAsync(HttpStatusCode status, string sentence, string path, params (string Name, string Value)[] fields)
    {
        using var answer = await _browser.PostAsync(path, fields);
        Assert.Equal(status, answer.StatusCode);
        Assert.Contains(sentence, await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
