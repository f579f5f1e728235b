using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.Upstream;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Licensing;

/// <summary>Labels that people put on licences.</summary>
public abstract class LicenseTagsTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task A_tag_is_made_put_on_licences_by_name_or_entitlement_tag_renamed_taken_off_and_deleted()
    {
        await using var gateway = await StartAsync();
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await Change(gateway).CreateAsync(gateway.Administrator, gateway.Account, "Headquarters", CancellationToken.None));
        var name = (await ListAsync(gateway)).First(license => license.Tag == EntitlementTags.UcmEnhanced).Name.DisplayName;

        var assigned = Assert.IsType<ChangeLicenseTags.Outcome.Done>(await Change(gateway).AssignAsync(
            gateway.Administrator, gateway.Account, "headquarters", [name.ToUpperInvariant(), EntitlementTags.UcmTelepresenceRoom, EntitlementTags.UcmTelepresenceRoom], CancellationToken.None));
        Assert.Equal(2, assigned.Licenses.Count);
        Assert.Equal(["Headquarters", "Headquarters"], await TagsAsync(gateway));
        var again = Assert.IsType<ChangeLicenseTags.Outcome.Done>(await Change(gateway).AssignAsync(gateway.Administrator, gateway.Account, "Headquarters", [name], CancellationToken.None));
        Assert.Empty(again.Licenses);
        Assert.Contains(name, Assert.Single(await gateway.EventsAsync(EventKinds.LicenseTagAssigned)).Message, StringComparison.Ordinal);

        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await Change(gateway).RenameAsync(gateway.Administrator, gateway.Account, "Headquarters", "HQ", CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await Change(gateway).TakeOffAsync(gateway.Administrator, gateway.Account, "HQ", [EntitlementTags.UcmTelepresenceRoom], CancellationToken.None));
        Assert.Equal(["HQ"], await TagsAsync(gateway));
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await Change(gateway).DeleteAsync(gateway.Administrator, gateway.Account, "hq", CancellationToken.None));
        Assert.Empty(await TagsAsync(gateway));
        Assert.Equal(
            [EventKinds.LicenseTagCreated, EventKinds.LicenseTagAssigned, EventKinds.LicenseTagRenamed, EventKinds.LicenseTagTakenOff, EventKinds.LicenseTagDeleted],
            (await gateway.EventsAsync()).Reverse().Select(entry => entry.Kind).Where(kind => kind.StartsWith("license-tag", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task What_is_wrong_is_said_and_changes_nothing()
    {
        await using var gateway = await StartAsync();
        var change = Change(gateway);
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await change.CreateAsync(gateway.Administrator, gateway.Account, "One", CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await change.CreateAsync(gateway.Administrator, gateway.Account, "Two", CancellationToken.None));
        var before = await gateway.EventsAsync();

        Assert.Equal("There is a license tag 'ONE' already; choose another name.", Assert.IsType<ChangeLicenseTags.Outcome.NameTaken>(await change.CreateAsync(gateway.Administrator, gateway.Account, "ONE", CancellationToken.None)).Reason);
        Assert.IsType<ChangeLicenseTags.Outcome.NameTaken>(await change.RenameAsync(gateway.Administrator, gateway.Account, "Two", "one", CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.Invalid>(await change.CreateAsync(gateway.Administrator, gateway.Account, "", CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.Invalid>(await change.CreateAsync(gateway.Administrator, gateway.Account, "a/b", CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.Invalid>(await change.AssignAsync(gateway.Administrator, gateway.Account, "One", [], CancellationToken.None));
        Assert.IsType<ChangeLicenseTags.Outcome.NoSuchTag>(await change.DeleteAsync(gateway.Administrator, gateway.Account, "Three", CancellationToken.None));
        var unknown = Assert.IsType<ChangeLicenseTags.Outcome.NoSuchLicense>(
            await change.AssignAsync(gateway.Administrator, gateway.Account, "One", [EntitlementTags.UcmTelepresenceRoom, "no such licence"], CancellationToken.None));
        Assert.Equal("The account has no licence 'no such licence'. The licence table names those that it has.", unknown.Reason);
        var inOnePart = new Caller("ann", [new Grant(gateway.Account.Id, gateway.VirtualAccount.Id, new HashSet<Permission> { Permission.ManageLicenses })]);
        Assert.IsType<ChangeLicenseTags.Outcome.NotAllowed>(await change.CreateAsync(inOnePart, gateway.Account, "Three", CancellationToken.None));
        Assert.Equal(before.Count, (await gateway.EventsAsync()).Count);
        Assert.Empty(await TagsAsync(gateway));
    }

    [Fact]
    public async Task Of_eight_who_make_the_same_tag_one_does()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Change(gateway).CreateAsync(gateway.Administrator, gateway.Account, "Same", CancellationToken.None)));
        Assert.Single(outcomes.OfType<ChangeLicenseTags.Outcome.Done>());
        Assert.Equal(7, outcomes.OfType<ChangeLicenseTags.Outcome.NameTaken>().Count());
    }

    [Fact]
    public async Task Tags_outlive_a_synchronisation_also_of_licences_that_are_granted_no_longer()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        var yesterday = TimeProvider.System.GetUtcNow().AddDays(-1);
        var grant = SynchronizationTests<TEngine>.Grant(EntitlementTags.UcmEnhanced, 5, yesterday, null);
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", grant);
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account)).State);
        var change = pair.Service<ChangeLicenseTags>();
        await change.CreateAsync(pair.Gateway.Administrator, account, "HQ", CancellationToken.None);
        Assert.IsType<ChangeLicenseTags.Outcome.Done>(await change.AssignAsync(pair.Gateway.Administrator, account, "HQ", [EntitlementTags.UcmEnhanced], CancellationToken.None));

        var virtualAccount = await pair.DefaultOfAsync(account);
        pair.Central.Withdraw(CentralPair.SmartAccount, "TEST", grant.Id);
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account, full: true)).State);
        Assert.Empty(await pair.Service<ListLicenses>().ExecuteAsync(account.Id, virtualAccount.Id, CancellationToken.None));
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", grant with { Quantity = 7 });
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account)).State);
        var license = Assert.Single(await pair.Service<ListLicenses>().ExecuteAsync(account.Id, virtualAccount.Id, CancellationToken.None));
        Assert.Equal((7, "HQ"), (license.Balance.Purchased, Assert.Single(license.LicenseTags)));
    }

    [Fact]
    public async Task The_names_that_Software_Central_told_are_those_of_alerts_product_instances_and_events()
    {
        await using var pair = await CentralPair.StartAsync<TEngine>();
        var account = await pair.RegisteredAccountAsync("TEST");
        pair.Central.Grant(CentralPair.SmartAccount, "TEST", SynchronizationTests<TEngine>.Grant(EntitlementTags.UcmEnhanced, 1, TimeProvider.System.GetUtcNow().AddDays(-1), null) with { Name = "The name at Cisco" });
        Assert.Equal(RunState.Succeeded, (await pair.SynchronizeAsync(account)).State);
        var product = pair.Gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await pair.Gateway.CreateTokenAsync(virtualAccount: await pair.DefaultOfAsync(account)));
        await product.AuthorizeAsync();

        using var http = await pair.Gateway.RestClientAsync(null, Permission.ReadInventory);
        var shown = await http.GetFromJsonAsync<JsonNode>("/api/v2/instances/" + product.State.ProductInstanceIdentifier);
        Assert.Equal("The name at Cisco", Named(shown!["licenses"]!, "license"));
        Assert.Equal("The name at Cisco", Named((await http.GetFromJsonAsync<JsonNode>("/api/v2/alerts"))!, "source"));
        Assert.Contains("The name at Cisco", await pair.Gateway.TgctlDoneAsync("alert", "list"), StringComparison.Ordinal);
        Assert.Contains("The name at Cisco", await pair.Gateway.TgctlDoneAsync("instance", "show", product.State.ProductInstanceIdentifier!), StringComparison.Ordinal);
        Assert.All([EventKinds.UsageChanged, EventKinds.PurchasesChanged], kind => Assert.Contains("The name at Cisco", Assert.Single(pair.Gateway.EventsAsync(kind).Result).Message, StringComparison.Ordinal));

        static string Named(JsonNode rows, string field) => rows.AsArray().Single(row => row!["tag"]!.ToString() == EntitlementTags.UcmEnhanced)![field]!.ToString();
    }

    [Fact]
    public async Task Over_REST_and_in_the_console_tags_are_made_and_put_on_licences()
    {
        const string Path = "/api/v2/accounts/Example%20Account/license-tags";
        await using var gateway = await StartAsync();
        using var http = await gateway.RestClientAsync(gateway.Account.Id, Permission.ReadInventory, Permission.ManageLicenses);
        Assert.Contains("created", await gateway.TgctlDoneAsync("license", "tag", "create", "Head office"), StringComparison.Ordinal);
        Assert.Contains("on 2 licence(s)", await gateway.TgctlDoneAsync("license", "tag", "assign", "Head office", EntitlementTags.UcmTelepresenceRoom, EntitlementTags.UcmEnhanced), StringComparison.Ordinal);
        Assert.Contains("Head office", await gateway.TgctlDoneAsync("license", "list"), StringComparison.Ordinal);
        Assert.Contains("'HQ' now", await gateway.TgctlDoneAsync("license", "tag", "rename", "Head office", "HQ"), StringComparison.Ordinal);
        var listed = Assert.Single((await http.GetFromJsonAsync<JsonArray>(Path))!)!;
        Assert.Equal(("HQ", 2), (listed["name"]!.ToString(), listed["licenses"]!.AsArray().Count));
        Assert.Contains("on 1 licence(s)", await gateway.TgctlDoneAsync("license", "tag", "unassign", "HQ", EntitlementTags.UcmTelepresenceRoom), StringComparison.Ordinal);
        Assert.Contains("HQ", await gateway.TgctlDoneAsync("license", "tag", "list"), StringComparison.Ordinal);

        Assert.Contains("no license tag 'Nowhere'", await gateway.TgctlRefusedAsync("license", "tag", "rename", "Nowhere", "X"), StringComparison.Ordinal);
        Assert.Contains("Nothing was changed", await gateway.TgctlRefusedAsync("license", "tag", "delete", "HQ"), StringComparison.Ordinal);
        foreach (var (path, body, status) in new (string, object, HttpStatusCode)[]
        {
            (Path, new { name = "hq" }, HttpStatusCode.Conflict),
            (Path, new { name = " " }, HttpStatusCode.BadRequest),
            (Path + "/HQ/assign", new { licenses = new[] { "none of those" } }, HttpStatusCode.NotFound),
            (Path + "/HQ/assign", new { licenses = Array.Empty<string>() }, HttpStatusCode.BadRequest),
            (Path + "/Nowhere/assign", new { licenses = new[] { EntitlementTags.UcmTelepresenceRoom } }, HttpStatusCode.NotFound),
            ("/api/v2/accounts/Nowhere/license-tags", new { name = "X" }, HttpStatusCode.NotFound),
        })
        {
            using var refused = await http.PostAsJsonAsync(path, body);
            Assert.Equal(status, refused.StatusCode);
        }

        await gateway.TgctlDoneAsync("license", "tag", "delete", "HQ", "--yes");
        Assert.Empty((await http.GetFromJsonAsync<JsonArray>(Path))!);
    }

    /// <summary>With a product that uses the licences of Unified CM.</summary>
    private static async Task<TestGateway> StartAsync()
    {
        var gateway = await TestGateway.StartAsync<TEngine>();
        var product = gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await gateway.CreateTokenAsync());
        await product.AuthorizeAsync();
        return gateway;
    }

    private static ChangeLicenseTags Change(TestGateway gateway) => gateway.Gateway.Services.GetRequiredService<ChangeLicenseTags>();

    private static Task<IReadOnlyList<ListLicenses.License>> ListAsync(TestGateway gateway) =>
        gateway.Gateway.Services.GetRequiredService<ListLicenses>().ExecuteAsync(gateway.Account.Id, gateway.VirtualAccount.Id, CancellationToken.None);

    private static async Task<IEnumerable<string>> TagsAsync(TestGateway gateway) => (await ListAsync(gateway)).SelectMany(license => license.LicenseTags);
}

public sealed class LicenseTagsOnSqlite : LicenseTagsTests<SqliteEngine>;

public sealed class LicenseTagsOnPostgreSql : LicenseTagsTests<PostgreSqlEngine>;
