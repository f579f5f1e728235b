using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.SignOn;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.Access;

/// <summary>Users, their passwords and their rights, on both engines.</summary>
public abstract class UserTests<TEngine> : IAsyncLifetime
    where TEngine : TestEngine, new()
{
    private static readonly Secret Other = new("Battery-Staple-8");

    private readonly FakeTimeProvider _clock = new(new DateTimeOffset(2026, 3, 1, 12, 0, 0, TimeSpan.Zero));
    private TestGateway _gateway = null!;

    public async Task InitializeAsync() => _gateway = await TestGateway.StartAsync<TEngine>(_clock);

    public async Task DisposeAsync() => await _gateway.DisposeAsync();

    [Fact]
    public async Task A_one_time_code_sets_a_password_once_within_a_day()
    {
        var created = Assert.IsType<CreateUser.Outcome.Created>(await Service<CreateUser>().ExecuteAsync(
            new CreateUser.Request(_gateway.Administrator, "anna", Roles.SystemOperator), CancellationToken.None));
        Assert.Null(await CheckAsync("anna", new Secret("")));
        Assert.IsType<SetPassword.Outcome.Invalid>(await WithCodeAsync("anna", created.Code!, new Secret("short")));
        Assert.IsType<SetPassword.Outcome.Refused>(await WithCodeAsync("anna", new Secret("AAAA-BBBB-CCCC-DDDD-EEEE"), People.Password));
        Assert.IsType<SetPassword.Outcome.Done>(await WithCodeAsync("ANNA", new Secret(created.Code!.Value.ToLowerInvariant()), People.Password));
        Assert.NotNull(await CheckAsync("Anna", People.Password));
        Assert.IsType<SetPassword.Outcome.Refused>(await WithCodeAsync("anna", created.Code, Other));

        var late = await Service<SetPassword>().IssueCodeAsync(_gateway.Administrator, created.User, CancellationToken.None);
        _clock.Advance(TimeSpan.FromHours(24));
        Assert.IsType<SetPassword.Outcome.Refused>(await WithCodeAsync("anna", Assert.IsType<SetPassword.CodeOutcome.Issued>(late).Code, Other));
        Assert.NotNull(await CheckAsync("anna", People.Password));
    }

    [Fact]
    public async Task A_former_password_does_not_come_back()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        Assert.IsType<SetPassword.Outcome.Invalid>(await ChangeAsync(user, People.Password, People.Password));
        Assert.IsType<SetPassword.Outcome.Done>(await ChangeAsync(user, People.Password, Other));
        Assert.Contains("used before", Assert.IsType<SetPassword.Outcome.Invalid>(await ChangeAsync(await FindAsync("anna"), Other, People.Password)).Reason, StringComparison.Ordinal);
        Assert.IsType<SetPassword.Outcome.Refused>(await ChangeAsync(await FindAsync("anna"), People.Password, new Secret("Something-Else-9")));
    }

    [Fact]
    public async Task A_new_password_ends_the_other_sessions_and_disabling_ends_all()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var kept = await OpenAsync(user);
        await OpenAsync(user);
        Assert.IsType<SetPassword.Outcome.Done>(await Service<SetPassword>().WithPasswordAsync(
            new Me(user, _gateway.Administrator, kept, TokenHash: null), People.Password, Other, "127.0.0.1", CancellationToken.None));
        Assert.Equal([kept], (await SessionsAsync(user)).Select(session => session.Id));
        Assert.IsType<ChangeUser.Outcome.Done>(await Service<ChangeUser>().ExecuteAsync(
            new ChangeUser.Request(_gateway.Administrator, user, user.Revision, Disabled: true), CancellationToken.None));
        Assert.Empty(await SessionsAsync(user));
        Assert.Null(await CheckAsync("anna", Other));
    }

    [Fact]
    public async Task A_session_that_nobody_used_for_long_or_that_ended_is_not_listed()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var rules = new AccessRules { IdleMinutes = 30, SessionHours = 1 };
        await Service<ChangeAccessRules>().ExecuteAsync(_gateway.Administrator, rules, CancellationToken.None);
        await OpenAsync(user);
        _clock.Advance(TimeSpan.FromMinutes(29));
        var used = await OpenAsync(user);
        Assert.Equal(2, (await SessionsAsync(user)).Count);
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal([used], (await SessionsAsync(user)).Select(session => session.Id));

        // Used to the last, and over all the same.
        await Service<ChangeAccessRules>().ExecuteAsync(_gateway.Administrator, rules with { IdleMinutes = 600 }, CancellationToken.None);
        _clock.Advance(TimeSpan.FromMinutes(58));
        Assert.Equal([used], (await SessionsAsync(user)).Select(session => session.Id));
        _clock.Advance(TimeSpan.FromMinutes(1));
        Assert.Empty(await SessionsAsync(user));
    }

    [Fact]
    public async Task A_user_is_not_called_by_dots_alone()
    {
        foreach (var name in new[] { ".", ".." })
        {
            Assert.IsType<CreateUser.Outcome.Invalid>(await Service<CreateUser>().ExecuteAsync(new CreateUser.Request(_gateway.Administrator, name, Roles.SystemUser), CancellationToken.None));
        }
    }

    [Fact]
    public async Task The_last_system_administrator_stays_one()
    {
        var change = Service<ChangeUser>();
        var only = await _gateway.UserAsync("only", Roles.SystemAdministrator);
        Assert.IsType<ChangeUser.Outcome.LastAdministrator>(await change.RemoveAsync(_gateway.Administrator, only, CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.LastAdministrator>(await change.ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, only, only.Revision, Disabled: true), CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.LastAdministrator>(
            await change.ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, only, only.Revision, SystemRole: Roles.SystemUser), CancellationToken.None));
        Assert.Equal((Roles.SystemAdministrator, false, only.Revision), await FindAsync("only") is var kept ? (kept.SystemRole, kept.Disabled, kept.Revision) : default);
        await _gateway.UserAsync("second", Roles.SystemAdministrator);
        Assert.IsType<ChangeUser.Outcome.Done>(await change.RemoveAsync(_gateway.Administrator, only, CancellationToken.None));
    }

    [Fact]
    public async Task An_administrator_without_a_password_does_not_count_as_one_who_can_sign_in()
    {
        var only = await _gateway.UserAsync("only", Roles.SystemAdministrator);
        Assert.IsType<CreateUser.Outcome.Created>(await Service<CreateUser>().ExecuteAsync(new CreateUser.Request(_gateway.Administrator, "tocome", Roles.SystemAdministrator), CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.LastAdministrator>(await Service<ChangeUser>().RemoveAsync(_gateway.Administrator, only, CancellationToken.None));
    }

    [Fact]
    public async Task Two_administrators_who_remove_each_other_at_once_do_not_both_go()
    {
        for (var round = 0; round < 10; round++)
        {
            var both = await Task.WhenAll(new[] { "one", "other" }.Select(name => _gateway.UserAsync($"{name}-{round}", Roles.SystemAdministrator)));
            await Task.WhenAll(both.Select(user => Task.Run(() => Service<ChangeUser>().RemoveAsync(_gateway.Administrator, user, CancellationToken.None))));
            var left = await _gateway.ReadAsync(session => new Users(session).ListAsync(CancellationToken.None));
            Assert.NotEmpty(left);
            await _gateway.WriteAsync((session, _) => session.ExecuteAsync("DELETE FROM users", null, CancellationToken.None));
        }
    }

    [Fact]
    public async Task Who_signs_in_with_the_old_password_while_it_is_changed_is_out_afterwards()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var client = Assert.IsType<CreateApiClient.Outcome.Created>(await Service<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "a program", AccountId: null, Enum.GetValues<Permission>()), CancellationToken.None));
        // Passwords are checked one after the other, so that some of these read the user before the change and are checked after it.
        var signIns = Enumerable.Range(0, 6).Select(_ => Service<SignIn>().ExecuteAsync(new SignIn.Request("anna", People.Password, "127.0.0.1", "a browser"), CancellationToken.None)).ToArray();
        var tokens = Enumerable.Range(0, 6).Select(_ => Service<IssueAccessToken>().ExecuteAsync(
            new IssueAccessToken.Request(client.ClientId, client.ClientSecret, new IssueAccessToken.UserPassword("anna", People.Password, ""), "127.0.0.1"), CancellationToken.None)).ToArray();
        var changed = ChangeAsync(user, People.Password, Other);
        var late = Enumerable.Range(0, 6).Select(_ => Service<SignIn>().ExecuteAsync(new SignIn.Request("anna", People.Password, "127.0.0.1", "a browser"), CancellationToken.None)).ToArray();

        Assert.IsType<SetPassword.Outcome.Done>(await changed);
        await Task.WhenAll([.. signIns, .. late, .. tokens.Select(token => (Task)token)]);

        Assert.Empty(await SessionsAsync(user));
        Assert.Equal(0, await _gateway.ReadAsync(session => session.ScalarAsync<long>("SELECT COUNT(*) FROM access_tokens", null, CancellationToken.None)));
        Assert.IsType<SignIn.Outcome.Refused>(await Service<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None));
        Assert.IsType<SignIn.Outcome.SignedIn>(await Service<SignIn>().OpenAsync(await FindAsync("anna"), complete: true, "127.0.0.1", "a browser", CancellationToken.None));
    }

    [Fact]
    public async Task Who_was_disabled_since_the_password_was_checked_does_not_get_in()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        Assert.IsType<ChangeUser.Outcome.Done>(await Service<ChangeUser>().ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, user, user.Revision, Disabled: true), CancellationToken.None));
        Assert.IsType<SignIn.Outcome.Refused>(await Service<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None));
    }

    [Fact]
    public async Task A_code_that_was_replaced_does_not_use_its_successor_up()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var (now, codes) = (_clock.GetUtcNow(), new List<string>());
        foreach (var _ in new[] { "leaked", "new" })
        {
            codes.Add(Assert.IsType<SetPassword.CodeOutcome.Issued>(await Service<SetPassword>().IssueCodeAsync(_gateway.Administrator, user, CancellationToken.None)).Code.Value);
        }

        Assert.False(await _gateway.WriteAsync((session, _) => new PasswordCodes(session).RedeemAsync(user.Id, Credentials.Hash(codes[0]), now, CancellationToken.None)));
        Assert.IsType<SetPassword.Outcome.Done>(await WithCodeAsync("anna", new Secret(codes[1]), Other));
    }

    [Fact]
    public async Task A_code_of_a_second_factor_that_is_taken_away_meanwhile_switches_nothing_on()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var enrolment = await Service<SecondFactor>().EnrolAsync(user, "gateway", CancellationToken.None);
        var seen = await FindAsync("anna");
        await Service<SecondFactor>().TakeAwayAsync(_gateway.Administrator, user, CancellationToken.None);
        var code = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(enrolment.Key.Value)).ComputeTotp(_clock.GetUtcNow().UtcDateTime);
        Assert.False(await Service<SecondFactor>().TakeAsync(seen, code, CancellationToken.None));
        Assert.False((await FindAsync("anna")).TotpConfirmed);
    }

    [Fact]
    public async Task Nobody_gives_more_rights_than_they_have()
    {
        var someRights = new Caller("some rights", accountId: null, new HashSet<Permission> { Permission.ManageUsers, Permission.RequestAccount });
        Assert.IsType<CreateUser.Outcome.RoleNotHeld>(await Service<CreateUser>().ExecuteAsync(new CreateUser.Request(someRights, "anna", Roles.SystemOperator), CancellationToken.None));
        Assert.IsType<CreateUser.Outcome.Created>(await Service<CreateUser>().ExecuteAsync(new CreateUser.Request(someRights, "anna", Roles.SystemUser), CancellationToken.None));
        var anna = await FindAsync("anna");
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(
            await Service<ChangeUser>().ExecuteAsync(new ChangeUser.Request(someRights, anna, anna.Revision, SystemRole: Roles.SystemAdministrator), CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(
            await Service<ChangeUser>().SetAccountRoleAsync(someRights, anna, _gateway.Account.Id, null, Roles.AccountUser, CancellationToken.None));
        var boss = await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(await Service<ChangeUser>().RemoveAsync(someRights, boss, CancellationToken.None));
        using var client = await _gateway.RestClientAsync(null, Permission.ManageUsers);
        using var code = await client.PostAsync("/api/v2/users/boss/password-code", null);
        Assert.Equal(HttpStatusCode.Forbidden, code.StatusCode);
    }

    [Fact]
    public async Task Nobody_takes_over_or_takes_from_a_user_who_has_more_rights_in_an_account()
    {
        var someRights = new Caller("some rights", accountId: null, new HashSet<Permission> { Permission.ManageUsers, Permission.RequestAccount });
        var anna = await _gateway.UserAsync("anna", Roles.SystemUser);
        var change = Service<ChangeUser>();
        Assert.IsType<ChangeUser.Outcome.Done>(await change.SetAccountRoleAsync(_gateway.Administrator, anna, _gateway.Account.Id, null, Roles.AccountAdministrator, CancellationToken.None));

        Assert.IsType<SetPassword.CodeOutcome.RoleNotHeld>(await Service<SetPassword>().IssueCodeAsync(someRights, anna, CancellationToken.None));
        Assert.False(await Service<SecondFactor>().TakeAwayAsync(someRights, anna, CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(await change.ExecuteAsync(new ChangeUser.Request(someRights, anna, anna.Revision, Disabled: true), CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(await change.RemoveAsync(someRights, anna, CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(await change.SetAccountRoleAsync(someRights, anna, _gateway.Account.Id, null, null, CancellationToken.None));

        var lesser = new Caller("less", accountId: null, new HashSet<Permission>([Permission.ManageUsers, .. Roles.PermissionsOf(Roles.AccountUser)]));
        Assert.IsType<ChangeUser.Outcome.RoleNotHeld>(await change.SetAccountRoleAsync(lesser, anna, _gateway.Account.Id, null, Roles.AccountUser, CancellationToken.None));
        using var http = await _gateway.RestClientAsync(null, Permission.ManageUsers, Permission.RequestAccount);
        using var code = await http.PostAsync("/api/v2/users/anna/password-code", null);
        Assert.Equal(HttpStatusCode.Forbidden, code.StatusCode);
        Assert.Equal(Roles.AccountAdministrator, Assert.Single(await _gateway.ReadAsync(session => new AccountRoles(session).OfUserAsync(anna.Id, CancellationToken.None))).Role);
        Assert.IsType<SetPassword.CodeOutcome.Issued>(await Service<SetPassword>().IssueCodeAsync(_gateway.Administrator, anna, CancellationToken.None));
    }

    [Fact]
    public async Task A_role_is_not_taken_under_the_name_of_another_account()
    {
        var anna = await _gateway.UserAsync("anna", Roles.SystemUser);
        var change = Service<ChangeUser>();
        await change.SetAccountRoleAsync(_gateway.Administrator, anna, _gateway.Account.Id, _gateway.VirtualAccount.Id, Roles.VirtualAccountUser, CancellationToken.None);
        Assert.IsType<ChangeUser.Outcome.Invalid>(await change.SetAccountRoleAsync(_gateway.Administrator, anna, "another", _gateway.VirtualAccount.Id, null, CancellationToken.None));
        Assert.IsType<ChangeUser.Outcome.Done>(await change.SetAccountRoleAsync(_gateway.Administrator, anna, _gateway.Account.Id, _gateway.VirtualAccount.Id, null, CancellationToken.None));
    }

    [Fact]
    public async Task Who_says_where_people_come_from_holds_all_that_their_groups_give()
    {
        var someRights = new Caller("some rights", accountId: null, new HashSet<Permission> { Permission.ManageUsers, Permission.RequestAccount });
        var directory = Service<ChangeDirectory>();
        GroupRole[] greater = [new GroupRole("cn=all", Roles.SystemAdministrator)];
        Assert.Equal([GroupRole.NotHeld], (await directory.ExecuteAsync(new ChangeDirectory.Request(someRights, Groups: greater), CancellationToken.None)).Problems);
        Assert.Equal(
            [GroupRole.NotHeld],
            (await directory.ExecuteAsync(new ChangeDirectory.Request(someRights, Groups: [new GroupRole("cn=all", Roles.AccountUser, _gateway.Account.Name)]), CancellationToken.None)).Problems);
        Assert.Equal([GroupRole.NotHeld], (await Service<ChangeProvider>().ExecuteAsync(new ChangeProvider.Request(someRights, Groups: greater), CancellationToken.None)).Problems);

        // Another directory would say who is in the group.
        Assert.Empty((await directory.ExecuteAsync(new ChangeDirectory.Request(_gateway.Administrator, Groups: greater), CancellationToken.None)).Problems);
        Assert.Equal([GroupRole.NotHeld], (await directory.ExecuteAsync(new ChangeDirectory.Request(someRights, Address: ""), CancellationToken.None)).Problems);
        using var http = await _gateway.RestClientAsync(null, Permission.ManageUsers);
        using var answer = await http.PutAsJsonAsync("/api/v2/directory", new { groups = Array.Empty<object>() });
        Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode);
    }

    [Fact]
    public async Task A_new_password_ends_the_tokens_that_programs_have_for_the_user_but_the_one_that_it_came_with()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        using var own = await _gateway.RestClientOfAsync(user);
        using var other = await _gateway.RestClientOfAsync(user);
        using var changed = await own.PostAsJsonAsync("/api/v2/me/password", new { current = People.Password.Value, password = Other.Value });
        Assert.Equal(HttpStatusCode.NoContent, changed.StatusCode);
        foreach (var (http, expected) in new[] { (own, HttpStatusCode.OK), (other, HttpStatusCode.Forbidden) })
        {
            using var answer = await http.GetAsync("/api/v2/me");
            Assert.Equal(expected, answer.StatusCode);
        }

        var code = Assert.IsType<SetPassword.CodeOutcome.Issued>(await Service<SetPassword>().IssueCodeAsync(_gateway.Administrator, user, CancellationToken.None)).Code;
        Assert.IsType<SetPassword.Outcome.Done>(await WithCodeAsync("anna", code, new Secret("Something-Else-9")));
        using var ended = await own.GetAsync("/api/v2/me");
        Assert.Equal(HttpStatusCode.Forbidden, ended.StatusCode);
    }

    [Fact]
    public async Task A_token_is_worth_nothing_once_the_password_expired_or_a_second_factor_is_needed()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        using var http = await _gateway.RestClientOfAsync(user);
        foreach (var (rules, expected) in new[]
        {
            (new AccessRules(), HttpStatusCode.OK), (new AccessRules { SecondFactorNeeded = true }, HttpStatusCode.Forbidden), (new AccessRules { PasswordDays = 1 }, HttpStatusCode.OK),
        })
        {
            Assert.Empty(await Service<ChangeAccessRules>().ExecuteAsync(_gateway.Administrator, rules, CancellationToken.None));
            using var answer = await http.GetAsync("/api/v2/me");
            Assert.Equal(expected, answer.StatusCode);
        }
    }

    [Fact]
    public async Task Of_two_administrators_who_change_a_user_at_once_the_second_is_told()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        using var client = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using var seen = await client.GetAsync("/api/v2/users/anna");
        foreach (var expected in new[] { HttpStatusCode.OK, HttpStatusCode.PreconditionFailed })
        {
            using var request = new HttpRequestMessage(HttpMethod.Patch, "/api/v2/users/anna") { Content = JsonContent.Create(new { lastName = "Changed" }) };
            request.Headers.TryAddWithoutValidation("If-Match", seen.Headers.ETag!.Tag);
            using var answer = await client.SendAsync(request);
            Assert.Equal(expected, answer.StatusCode);
        }

        Assert.Equal(user.Revision + 1, (await FindAsync("anna")).Revision);
    }

    [Fact]
    public async Task A_code_of_the_second_factor_counts_once()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        var secondFactor = Service<SecondFactor>();
        var enrolment = await secondFactor.EnrolAsync(user, "gateway", CancellationToken.None);
        var totp = new OtpNet.Totp(OtpNet.Base32Encoding.ToBytes(enrolment.Key.Value));
        Assert.False(await secondFactor.ConfirmAsync(await FindAsync("anna"), "000000", CancellationToken.None));
        Assert.False((await FindAsync("anna")).TotpConfirmed);
        var code = totp.ComputeTotp(_clock.GetUtcNow().UtcDateTime);
        Assert.True(await secondFactor.ConfirmAsync(await FindAsync("anna"), code, CancellationToken.None));
        Assert.False(await secondFactor.TakeAsync(await FindAsync("anna"), code, CancellationToken.None));
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True(await secondFactor.TakeAsync(await FindAsync("anna"), totp.ComputeTotp(_clock.GetUtcNow().UtcDateTime), CancellationToken.None));
        _clock.Advance(TimeSpan.FromMinutes(5));
        Assert.False(await secondFactor.TakeAsync(await FindAsync("anna"), totp.ComputeTotp(_clock.GetUtcNow().UtcDateTime.AddMinutes(-2)), CancellationToken.None));
    }

    [Fact]
    public async Task The_password_grant_speaks_for_the_user_as_far_as_the_program_may()
    {
        var anna = await _gateway.UserAsync("anna", Roles.SystemUser);
        await Service<ChangeUser>().SetAccountRoleAsync(_gateway.Administrator, anna, _gateway.Account.Id, null, Roles.AccountUser, CancellationToken.None);
        var reader = Assert.IsType<CreateApiClient.Outcome.Created>(await Service<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "reader", AccountId: null, [Permission.ReadInventory, Permission.ManageUsers]), CancellationToken.None));
        using var http = _gateway.HttpClient();
        Assert.Equal("invalid_grant", (await TokenAsync(http, reader, "anna", "Wrong-Password-1"))["error"]!.ToString());
        var token = await TokenAsync(http, reader, "anna", People.Password.Value);
        http.DefaultRequestHeaders.Authorization = new System.Net.Http.Headers.AuthenticationHeaderValue("Bearer", token["access_token"]!.ToString());
        Assert.Single(JsonNode.Parse(await http.GetStringAsync("/api/v2/accounts"))!.AsArray());
        using (var tokens = await http.PostAsJsonAsync("/api/v2/accounts/Example Account/virtual-accounts/Default/tokens", new { }))
        using (var users = await http.GetAsync("/api/v2/users"))
        {
            Assert.Equal((HttpStatusCode.Forbidden, HttpStatusCode.Forbidden), (tokens.StatusCode, users.StatusCode));
        }

        var changed = await FindAsync("anna");
        await Service<ChangeUser>().ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, changed, changed.Revision, Disabled: true), CancellationToken.None);
        using var ended = await http.GetAsync("/api/v2/accounts");
        Assert.Equal(HttpStatusCode.Forbidden, ended.StatusCode);
    }

    [Fact]
    public async Task Roles_go_with_the_account_that_is_deleted()
    {
        var user = await _gateway.UserAsync("anna", Roles.SystemUser);
        await Service<ChangeUser>().SetAccountRoleAsync(_gateway.Administrator, user, _gateway.Account.Id, _gateway.VirtualAccount.Id, Roles.VirtualAccountUser, CancellationToken.None);
        using var client = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using var deleted = await client.DeleteAsync("/api/v2/accounts/Example Account");
        Assert.Equal(HttpStatusCode.NoContent, deleted.StatusCode);
        Assert.Empty(await _gateway.ReadAsync(session => new AccountRoles(session).OfUserAsync(user.Id, CancellationToken.None)));
    }

    private static async Task<JsonNode> TokenAsync(HttpClient http, CreateApiClient.Outcome.Created client, string name, string password)
    {
        using var answer = await http.PostAsJsonAsync(
            "/oauth/token", new { grant_type = "password", client_id = client.ClientId, client_secret = client.ClientSecret.Value, username = name, password });
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }

    private T Service<T>()
        where T : notnull => _gateway.Gateway.Services.GetRequiredService<T>();

    private Task<UserRow?> CheckAsync(string name, Secret password) => Service<CheckPassword>().ExecuteAsync(name, password, "127.0.0.1", CancellationToken.None);

    private Task<SetPassword.Outcome> WithCodeAsync(string name, Secret code, Secret next) => Service<SetPassword>().WithCodeAsync(name, code, next, "127.0.0.1", CancellationToken.None);

    private Task<SetPassword.Outcome> ChangeAsync(UserRow user, Secret current, Secret next) =>
        Service<SetPassword>().WithPasswordAsync(new Me(user, _gateway.Administrator, SessionId: null, TokenHash: null), current, next, "127.0.0.1", CancellationToken.None);

    private async Task<UserRow> FindAsync(string name) => (await _gateway.ReadAsync(session => new Users(session).FindByNameAsync(name, CancellationToken.None)))!;

    private Task<IReadOnlyList<SessionRow>> SessionsAsync(UserRow user) => _gateway.ReadAsync(session => new Sessions(session).ListAsync(user.Id, _clock.GetUtcNow(), CancellationToken.None));

    private async Task<string> OpenAsync(UserRow user)
    {
        var opened = Assert.IsType<SignIn.Outcome.SignedIn>(await Service<SignIn>().OpenAsync(user, complete: true, "127.0.0.1", "a browser", CancellationToken.None));
        return (await _gateway.ReadAsync(session => new Sessions(session).FindAsync(Credentials.Hash(opened.Session.Value), CancellationToken.None)))!.Id;
    }
}

public sealed class UsersOnSqlite : UserTests<SqliteEngine>;

public sealed class UsersOnPostgreSql : UserTests<PostgreSqlEngine>;
