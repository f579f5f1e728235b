using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Accounts;

/// <summary>From the request for a local account to its registration, and every other way it can go.</summary>
public abstract class AccountRequestTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private TestGateway _gateway = null!;

    // The event log is in the order of time, so no two events may happen at the same instant.
    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<TEngine>(
        new FakeTimeProvider(TimeProvider.System.GetUtcNow()) { AutoAdvanceAmount = TimeSpan.FromMilliseconds(1) });

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_request_is_approved_and_registered_with_who_did_it_in_the_event_log()
    {
        var requested = await _gateway.RequestedAsync("TEST");
        Assert.Equal(
            (AccountStatus.Pending, AccountRequests.SmartAccount, "TEST", AccountRequests.Email, "TEST-1", "administrator"),
            (requested.Status, requested.SmartAccount, requested.CloudVirtualAccount, requested.NotificationEmail, requested.TenantId, requested.CreatedBy));
        Assert.True((await DefaultOfAsync(requested)).IsDefault);

        Assert.Equal(AccountStatus.AwaitingAuthorization, (await _gateway.ChangedAsync(requested, AccountStep.Approve)).Status);
        await _gateway.WriteAsync((session, now) => FailAccountRegistration.ExecuteAsync(session, requested, "There is no such Smart Account.", "root", now, CancellationToken.None));
        Assert.Equal("Error: There is no such Smart Account.", await ShownAsync("TEST"));
        await _gateway.WriteAsync((session, now) => CompleteAccountRegistration.ExecuteAsync(session, requested, "root", now, CancellationToken.None));
        Assert.Equal("Active", await ShownAsync("TEST"));
        Assert.Equal("", (await _gateway.FindAccountAsync("TEST"))!.StatusReason);
        await _gateway.WriteAsync((session, now) => CompleteAccountRegistration.ExecuteAsync(session, requested, "root", now, CancellationToken.None));

        Assert.Equal(
            [
                "administrator account-requested Local account 'TEST' was requested for the virtual account 'TEST' of 'annanr.example.com'; notices go to licences@example.com.",
                "administrator account-approved Local account 'TEST' was approved.",
                "root account-registration-failed Local account 'TEST' is in error: There is no such Smart Account.",
                "root account-registered Local account 'TEST' was registered with Software Central.",
                "root account-registered Local account 'TEST' was registered with Software Central.",
            ],
            (await _gateway.EventsAsync()).Where(entry => entry.AccountId == requested.Id).Reverse().Select(entry => $"{entry.Actor} {entry.Kind} {entry.Message}"));
    }

    [Fact]
    public async Task A_rejected_name_keeps_the_reason_and_can_be_requested_again()
    {
        var rejected = await _gateway.ChangedAsync(await _gateway.RequestedAsync("TEST"), AccountStep.Reject, "Ask for it next year.");
        Assert.Equal("Rejected: Ask for it next year.", AccountStatus.Shown(rejected.Status, rejected.StatusReason));
        Assert.Contains("was rejected: Ask for it next year.", Assert.Single(await _gateway.EventsAsync(EventKinds.AccountRejected)).Message, StringComparison.Ordinal);

        var again = Assert.IsType<RequestAccount.Outcome.Requested>(
            await _gateway.RequestAsync("Test", "Another VA", "other.example.com", "second@example.com")).Account;
        Assert.Equal(
            (rejected.Id, "Test", AccountStatus.Pending, "", "other.example.com", "Another VA", "second@example.com", "TEST-1"),
            (again.Id, again.Name, again.Status, again.StatusReason, again.SmartAccount, again.CloudVirtualAccount, again.NotificationEmail, again.TenantId));
        Assert.Equal("Default", (await DefaultOfAsync(again)).Name);
        Assert.Equal(AccountStatus.AwaitingAuthorization, (await _gateway.ChangedAsync(again, AccountStep.Approve)).Status);
    }

    [Fact]
    public async Task All_that_is_wrong_with_a_request_is_said_at_once_and_nothing_is_stored()
    {
        var outcome = await _gateway.RequestAsync("a/b", " ", "Smart\u0001Account", "Licences <licences@example.com>");
        Assert.Equal(
            [
                "The local account name holds a slash, which the REST API's paths cannot carry; leave it out.",
                "The Cisco Smart Account holds a control character; leave it out.",
                "The Cisco virtual account is missing; give it 1 to 255 characters.",
                "The e-mail for notification 'Licences <licences@example.com>' is not one address, as in licences@example.com.",
            ],
            Assert.IsType<RequestAccount.Outcome.Invalid>(outcome).Reasons);
        Assert.Empty(await _gateway.EventsAsync(EventKinds.AccountRequested));
        Assert.Null(await _gateway.FindAccountAsync("a/b"));
    }

    [Theory]
    [InlineData("")]
    [InlineData("nobody")]
    [InlineData("a@example.com, b@example.com")]
    [InlineData("a@example.com\r\nBcc: b@example.com")]
    public async Task An_e_mail_that_is_not_one_address_is_refused(string email) =>
        Assert.Contains("The e-mail for notification", Assert.Single(Assert.IsType<RequestAccount.Outcome.Invalid>(await _gateway.RequestAsync("TEST", email: email)).Reasons), StringComparison.Ordinal);

    [Fact]
    public async Task A_virtual_account_at_Cisco_belongs_to_one_local_account_which_is_named()
    {
        var first = await _gateway.RequestedAsync("TEST");
        Assert.Equal(
            "Local account 'TEST' stands for the virtual account 'TEST' of 'annanr.example.com' already; each local account needs one of its own.",
            Assert.IsType<RequestAccount.Outcome.Taken>(await _gateway.RequestAsync("Second", "test", "ANNANR.example.com")).Reason);

        await _gateway.ChangedAsync(first, AccountStep.Reject, "Not this one.");
        Assert.IsType<RequestAccount.Outcome.Requested>(await _gateway.RequestAsync("Second", "test"));
        Assert.Contains("'Second' stands for", Assert.IsType<RequestAccount.Outcome.Taken>(await _gateway.RequestAsync("TEST")).Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_name_that_is_taken_is_refused_with_what_it_is_taken_by()
    {
        Assert.Equal(
            "There is a local account 'Example Account' already; choose another name.",
            Assert.IsType<RequestAccount.Outcome.Taken>(await _gateway.RequestAsync("example account")).Reason);

        var requested = await _gateway.RequestedAsync("TEST");
        Assert.Contains("'TEST' is requested already", Assert.IsType<RequestAccount.Outcome.Taken>(await _gateway.RequestAsync("test", "another")).Reason, StringComparison.Ordinal);
        Assert.Contains("'TEST' is requested already", await CreateRefusalAsync("Test"), StringComparison.Ordinal);
        await _gateway.ChangedAsync(requested, AccountStep.Reject, "Not this one.");
        Assert.Contains("delete it first: tgctl account delete 'TEST'", await CreateRefusalAsync("Test"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Of_eight_who_ask_at_once_one_gets_the_name_and_one_the_virtual_account()
    {
        var named = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() => _gateway.RequestAsync("TEST", $"VA {number}"))));
        Assert.Single(named.OfType<RequestAccount.Outcome.Requested>());
        Assert.Equal(7, named.OfType<RequestAccount.Outcome.Taken>().Count());

        var standing = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() => _gateway.RequestAsync($"Account {number}", "One VA"))));
        Assert.Single(standing.OfType<RequestAccount.Outcome.Requested>());
        Assert.Equal(7, standing.OfType<RequestAccount.Outcome.Taken>().Count());

        var created = await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => Task.Run(() => CreateAsync("Local"))));
        Assert.Single(created.OfType<CreateLocalAccount.Outcome.Created>());
        Assert.Equal(7, created.OfType<CreateLocalAccount.Outcome.NameTaken>().Count());
    }

    [Fact]
    public async Task Of_eight_who_ask_again_for_a_rejected_name_one_gets_it()
    {
        await _gateway.ChangedAsync(await _gateway.RequestedAsync("TEST"), AccountStep.Reject, "Not this one.");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(number => Task.Run(() => _gateway.RequestAsync("TEST", $"VA {number}"))));
        Assert.Single(outcomes.OfType<RequestAccount.Outcome.Requested>());
        Assert.Equal(7, outcomes.OfType<RequestAccount.Outcome.Taken>().Count());
        Assert.Equal(2, (await _gateway.EventsAsync(EventKinds.AccountRequested)).Count);
    }

    [Fact]
    public async Task Of_those_who_approve_and_reject_at_once_only_one_decides()
    {
        var requested = await _gateway.RequestedAsync("TEST");
        var outcomes = await Task.WhenAll(Enumerable.Range(0, 8).Select(number =>
            Task.Run(() => _gateway.ChangeAsync(requested, number % 2 == 0 ? AccountStep.Approve : AccountStep.Reject, "Not this one."))));
        Assert.Single(outcomes.OfType<ChangeAccountStatus.Outcome.Changed>());
        Assert.Equal(7, outcomes.OfType<ChangeAccountStatus.Outcome.NotPossible>().Count());
        Assert.Single(await _gateway.EventsAsync(), entry => entry.Kind is EventKinds.AccountApproved or EventKinds.AccountRejected);
    }

    [Fact]
    public async Task A_step_that_the_status_does_not_allow_changes_nothing_and_leaves_no_event()
    {
        var requested = await _gateway.RequestedAsync("TEST");
        var before = (await _gateway.EventsAsync()).Count;
        foreach (var step in new[] { AccountStep.Activate, AccountStep.Deactivate, AccountStep.RegisterAgain })
        {
            Assert.Contains("it is Pending", Assert.IsType<ChangeAccountStatus.Outcome.NotPossible>(await _gateway.ChangeAsync(requested, step)).Reason, StringComparison.Ordinal);
        }

        var completed = await _gateway.WriteAsync((session, now) => CompleteAccountRegistration.ExecuteAsync(session, requested, "root", now, CancellationToken.None));
        Assert.Contains("it is Pending", Assert.IsType<ChangeAccountStatus.Outcome.NotPossible>(completed).Reason, StringComparison.Ordinal);
        Assert.Equal("Pending", await ShownAsync("TEST"));
        Assert.Equal(before, (await _gateway.EventsAsync()).Count);
    }

    [Fact]
    public async Task A_rejection_needs_a_reason()
    {
        var requested = await _gateway.RequestedAsync("TEST");
        foreach (var reason in new[] { "", "   ", "two\nlines", new string('x', 1001) })
        {
            Assert.IsType<ChangeAccountStatus.Outcome.ReasonInvalid>(await _gateway.ChangeAsync(requested, AccountStep.Reject, reason));
        }

        Assert.Equal("Pending", await ShownAsync("TEST"));
    }

    [Fact]
    public async Task An_account_without_a_Smart_Account_is_deactivated_and_activated_but_never_registered_again()
    {
        Assert.Equal(AccountStatus.Inactive, (await _gateway.ChangedAsync(_gateway.Account, AccountStep.Deactivate)).Status);
        Assert.Contains(
            "without a Smart Account",
            Assert.IsType<ChangeAccountStatus.Outcome.NotPossible>(await _gateway.ChangeAsync(_gateway.Account, AccountStep.RegisterAgain)).Reason,
            StringComparison.Ordinal);
        Assert.Equal(AccountStatus.Active, (await _gateway.ChangedAsync(_gateway.Account, AccountStep.Activate)).Status);
    }

    [Fact]
    public async Task A_registered_account_is_registered_again_from_active_inactive_and_error()
    {
        var account = await _gateway.ChangedAsync(await _gateway.RequestedAsync("TEST"), AccountStep.Approve);
        foreach (var step in new AccountStep?[] { null, AccountStep.Deactivate, AccountStep.FailRegistration })
        {
            await _gateway.WriteAsync((session, now) => CompleteAccountRegistration.ExecuteAsync(session, account, "root", now, CancellationToken.None));
            if (step is { } taken)
            {
                await _gateway.ChangedAsync(account, taken, taken == AccountStep.FailRegistration ? "Lost." : "");
            }

            var again = await _gateway.ChangedAsync(account, AccountStep.RegisterAgain);
            Assert.Equal((AccountStatus.AwaitingAuthorization, ""), (again.Status, again.StatusReason));
        }
    }

    [Fact]
    public async Task A_caller_for_one_account_manages_no_accounts_and_only_the_clients_of_its_own()
    {
        var scoped = new Caller("API client one", _gateway.Account.Id, Enum.GetValues<Permission>().ToHashSet());
        var requested = await _gateway.RequestedAsync("TEST");

        Assert.IsType<RequestAccount.Outcome.NotAllowed>(await _gateway.RequestAsync("More", by: scoped));
        Assert.IsType<ChangeAccountStatus.Outcome.NotAllowed>(await _gateway.ChangeAsync(requested, AccountStep.Approve, by: scoped));
        Assert.IsType<ChangeAccountStatus.Outcome.NotAllowed>(await _gateway.ChangeAsync(_gateway.Account, AccountStep.Deactivate, by: scoped));
        Assert.IsType<CreateLocalAccount.Outcome.NotAllowed>(await CreateAsync("More", scoped));
        var create = new CreateApiClient(_gateway.Database, TimeProvider.System);
        foreach (var accountId in new[] { null, requested.Id })
        {
            Assert.IsType<CreateApiClient.Outcome.OtherAccount>(
                await create.ExecuteAsync(new CreateApiClient.Request(scoped, "more", accountId, [Permission.ReadInventory]), CancellationToken.None));
        }

        Assert.IsType<CreateApiClient.Outcome.Created>(
            await create.ExecuteAsync(new CreateApiClient.Request(scoped, "more", _gateway.Account.Id, [Permission.ReadInventory]), CancellationToken.None));
        Assert.Equal("Pending", await ShownAsync("TEST"));
        Assert.Null(await _gateway.FindAccountAsync("More"));
    }

    private async Task<string> ShownAsync(string name)
    {
        var account = (await _gateway.FindAccountAsync(name))!;
        return AccountStatus.Shown(account.Status, account.StatusReason);
    }

    private async Task<VirtualAccountRow> DefaultOfAsync(LocalAccountRow account) =>
        Assert.Single(await _gateway.ReadAsync(session => new VirtualAccounts(session).ListAsync(account.Id, CancellationToken.None)));

    private Task<CreateLocalAccount.Outcome> CreateAsync(string name, Caller? by = null) =>
        new CreateLocalAccount(_gateway.Database, TimeProvider.System).ExecuteAsync(by ?? _gateway.Administrator, name, CancellationToken.None);

    private async Task<string> CreateRefusalAsync(string name) => Assert.IsType<CreateLocalAccount.Outcome.NameTaken>(await CreateAsync(name)).Reason;
}

public sealed class AccountRequestOnSqlite : AccountRequestTests<SqliteEngine>;

public sealed class AccountRequestOnPostgreSql : AccountRequestTests<PostgreSqlEngine>;
