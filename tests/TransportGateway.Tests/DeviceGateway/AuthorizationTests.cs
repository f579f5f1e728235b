using System.Text.Json.Nodes;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.DeviceGateway;

/// <summary>What a product says it uses, and what it is told about it (8.7.28 to 8.7.34).</summary>
public abstract class AuthorizationTests<TEngine>
    where TEngine : TestEngine, new()
{
    [Fact]
    public async Task The_list_is_the_whole_state_so_a_tag_left_out_is_released_like_one_with_count_0()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 2), (EntitlementTags.UcmEnhanced, 3), (EntitlementTags.UcmEssential, 4));
        Assert.Equal([(EntitlementTags.UcmBasic, 2), (EntitlementTags.UcmEnhanced, 3), (EntitlementTags.UcmEssential, 4)], await InUseAsync(gateway));

        var answer = await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 0), (EntitlementTags.UcmEnhanced, 5));

        Assert.Equal([(EntitlementTags.UcmEnhanced, 5)], await InUseAsync(gateway));
        Assert.Equal([(EntitlementTags.UcmBasic, 0, "In Compliance"), (EntitlementTags.UcmEnhanced, 5, "Out Of Compliance")], Lines(answer));
        Assert.Equal(
            [
                "Uses UC Manager Enhanced License (12.x): 5.",
                "Uses UC Manager Basic License (12.x): 2; UC Manager Enhanced License (12.x): 3; UC Manager Essential License (12.x): 4.",
            ],
            (await gateway.EventsAsync(EventKinds.UsageChanged)).Select(entry => entry.Message));
    }

    [Fact]
    public async Task No_licences_is_said_exactly_when_nothing_valid_is_counted()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        foreach (var wanted in new (string, int)[][] { [], [(EntitlementTags.UcmBasic, 0)], [("not a tag", 5)] })
        {
            var answer = await AuthorizeAsync(product, wanted);
            Assert.Equal("NO_LICENSES", answer.Authorization.OverallStatus);
            Assert.Equal(TimeSpan.FromDays(30), answer.Authorization.NextCommunication - answer.Reply.Header.Time);
        }

        Assert.Empty(await InUseAsync(gateway));
    }

    [Fact]
    public async Task A_malformed_tag_is_an_Invalid_Tag_counted_nowhere_and_no_part_of_the_overall_status()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await PurchaseAsync(gateway, EntitlementTags.UcmBasic, 10);

        var answer = await AuthorizeAsync(product, ("regid.2016-07.com.cisco.UCM_Basic", 5), (EntitlementTags.UcmBasic, 2));

        Assert.Equal("AUTHORIZED", answer.Authorization.OverallStatus);
        Assert.Equal([("regid.2016-07.com.cisco.UCM_Basic", 0, "Invalid Tag"), (EntitlementTags.UcmBasic, 2, "In Compliance")], Lines(answer));
        Assert.Equal([(EntitlementTags.UcmBasic, 2)], await InUseAsync(gateway));
    }

    [Fact]
    public async Task A_well_formed_tag_that_nobody_knows_is_counted_out_of_compliance_under_a_name_made_of_it()
    {
        const string Tag = "regid.2017-04.com.cisco.CUC_SpeechView,12.0_946cef06-3332-4037-9bd3-e4705c2c7ebb";
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var answer = await AuthorizeAsync(product, (Tag, 1));

        Assert.Equal("OUT_OF_COMPLIANCE", answer.Authorization.OverallStatus);
        Assert.Equal([(Tag, 1, "Out Of Compliance")], Lines(answer));
        Assert.Equal("CUC SpeechView (12.0)", answer.Authorization.Entitlements[0].DisplayName);
        Assert.Equal([(Tag, 1)], await InUseAsync(gateway));
    }

    [Fact]
    public async Task A_count_that_is_no_whole_number_in_bounds_is_refused_and_nothing_changes()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 2));
        foreach (var count in new string[]
        {
            "-1",
            "1.5",
            "\"3\"",
            "2147483648",
            "1e30",
            "true",
            "[1]",
        })
        {
            var events = await gateway.AssertRefusedAsync(
                WireAnswers.Errors("count", "The field request_data.entitlements[1].count must be an integer from 0 to 2147483647."),
                () => gateway.Client().PostAsync(product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 9), new Entitlement(EntitlementTags.UcmEnhanced, 1)])
                    .Sealed(draft => draft.Data["entitlements"]![1]!["count"] = JsonNode.Parse(count))));

            Assert.Equal([$"{EventKinds.RequestRefused}: A AUTHORIZATION message was refused: a value that will not do."], events);
        }
    }

    [Fact]
    public async Task The_largest_count_of_two_products_adds_up()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var one = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var two = await gateway.RegisteredAsync(SeedProducts.CucmPub30);

        await AuthorizeAsync(one, (EntitlementTags.UcmBasic, int.MaxValue));
        var answer = await AuthorizeAsync(two, (EntitlementTags.UcmBasic, int.MaxValue));

        Assert.Equal(int.MaxValue, answer.Authorization.Entitlements[0].Count);
        Assert.Equal(2L * int.MaxValue, await gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT in_use FROM license_pools", null, CancellationToken.None)));
    }

    [Fact]
    public async Task A_tag_that_is_listed_twice_is_refused_and_nothing_changes()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        await gateway.AssertRefusedAsync(
            WireAnswers.Errors("entitlements", $"The tag {EntitlementTags.UcmBasic} is listed twice."),
            () => gateway.Client().PostAsync(product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 1), new Entitlement(EntitlementTags.UcmBasic, 1)]).Seal()));
    }

    [Fact]
    public async Task The_entitlement_version_is_echoed()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);

        var answer = await gateway.Client().PostAsync(product.DraftAuthorization([new Entitlement(EntitlementTags.UcmBasic, 1, "1.7")])
            .Sealed(draft => draft.Data["entitlement_version"] = 4711));

        Assert.Equal(4711, (int?)answer.Data["entitlement_version"]);
    }

    [Fact]
    public async Task Contacts_are_30_days_or_12_hours_and_the_deadline_90_days_exactly_from_the_time_of_the_answer()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var gateway = await TestGateway.StartAsync<TEngine>(clock);
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await PurchaseAsync(gateway, EntitlementTags.UcmBasic, 1);

        AssertTimes(await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 1)), TimeSpan.FromDays(30));
        AssertTimes(await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 2)), TimeSpan.FromHours(12));

        void AssertTimes(ProductResult.Accepted answer, TimeSpan next)
        {
            Assert.Equal(clock.GetUtcNow().ToUnixTimeMilliseconds(), answer.Reply.Header.Timestamp);
            Assert.Equal(next, answer.Authorization.NextCommunication - answer.Reply.Header.Time);
            Assert.Equal(TimeSpan.FromDays(90), answer.Authorization.CommunicationDeadline - answer.Reply.Header.Time);
            Assert.Equal((30, 90), (answer.Authorization.RenewIntervalDays, answer.Authorization.ExpireIntervalDays));
        }
    }

    [Fact]
    public async Task The_alert_Insufficient_Licenses_opens_with_the_shortage_and_closes_with_its_end()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await PurchaseAsync(gateway, EntitlementTags.UcmBasic, 3);

        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 3));
        Assert.Empty(await AlertsAsync(gateway));
        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 4));
        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 5));
        Assert.Equal([("Insufficient Licenses", "Major", EntitlementTags.UcmBasic)], await AlertsAsync(gateway));
        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 2));
        Assert.Empty(await AlertsAsync(gateway));

        await AuthorizeAsync(product, (EntitlementTags.UcmEnhanced, 1));
        Assert.Equal([("Insufficient Licenses", "Major", EntitlementTags.UcmEnhanced)], await AlertsAsync(gateway));
        Assert.IsType<ProductResult.Accepted>(await product.DeregisterAsync());
        Assert.Empty(await AlertsAsync(gateway));
    }

    [Fact]
    public async Task A_higher_licence_stands_in_for_a_lower_one_where_the_rules_allow_it()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await PurchaseAsync(gateway, EntitlementTags.UcmEnhancedPlus, 4);
        await gateway.ExecuteAsync(
            "INSERT INTO substitution_rules (account_id, higher_tag, lower_tag) VALUES (@Account, @Plus, @Enhanced), (@Account, @Enhanced, @Basic)",
            new { Account = gateway.Account.Id, Plus = EntitlementTags.UcmEnhancedPlus, Enhanced = EntitlementTags.UcmEnhanced, Basic = EntitlementTags.UcmBasic });

        var covered = await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 3));
        Assert.Equal("AUTHORIZED", covered.Authorization.OverallStatus);
        Assert.Equal([(EntitlementTags.UcmBasic, 3, "In Compliance")], Lines(covered));

        var short_ = await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 3), (EntitlementTags.UcmEnhancedPlus, 2));
        Assert.Equal("OUT_OF_COMPLIANCE", short_.Authorization.OverallStatus);
        Assert.Equal([(EntitlementTags.UcmBasic, 3, "Out Of Compliance"), (EntitlementTags.UcmEnhancedPlus, 2, "In Compliance")], Lines(short_));
    }

    [Fact]
    public async Task A_product_that_was_moved_learns_its_virtual_account_with_its_next_authorisation()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        Assert.Equal(("Example Account", "Default"), (product.State.SmartAccount, product.State.VirtualAccount));
        Assert.IsType<CreateVirtualAccount.Outcome.Created>(await new CreateVirtualAccount(gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateVirtualAccount.Request(gateway.Administrator, gateway.Account, "Branch", ""), CancellationToken.None));
        Assert.IsType<TransferInstance.Outcome.Transferred>(await new TransferInstance(gateway.Database, TimeProvider.System).ExecuteAsync(
            gateway.Administrator, product.State.ProductInstanceIdentifier!, "Branch", CancellationToken.None));

        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync());

        Assert.Equal(("Example Account", "Branch"), (product.State.SmartAccount, product.State.VirtualAccount));
    }

    [Theory]
    [InlineData("released")]
    [InlineData("deregistered")]
    [InlineData("moved")]
    public async Task A_licence_that_was_not_bought_and_is_no_longer_used_leaves_no_pool_and_no_alert(string how)
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        await PurchaseAsync(gateway, EntitlementTags.UcmEnhanced, 5);
        var (product, other) = (await gateway.RegisteredAsync(SeedProducts.Cucmpub), await gateway.RegisteredAsync(SeedProducts.CucmPub30));
        await AuthorizeAsync(other, (EntitlementTags.UcmEssential, 1));
        await AuthorizeAsync(product, (EntitlementTags.UcmBasic, 1), (EntitlementTags.UcmEnhanced, 2), (EntitlementTags.UcmEssential, 3));
        Assert.Equal(2, (await AlertsAsync(gateway)).Count());

        if (how == "moved")
        {
            Assert.IsType<CreateVirtualAccount.Outcome.Created>(await new CreateVirtualAccount(gateway.Database, TimeProvider.System).ExecuteAsync(
                new CreateVirtualAccount.Request(gateway.Administrator, gateway.Account, "Branch", ""), CancellationToken.None));
            Assert.IsType<TransferInstance.Outcome.Transferred>(await new TransferInstance(gateway.Database, TimeProvider.System).ExecuteAsync(
                gateway.Administrator, product.State.ProductInstanceIdentifier!, "Branch", CancellationToken.None));
        }
        else
        {
            Assert.IsType<ProductResult.Accepted>(how == "released" ? await product.AuthorizeAsync([]) : await product.DeregisterAsync());
        }

        Assert.Equal(
            [new LicensePool(EntitlementTags.UcmEnhanced, 5, 0), new LicensePool(EntitlementTags.UcmEssential, 0, 1)],
            (await gateway.ReadAsync(session => new LicensePools(session).ListAsync(gateway.VirtualAccount.Id, CancellationToken.None))).OrderByDescending(pool => pool.Purchased));
        Assert.Equal(
            [EntitlementTags.UcmEssential],
            (await gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(gateway.Account.Id, CancellationToken.None)))
                .Where(alert => alert.VirtualAccountId == gateway.VirtualAccount.Id).Select(alert => alert.Source));
    }

    [Fact]
    public async Task Products_that_take_up_and_release_the_same_licence_at_once_add_up()
    {
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var products = new List<SimulatedProduct>();
        for (var i = 0; i < 6; i++)
        {
            products.Add(await gateway.RegisteredAsync(SeedProducts.Prime($"tide-{i}")));
        }

        for (var round = 0; round < 6; round++)
        {
            var results = await Task.WhenAll(products.Select((product, i) => product.AuthorizeAsync(new[]
            {
                new Entitlement(EntitlementTags.UcmBasic, i + 1),
                new Entitlement(EntitlementTags.UcmEnhanced, 1),
            }.Where(_ => (i + round) % 2 == 0))));
            Assert.All(results, result => Assert.IsType<ProductResult.Accepted>(result));
            var users = Enumerable.Range(0, products.Count).Where(i => (i + round) % 2 == 0).ToArray();
            Assert.Equal([(EntitlementTags.UcmBasic, users.Sum(i => i + 1)), (EntitlementTags.UcmEnhanced, users.Length)], await InUseAsync(gateway));
        }

        await Task.WhenAll(products.Select(product => product.AuthorizeAsync([])));
        Assert.Equal(0, await gateway.CountAsync("license_pools"));
        Assert.Empty(await AlertsAsync(gateway));
    }

    [Fact]
    public async Task A_tag_is_called_as_Cisco_granted_it_and_carries_the_term_of_the_grant()
    {
        var now = DateTimeOffset.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds());
        await using var gateway = await TestGateway.StartAsync<TEngine>();
        var product = await gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await GrantAsync(gateway, EntitlementTags.UcmBasic, "Basic users, as granted", now.AddDays(-10), now.AddDays(300), "Sub-S-2");
        await GrantAsync(gateway, EntitlementTags.UcmBasic, "Basic users, as granted", now.AddDays(-20), now.AddDays(20), "Sub-S-1");
        await GrantAsync(gateway, EntitlementTags.UcmBasic, "Basic users, as granted", now.AddDays(-90), now.AddDays(-1), "Sub-S-0");
        await GrantAsync(gateway, EntitlementTags.UcmEnhanced, "Enhanced users, as granted", now.AddDays(-30), null, null);

        var answer = await gateway.Client().PostAsync(product.DraftAuthorization(
            [new Entitlement(EntitlementTags.UcmBasic, 1), new Entitlement(EntitlementTags.UcmEnhanced, 1), new Entitlement(EntitlementTags.UcmEssential, 1)]).Seal());

        Assert.Equal(
            [
                $"Basic users, as granted|of the grant|TERM|{now.AddDays(-20).ToUnixTimeMilliseconds()}|{now.AddDays(20).ToUnixTimeMilliseconds()}|Sub-S-1",
                $"Enhanced users, as granted|of the grant|PERPETUAL|{now.AddDays(-30).ToUnixTimeMilliseconds()}||",
                "UC Manager Essential License (12.x)|Essential users and devices||||",
            ],
            answer.Data["entitlements"]!.AsArray().Select(entry => string.Join('|', new[] { "display_name", "description", "license_type", "start_date", "end_date", "subscription_id" }
                .Select(field => entry![field]?.ToString()))));
        Assert.Equal(
            "Uses Basic users, as granted: 1; Enhanced users, as granted: 1; UC Manager Essential License (12.x): 1.",
            Assert.Single(await gateway.EventsAsync(EventKinds.UsageChanged)).Message);
    }

    private static Task GrantAsync(TestGateway gateway, string tag, string name, DateTimeOffset startsAt, DateTimeOffset? endsAt, string? subscription) => gateway.ExecuteAsync(
        """
        INSERT INTO entitlements (account_id, id, tag, name, display_name, description, billing, quantity, starts_at, ends_at, subscription_id, status)
        VALUES (@Account, @Id, @Tag, @Name, @Name, 'of the grant', 'Prepaid', 5, @StartsAt, @EndsAt, @Subscription, 'Active')
        """,
        new { Account = gateway.Account.Id, Id = Guid.NewGuid().ToString(), Tag = tag, Name = name, StartsAt = startsAt, EndsAt = endsAt, Subscription = subscription });

    private static async Task<ProductResult.Accepted> AuthorizeAsync(SimulatedProduct product, params (string Tag, int Count)[] wanted) =>
        Assert.IsType<ProductResult.Accepted>(await product.AuthorizeAsync(wanted.Select(entry => new Entitlement(entry.Tag, entry.Count))));

    private static IEnumerable<(string, int, string)> Lines(ProductResult.Accepted answer) =>
        answer.Authorization.Entitlements.Select(line => (line.Tag, line.Count, line.Status));

    private static Task PurchaseAsync(TestGateway gateway, string tag, int quantity) => gateway.ExecuteAsync(
        """
        INSERT INTO license_pools (virtual_account_id, tag, purchased, in_use) VALUES (@VirtualAccount, @Tag, @Quantity, 0)
        ON CONFLICT (virtual_account_id, tag) DO UPDATE SET purchased = excluded.purchased
        """,
        new { VirtualAccount = gateway.VirtualAccount.Id, Tag = tag, Quantity = quantity });

    private static async Task<IEnumerable<(string, int)>> InUseAsync(TestGateway gateway) =>
        (await gateway.ReadAsync(session => new LicensePools(session).ListAsync(gateway.VirtualAccount.Id, CancellationToken.None)))
            .Where(pool => pool.InUse > 0).Select(pool => (pool.Tag, (int)pool.InUse)).OrderBy(entry => entry.Tag, StringComparer.Ordinal);

    private static async Task<IEnumerable<(string, string, string)>> AlertsAsync(TestGateway gateway) =>
        (await gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(gateway.Account.Id, CancellationToken.None)))
            .Select(alert => (alert.Kind, alert.Severity, alert.Source));
}

public sealed class AuthorizationOnSqlite : AuthorizationTests<SqliteEngine>;

public sealed class AuthorizationOnPostgreSql : AuthorizationTests<PostgreSqlEngine>;
