using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Registration;
using TransportGateway.Simulators;
using TransportGateway.Tests.DeviceGateway;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Accounts;

/// <summary>Deleting local accounts and local virtual accounts: refused with all that is in the way, also with what comes at the last moment.</summary>
public abstract class DeleteAccountTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<TEngine>();

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task All_blockers_are_listed_each_with_the_command_that_clears_it_and_nothing_is_deleted()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await product.AuthorizeAsync();
        await BranchAsync();
        await _gateway.ExecuteAsync("UPDATE license_pools SET purchased = 5 WHERE tag LIKE '%UCM_Enhanced%' OR tag LIKE '%UCM_EnhancedPlus%'");
        var purchased = await _gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM license_pools WHERE purchased > 0", null, CancellationToken.None));
        Assert.True(purchased > 0);
        var before = await _gateway.StateAsync();

        var blockers = Assert.IsType<DeleteLocalAccount.Outcome.Blocked>(await DeleteAsync(_gateway.Account)).Blockers;

        Assert.Equal(3, blockers.Count);
        Assert.Equal($"Product instances are registered in it (1): cucmpub ({product.State.ProductInstanceIdentifier}). Remove each: tgctl instance remove ID", blockers[0]);
        Assert.StartsWith($"Licences are purchased for it ({purchased}): UC Manager", blockers[1], StringComparison.Ordinal);
        Assert.EndsWith("Move them to another virtual account at Cisco, then: tgctl sync start --account 'Example Account'", blockers[1], StringComparison.Ordinal);
        Assert.Equal("It has local virtual accounts besides Default (1): 'Branch'. Delete each: tgctl virtual-account delete NAME --account 'Example Account'", blockers[2]);
        Assert.Equal(before, await _gateway.StateAsync());
    }

    [Fact]
    public async Task Only_the_first_few_of_many_are_named()
    {
        foreach (var number in Enumerable.Range(0, 7))
        {
            await RegisterAsync(await RegistrationUnderWay.PrepareAsync(_gateway, await _gateway.CreateTokenAsync(), $"host-{number}"));
        }

        var blocker = Assert.Single(Assert.IsType<DeleteLocalAccount.Outcome.Blocked>(await DeleteAsync(_gateway.Account)).Blockers);
        Assert.StartsWith("Product instances are registered in it (7): host-0 (", blocker, StringComparison.Ordinal);
        Assert.Contains("host-4", blocker, StringComparison.Ordinal);
        Assert.Contains(", ....", blocker, StringComparison.Ordinal);
        Assert.DoesNotContain("host-5", blocker, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_deleted_account_takes_its_tokens_clients_alerts_and_ended_registrations_along_and_its_events_stay()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        await product.AuthorizeAsync();
        Assert.NotEmpty(await AlertsAsync());
        await new RemoveInstance(_gateway.Database, TimeProvider.System).ExecuteAsync(_gateway.Administrator, product.State.ProductInstanceIdentifier!, CancellationToken.None);
        await _gateway.CreateTokenAsync();
        await _gateway.WriteAsync((session, now) => new Alerts(session).RaiseAsync(
            AlertSubject.OfAccount(_gateway.Account.Id, "A test's alert"), AlertSeverity.Minor, "", now, CancellationToken.None));
        var client = Assert.IsType<CreateApiClient.Outcome.Created>(await new CreateApiClient(_gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "toolkit", _gateway.Account.Id, [Permission.ReadInventory]), CancellationToken.None));
        await _gateway.ExecuteAsync("INSERT INTO substitution_rules (account_id, higher_tag, lower_tag) VALUES (@Id, 'a', 'b')", new { _gateway.Account.Id });

        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await DeleteAsync(_gateway.Account));

        foreach (var table in new[] { "accounts", "virtual_accounts", "registration_tokens", "product_instances", "id_certificates", "license_pools", "license_usages", "substitution_rules" })
        {
            Assert.Equal((table, 0), (table, await _gateway.CountAsync(table)));
        }

        Assert.Empty(await AlertsAsync());
        Assert.Null(await _gateway.ReadAsync(session => new ApiClients(session).FindSecretHashAsync(client.ClientId, CancellationToken.None)));
        var events = (await _gateway.EventsAsync()).Where(entry => entry.AccountId == _gateway.Account.Id).ToArray();
        Assert.Equal(
            "Local account 'Example Account' was deleted, with 2 registration token(s); 1 API client(s) were revoked.",
            Assert.Single(events, entry => entry.Kind == EventKinds.AccountDeleted).Message);
        Assert.All(
            [EventKinds.AccountCreated, EventKinds.InstanceRegistered, EventKinds.InstanceRemoved, EventKinds.ApiClientRevoked],
            kind => Assert.Contains(events, entry => entry.Kind == kind));

        var unknown = Assert.IsType<ProductResult.Refused>(await product.AuthorizeAsync());
        Assert.Contains("is not valid.Please re-register the instance.", unknown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_request_is_deleted_in_any_status_and_its_name_is_free_again()
    {
        var pending = await _gateway.RequestedAsync("TEST");
        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await DeleteAsync(pending));
        var rejected = await _gateway.ChangedAsync(await _gateway.RequestedAsync("TEST"), AccountStep.Reject, "Not this one.");
        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await DeleteAsync(rejected));
        Assert.Equal(AccountStatus.Pending, (await _gateway.RequestedAsync("TEST")).Status);
        Assert.IsType<DeleteLocalAccount.Outcome.NoSuchAccount>(await DeleteAsync(rejected));
    }

    [Fact]
    public async Task Of_eight_who_delete_an_account_at_once_one_does()
    {
        await _gateway.CreateTokenAsync();
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => DeleteAsync(_gateway.Account))));
        Assert.Single(outcomes.OfType<DeleteLocalAccount.Outcome.Deleted>());
        Assert.Equal(7, outcomes.OfType<DeleteLocalAccount.Outcome.NoSuchAccount>().Count());
        Assert.Single(await _gateway.EventsAsync(EventKinds.AccountDeleted));
    }

    [Fact]
    public async Task A_caller_for_one_account_deletes_none()
    {
        var scoped = new Caller("API client one", _gateway.Account.Id, Enum.GetValues<Permission>().ToHashSet());
        Assert.IsType<DeleteLocalAccount.Outcome.NotAllowed>(await DeleteLocal.ExecuteAsync(scoped, _gateway.Account, CancellationToken.None));
        Assert.NotNull(await _gateway.FindAccountAsync("Example Account"));
    }

    [Fact]
    public async Task A_product_that_registers_while_its_account_is_deleted_is_a_blocker()
    {
        var registration = await RegistrationUnderWay.PrepareAsync(_gateway, await _gateway.CreateTokenAsync());
        var deletion = await WhileItRegistersAsync(registration, () => DeleteAsync(_gateway.Account));
        Assert.Contains("late-comer", Assert.Single(Assert.IsType<DeleteLocalAccount.Outcome.Blocked>(deletion).Blockers), StringComparison.Ordinal);
        Assert.Single(await _gateway.InstancesAsync());
    }

    [Fact]
    public async Task A_product_that_registers_while_its_virtual_account_is_deleted_is_a_blocker()
    {
        var branch = await BranchAsync();
        var registration = await RegistrationUnderWay.PrepareAsync(_gateway, await _gateway.CreateTokenAsync(virtualAccount: branch));
        var deletion = await WhileItRegistersAsync(registration, () => DeleteAsync(branch));
        Assert.Contains("late-comer", Assert.IsType<DeleteVirtualAccount.Outcome.Blocked>(deletion).Blockers, StringComparison.Ordinal);
        Assert.Equal("Branch", Assert.Single(await _gateway.InstancesAsync()).VirtualAccountName);
    }

    [Fact]
    public async Task A_product_that_comes_too_late_for_a_deleted_account_is_refused_like_with_any_bad_token()
    {
        var token = await _gateway.CreateTokenAsync();
        var registration = await RegistrationUnderWay.PrepareAsync(_gateway, token);
        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await DeleteAsync(_gateway.Account));
        await using (var session = await _gateway.Database.BeginAsync())
        {
            Assert.IsType<RegisterInstance.Outcome.Overtaken>(await registration.ExecuteAsync(session));
        }

        Assert.IsType<RegisterInstance.Outcome.TokenRefused>(await RegisterAsync(await RegistrationUnderWay.PrepareAsync(_gateway, token)));
    }

    [Fact]
    public async Task A_product_that_is_moved_into_a_virtual_account_while_that_is_deleted_is_a_blocker()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var branch = await BranchAsync();
        await using var moving = await _gateway.Database.BeginAsync();
        await new ProductInstances(moving).MoveAsync(product.State.ProductInstanceIdentifier!, _gateway.VirtualAccount.Id, branch.Id, CancellationToken.None);

        var deletion = Task.Run(() => DeleteAsync(branch));
        await _gateway.WaitUntilBlockedAsync();
        await moving.CommitAsync();

        Assert.Contains("cucmpub", Assert.IsType<DeleteVirtualAccount.Outcome.Blocked>(await deletion).Blockers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_put_into_a_virtual_account_while_that_is_deleted_is_refused()
    {
        var product = await _gateway.RegisteredAsync(SeedProducts.Cucmpub);
        var branch = await BranchAsync();
        await using var deleting = await _gateway.Database.BeginAsync();
        await new VirtualAccounts(deleting).DeleteAsync(branch.Id, CancellationToken.None);

        var transfer = Task.Run(() => new TransferInstance(_gateway.Database, TimeProvider.System)
            .ExecuteAsync(_gateway.Administrator, product.State.ProductInstanceIdentifier!, "Branch", CancellationToken.None));
        var token = Task.Run(() => new CreateToken(_gateway.Database, _gateway.Gateway.Services.GetRequiredService<MasterKey>(), TimeProvider.System)
            .ExecuteAsync(new CreateToken.Request(_gateway.Administrator, branch, "", 30, false, null), CancellationToken.None));
        await _gateway.WaitUntilBlockedAsync();
        await deleting.CommitAsync();

        Assert.IsType<TransferInstance.Outcome.NoSuchVirtualAccount>(await transfer);
        Assert.IsType<CreateToken.Outcome.NoSuchVirtualAccount>(await token);
        Assert.IsType<DeleteVirtualAccount.Outcome.NoSuchVirtualAccount>(await DeleteAsync(branch));
    }

    [Fact]
    public async Task A_virtual_account_for_an_account_that_is_deleted_meanwhile_is_refused()
    {
        Assert.IsType<DeleteLocalAccount.Outcome.Deleted>(await DeleteAsync(_gateway.Account));
        Assert.IsType<CreateVirtualAccount.Outcome.NoSuchAccount>(await CreateVirtualAsync("Branch"));
    }

    private DeleteLocalAccount DeleteLocal => new(_gateway.Database, TimeProvider.System);

    private Task<DeleteLocalAccount.Outcome> DeleteAsync(LocalAccountRow account) => DeleteLocal.ExecuteAsync(_gateway.Administrator, account, CancellationToken.None);

    private Task<DeleteVirtualAccount.Outcome> DeleteAsync(VirtualAccountRow account) =>
        new DeleteVirtualAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(_gateway.Administrator, account, CancellationToken.None);

    private Task<CreateVirtualAccount.Outcome> CreateVirtualAsync(string name) =>
        new CreateVirtualAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(
            new CreateVirtualAccount.Request(_gateway.Administrator, _gateway.Account, name, ""), CancellationToken.None);

    private async Task<VirtualAccountRow> BranchAsync() => Assert.IsType<CreateVirtualAccount.Outcome.Created>(await CreateVirtualAsync("Branch")).VirtualAccount;

    private Task<IReadOnlyList<AlertRow>> AlertsAsync() => _gateway.ReadAsync(session => new Alerts(session).ListOpenAsync(null, CancellationToken.None));

    private Task<RegisterInstance.Outcome> RegisterAsync(RegistrationUnderWay registration) => _gateway.WriteAsync((session, _) => registration.ExecuteAsync(session));

    /// <summary>Starts the deletion after the registration has written and before it commits.</summary>
    private async Task<TOutcome> WhileItRegistersAsync<TOutcome>(RegistrationUnderWay registration, Func<Task<TOutcome>> delete)
    {
        await using var session = await _gateway.Database.BeginAsync();
        Assert.IsType<RegisterInstance.Outcome.Registered>(await registration.ExecuteAsync(session));
        var deletion = Task.Run(delete);
        await _gateway.WaitUntilBlockedAsync();
        await session.CommitAsync();
        return await deletion;
    }
}

public sealed class DeleteAccountOnSqlite : DeleteAccountTests<SqliteEngine>;

public sealed class DeleteAccountOnPostgreSql : DeleteAccountTests<PostgreSqlEngine>;
