using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Licensing;

/// <summary>Licences move between virtual accounts, and an account never has more or fewer than synchronisation granted it.</summary>
public abstract class TransferLicensesTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private const string Path = "/api/v2/accounts/Example%20Account/virtual-accounts/Default/licenses/transfer";

    private TestGateway _gateway = null!;
    private VirtualAccountRow _branch = null!;

    public async Task InitializeAsync()
    {
        _gateway = await TestGateway.StartAsync<TEngine>();
        _branch = await CreateAsync(_gateway.Account, "Branch");
    }

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task Alerts_close_where_licences_arrive_and_open_where_they_are_missing()
    {
        var product = _gateway.Product(SeedProducts.Cucmpub);
        await product.RegisterAsync(await _gateway.CreateTokenAsync(virtualAccount: _branch));
        await product.AuthorizeAsync();
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 3));
        Assert.Contains(EntitlementTags.UcmEnhanced, await ShortAsync());

        var done = Assert.IsType<TransferLicenses.Outcome.Transferred>(await TransferAsync(_gateway.VirtualAccount, EntitlementTags.UcmEnhanced, 3, "branch"));
        Assert.Equal(("Branch", 3), (done.To.Name, done.Quantity));
        Assert.DoesNotContain(EntitlementTags.UcmEnhanced, await ShortAsync());
        var entry = Assert.Single(await _gateway.EventsAsync(EventKinds.LicensesTransferred));
        Assert.Equal($"3 of {done.License} went from 'Default' to 'Branch'.", entry.Message);

        Assert.IsType<TransferLicenses.Outcome.Transferred>(await TransferAsync(_branch, done.License, 1, "Default"));
        Assert.Contains(EntitlementTags.UcmEnhanced, await ShortAsync());
        Assert.Equal(("Default 1", "Branch 2"), await WhereAsync(EntitlementTags.UcmEnhanced));
    }

    [Fact]
    public async Task Two_products_that_take_different_licences_at_once_do_not_both_count_on_the_same_spare_ones()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 10));
        await _gateway.WriteAsync(async (session, _) =>
        {
            await new SubstitutionRules(session).AddAsync(_gateway.Account.Id, new SubstitutionRule(EntitlementTags.UcmEnhanced, EntitlementTags.UcmBasic), CancellationToken.None);
            return true;
        });
        var (high, low) = (await _gateway.RegisteredAsync(SeedProducts.Prime("high")), await _gateway.RegisteredAsync(SeedProducts.Prime("low")));
        Assert.IsType<ProductResult.Accepted>(await high.AuthorizeAsync([new Entitlement(EntitlementTags.UcmEnhanced, 5)]));

        Task<ProductResult> waiting;
        await using (var session = await _gateway.Database.BeginAsync())
        {
            await new LicensePools(session).ReplaceUsageAsync(
                _gateway.VirtualAccount.Id,
                high.State.ProductInstanceIdentifier!,
                new Dictionary<string, long> { [EntitlementTags.UcmEnhanced] = 5 },
                new Dictionary<string, long> { [EntitlementTags.UcmEnhanced] = 10 },
                CancellationToken.None);
            await Compliance.RefreshAlertsAsync(session, _gateway.Account.Id, _gateway.VirtualAccount.Id, TimeProvider.System.GetUtcNow(), CancellationToken.None);
            waiting = low.AuthorizeAsync([new Entitlement(EntitlementTags.UcmBasic, 5)]);
            await _gateway.WaitUntilBlockedAsync();
            await session.CommitAsync();
        }

        Assert.IsType<ProductResult.Accepted>(await waiting);
        Assert.Equal("OUT_OF_COMPLIANCE", (await _gateway.InstancesAsync()).Single(instance => instance.Id == low.State.ProductInstanceIdentifier).AuthorizationStatus);
        var open = await _gateway.ReadAsync(session => new Alerts(session).ListOpenOfKindAsync(Alerts.InsufficientLicenses, CancellationToken.None));
        Assert.Equal([EntitlementTags.UcmBasic], open.Select(alert => alert.Source));
    }

    [Theory]
    [InlineData("Granted", "", 6, "Branch", "'Default' has 5 of Granted; 6 cannot be moved.")]
    [InlineData("Granted", "", 0, "Branch", "quantity must be a whole number of at least 1.")]
    [InlineData("Granted", "", -1, "Branch", "quantity must be a whole number of at least 1.")]
    [InlineData("Granted", "SOME", 1, "Branch", "licenseType must be PERPETUAL or TERM, or be left out.")]
    [InlineData("Granted", "TERM", 1, "Branch", "Software Central granted this account no licences of Granted that are TERM.")]
    [InlineData("Other", "", 1, "Branch", "'Default' has no purchased licences 'Other'. The licence table names those that it has.")]
    [InlineData("", "", 1, "Branch", "license is missing; give its name or its entitlement tag.")]
    [InlineData("Granted", "", 1, "Default", "The licences are in 'Default' already; name another virtual account to move them to.")]
    [InlineData("Granted", "", 1, "Nowhere", "Nowhere")]
    [InlineData("Granted", "", long.MaxValue, "Branch", "'Default' has 5 of Granted; 9223372036854775807 cannot be moved.")]
    public async Task What_cannot_be_moved_is_refused_with_the_reason_and_nothing_changes(string license, string type, long quantity, string to, string reason)
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5));
        var outcome = await TransferAsync(_gateway.VirtualAccount, license, quantity, to, type);
        Assert.Equal(reason, outcome switch
        {
            TransferLicenses.Outcome.Invalid invalid => invalid.Reason,
            TransferLicenses.Outcome.NotEnough refused => refused.Reason,
            TransferLicenses.Outcome.NoSuchVirtualAccount missing => missing.Name,
            _ => outcome.ToString(),
        });
        Assert.Equal(("Default 5", "Branch 0"), await WhereAsync(EntitlementTags.UcmEnhanced));
        Assert.Empty(await _gateway.EventsAsync(EventKinds.LicensesTransferred));
    }

    [Fact]
    public async Task A_name_that_several_licences_have_moves_none_of_them_but_a_tag_does()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5), (EntitlementTags.UcmBasic, 5));
        Assert.Contains(EntitlementTags.UcmBasic, Assert.IsType<TransferLicenses.Outcome.Invalid>(await TransferAsync(_gateway.VirtualAccount, "Granted", 1, "Branch")).Reason, StringComparison.Ordinal);
        Assert.IsType<TransferLicenses.Outcome.Transferred>(await TransferAsync(_gateway.VirtualAccount, EntitlementTags.UcmBasic, 1, "Branch", "perpetual"));
    }

    [Fact]
    public async Task Transfers_outlast_a_synchronisation_and_what_Cisco_grants_no_longer_is_taken_with_an_event()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5));
        await TransferAsync(_gateway.VirtualAccount, EntitlementTags.UcmEnhanced, 4, "Branch");
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 8));
        Assert.Equal(("Default 4", "Branch 4"), await WhereAsync(EntitlementTags.UcmEnhanced));
        Assert.Empty(await _gateway.EventsAsync(EventKinds.TransfersTakenBack));

        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 3));
        Assert.Equal(("Default 0", "Branch 3"), await WhereAsync(EntitlementTags.UcmEnhanced));
        Assert.EndsWith("in 'Branch': 4 to 3.", Assert.Single(await _gateway.EventsAsync(EventKinds.TransfersTakenBack)).Message, StringComparison.Ordinal);
        Assert.EndsWith(": 8 to 3.", (await _gateway.EventsAsync(EventKinds.PurchasesChanged))[0].Message, StringComparison.Ordinal);

        // The clock finds nothing to settle where the sums are right, wherever the licences lie.
        Assert.Empty(await _gateway.ReadAsync(session => new Entitlements(session).ListUnsettledAccountsAsync(TimeProvider.System.GetUtcNow(), CancellationToken.None)));
    }

    [Fact]
    public async Task A_deleted_virtual_account_hands_its_licences_back_to_the_default_one()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5));
        await TransferAsync(_gateway.VirtualAccount, EntitlementTags.UcmEnhanced, 4, "Branch");
        Assert.IsType<DeleteVirtualAccount.Outcome.Deleted>(await new DeleteVirtualAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(_gateway.Administrator, _branch, CancellationToken.None));

        Assert.Equal(("Default 5", "Branch 0"), await WhereAsync(EntitlementTags.UcmEnhanced));
        Assert.Equal("Licences went back from 'Branch', which is deleted, to 'Default': Granted: 4.", (await _gateway.EventsAsync(EventKinds.LicensesTransferred))[0].Message);
        Assert.IsType<TransferLicenses.Outcome.NoSuchVirtualAccount>(await TransferAsync(_branch, EntitlementTags.UcmEnhanced, 1, "Default"));
    }

    [Fact]
    public async Task Any_series_of_transfers_and_synchronisations_keeps_the_sum_that_was_granted()
    {
        var steps = Gen.Select(Gen.Int[0, 3], Gen.Int[0, 2], Gen.Int[0, 2], Gen.Long[1, 6]).Array[1, 12];
        await steps.SampleAsync(
            async series =>
            {
                var account = Assert.IsType<CreateLocalAccount.Outcome.Created>(await new CreateLocalAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(
                    _gateway.Administrator, Ids.New(TimeProvider.System.GetUtcNow()), CancellationToken.None)).Account;
                VirtualAccountRow[] places = [(await ListAsync(account))[0], await CreateAsync(account, "Branch"), await CreateAsync(account, "Zoo")];
                var granted = 0L;
                foreach (var (kind, from, to, quantity) in series)
                {
                    if (kind == 0)
                    {
                        granted = quantity * 2;
                        await GrantAsync(account, (EntitlementTags.UcmEnhanced, granted));
                    }
                    else
                    {
                        await TransferAsync(places[from], EntitlementTags.UcmEnhanced, quantity, places[to].Name);
                    }

                    Assert.Equal(granted, await SumAsync(account));
                }
            },
            iter: 15,
            threads: 1);
    }

    [Fact]
    public async Task Transfers_and_synchronisations_at_the_same_time_lose_and_invent_nothing()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5));
        var transfers = Enumerable.Range(0, 8).Select(_ => Task.Run(() => TransferAsync(_gateway.VirtualAccount, EntitlementTags.UcmEnhanced, 1, "Branch"))).ToArray();
        var outcomes = await Task.WhenAll(transfers);
        Assert.Equal(5, outcomes.OfType<TransferLicenses.Outcome.Transferred>().Count());
        Assert.Equal(("Default 0", "Branch 5"), await WhereAsync(EntitlementTags.UcmEnhanced));

        var work = Enumerable.Range(0, 6).Select(number => Task.Run(async () =>
        {
            await TransferAsync(_branch, EntitlementTags.UcmEnhanced, 1, "Default");
            await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 4 + (number % 3)));
        }));
        await Task.WhenAll(work);
        var granted = await _gateway.ReadAsync(session => new Entitlements(session).PurchasedAtAsync(_gateway.Account.Id, TimeProvider.System.GetUtcNow(), CancellationToken.None));
        Assert.Equal(granted[EntitlementTags.UcmEnhanced], await SumAsync(_gateway.Account));
    }

    [Fact]
    public async Task The_console_and_the_rest_api_move_licences_for_who_may()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5));
        Assert.Equal("2 of Granted are in 'Branch' now.", (await _gateway.TgctlDoneAsync("license", "transfer", "Granted", "--quantity", "2", "--to", "Branch")).Trim());
        Assert.Contains("'Default' has 3 of Granted; 4 cannot be moved.", await _gateway.TgctlRefusedAsync("license", "transfer", "Granted", "--quantity", "4", "--to", "Branch"), StringComparison.Ordinal);
        var json = JsonNode.Parse(await _gateway.TgctlDoneAsync("license", "transfer", "granted", "--quantity", "2", "--to", "Default", "--virtual-account", "Branch", "-o", "json"))!;
        Assert.Equal((2, EntitlementTags.UcmEnhanced), (json["quantity"]!.GetValue<int>(), json["tag"]!.GetValue<string>()));

        using var reader = await _gateway.RestClientAsync(null, Permission.ReadInventory);
        Assert.Equal(HttpStatusCode.Forbidden, (await reader.PostAsJsonAsync(Path, new { license = "Granted", quantity = 1, virtualAccount = "Branch" })).StatusCode);
        using var manager = await _gateway.RestClientAsync(_gateway.Account.Id, Permission.ManageLicenses);
        Assert.Equal(HttpStatusCode.OK, (await manager.PostAsJsonAsync(Path, new { license = "Granted", quantity = 1, virtualAccount = "Branch", licenseType = "PERPETUAL" })).StatusCode);
        Assert.Equal(HttpStatusCode.Conflict, (await manager.PostAsJsonAsync(Path, new { license = "Granted", quantity = 100, virtualAccount = "Branch" })).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await manager.PostAsJsonAsync(Path, new { license = "Granted", quantity = 1, virtualAccount = "Nowhere" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await manager.PostAsJsonAsync(Path, new { license = "Granted", quantity = 1.5, virtualAccount = "Branch" })).StatusCode);
        Assert.Equal(HttpStatusCode.BadRequest, (await manager.PostAsJsonAsync(Path, new { license = "Granted", quantity = -1, virtualAccount = "Branch" })).StatusCode);
        Assert.Equal(("Default 4", "Branch 1"), await WhereAsync(EntitlementTags.UcmEnhanced));
    }

    [Fact]
    public async Task What_the_account_was_granted_is_shown_to_a_role_in_one_virtual_account_with_the_default_one_alone()
    {
        await GrantAsync(_gateway.Account, (EntitlementTags.UcmEnhanced, 5));
        await TransferAsync(_gateway.VirtualAccount, EntitlementTags.UcmEnhanced, 1, "Branch");
        foreach (var (name, role, place, terms) in new[]
        {
            ("ann", Roles.AccountUser, _branch, 1),
            ("bob", Roles.VirtualAccountAdministrator, _branch, 0),
            ("carol", Roles.VirtualAccountAdministrator, _gateway.VirtualAccount, 1),
        })
        {
            var user = await _gateway.UserAsync(name, Roles.SystemUser);
            await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().SetAccountRoleAsync(
                _gateway.Administrator, user, _gateway.Account.Id, Roles.IsOfVirtualAccount(role) ? place.Id : null, role, CancellationToken.None);
            using var http = await _gateway.RestClientOfAsync(user);
            var license = $"{place.Name}/licenses/{Uri.EscapeDataString(EntitlementTags.UcmEnhanced)}";
            Assert.Equal(terms, (await http.GetFromJsonAsync<JsonObject>("/api/v2/accounts/Example%20Account/virtual-accounts/" + license))!["terms"]!.AsArray().Count);
            using var browser = await Browser.SignInAsync(_gateway, name);
            var page = await browser.PageAsync($"/licensing/Example%20Account/{place.Name}/licenses/detail?tag={Uri.EscapeDataString(EntitlementTags.UcmEnhanced)}");
            Assert.Contains("<h1>Granted</h1>", page, StringComparison.Ordinal);
            Assert.Equal(terms > 0, page.Contains("<h2>Terms</h2>", StringComparison.Ordinal));
        }
    }

    private Task<TransferLicenses.Outcome> TransferAsync(VirtualAccountRow from, string license, long quantity, string to, string type = "") =>
        _gateway.Gateway.Services.GetRequiredService<TransferLicenses>().ExecuteAsync(
            new TransferLicenses.Request(_gateway.Administrator, from, license, type, quantity, to), CancellationToken.None);

    /// <summary>What a synchronisation does once its answer is verified.</summary>
    private Task<bool> GrantAsync(LocalAccountRow account, params (string Tag, long Quantity)[] grants) => _gateway.WriteAsync(async (session, now) =>
    {
        await new LocalAccounts(session).HoldAsync(account.Id, CancellationToken.None);
        var entitlements = new Entitlements(session);
        await entitlements.DeleteAllAsync(account.Id, CancellationToken.None);
        foreach (var (tag, quantity) in grants.Where(grant => grant.Quantity > 0))
        {
            await entitlements.AddAsync(
                new EntitlementRow { AccountId = account.Id, Id = tag, Tag = tag, Name = "Granted", DisplayName = "Granted", Description = "", Billing = "Prepaid", Quantity = quantity, StartsAt = now.AddDays(-1), Status = "Active" },
                CancellationToken.None);
        }

        return await SettlePurchases.ExecuteAsync(session, account, "a test", now, CancellationToken.None);
    });

    private async Task<VirtualAccountRow> CreateAsync(LocalAccountRow account, string name) =>
        Assert.IsType<CreateVirtualAccount.Outcome.Created>(await new CreateVirtualAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateVirtualAccount.Request(_gateway.Administrator, account, name, ""), CancellationToken.None)).VirtualAccount;

    private Task<IReadOnlyList<VirtualAccountRow>> ListAsync(LocalAccountRow account) =>
        _gateway.ReadAsync(session => new VirtualAccounts(session).ListAsync(account.Id, CancellationToken.None));

    private Task<IReadOnlyList<LicensePools.AccountPoolRow>> PoolsAsync(LocalAccountRow account) =>
        _gateway.ReadAsync(session => new LicensePools(session).ListOfAccountAsync(account.Id, CancellationToken.None));

    private async Task<long> SumAsync(LocalAccountRow account) => (await PoolsAsync(account)).Sum(pool => pool.Purchased);

    private async Task<(string Default, string Branch)> WhereAsync(string tag)
    {
        var pools = (await PoolsAsync(_gateway.Account)).Where(pool => pool.Tag == tag).ToDictionary(pool => pool.VirtualAccountId, pool => pool.Purchased);
        return ($"Default {pools.GetValueOrDefault(_gateway.VirtualAccount.Id)}", $"Branch {pools.GetValueOrDefault(_branch.Id)}");
    }

    /// <summary>What is short in Branch.</summary>
    private async Task<IEnumerable<string>> ShortAsync() => (await _gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(_gateway.Account.Id, CancellationToken.None)))
        .Where(alert => alert.VirtualAccountId == _branch.Id && alert.Kind == Alerts.InsufficientLicenses).Select(alert => alert.Source);
}

public sealed class TransferLicensesOnSqlite : TransferLicensesTests<SqliteEngine>;

public sealed class TransferLicensesOnPostgreSql : TransferLicensesTests<PostgreSqlEngine>;
