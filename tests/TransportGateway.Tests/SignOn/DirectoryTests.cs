using System.Net;
using System.Net.Http.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.SignOn;
using TransportGateway.Tests.Harness;
using TransportGateway.Tests.HostTls;

namespace TransportGateway.Tests.SignOn;

/// <summary>People of a real OpenLDAP directory sign in.</summary>
public sealed class DirectoryTests : IAsyncLifetime
{
    private const string Licensing = "cn=licensing," + DirectoryServer.Base;
    private const string Branch = "cn=branch," + DirectoryServer.Base;

    private TestGateway _gateway = null!;
    private DirectoryServer _server = null!;

    public async Task InitializeAsync()
    {
        _server = await DirectoryServer.StartAsync();
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _server.DisposeAsync();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_person_of_a_group_with_a_role_signs_in_over_tls(bool ldaps)
    {
        await SetAsync(ldaps ? _server.Ldaps : _server.StartTls);
        using var browser = await Browser.SignInAsync(_gateway, "ann");
        Assert.Contains("ann", await browser.PageAsync("/profile"), StringComparison.Ordinal);

        var user = await FindAsync("ann");
        Assert.Equal((UserOrigin.Ldap, Roles.SystemOperator, "ann@example.com", "Example"), (user!.Origin, user.SystemRole, user.Email, user.LastName));
        Assert.Equal("", user.PasswordHash);
        // Every bind of a person was inside TLS.
        await Wait.UntilAsync(() => _server.Log.Contains("BIND dn=\"uid=ann,", StringComparison.Ordinal));
        Assert.DoesNotContain(_server.Log.Split('\n'), line => line.Contains("mech=SIMPLE", StringComparison.Ordinal) && line.Contains(" ssf=0", StringComparison.Ordinal) && line.Contains("dn=\"uid=", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("ann", "Wrong-Password-1")]
    [InlineData("ann", "")]
    [InlineData("*", "Correct-Horse-7")]
    [InlineData("ann)(uid=*", "Correct-Horse-7")]
    [InlineData("nobody", "Correct-Horse-7")]
    public async Task A_wrong_password_an_empty_one_and_a_name_that_is_a_filter_are_refused(string name, string password)
    {
        await SetAsync(_server.Ldaps);
        Assert.Null(await CheckAsync(name, password));
        Assert.Null(await FindAsync("ann"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_directory_whose_certificate_does_not_verify_is_told_nothing(bool ldaps)
    {
        using var foreign = new SiteAuthority(TimeProvider.System.GetUtcNow(), "Foreign");
        await SetAsync(ldaps ? _server.Ldaps : _server.StartTls, foreign.RootPem);
        await Assert.ThrowsAsync<BusyException>(() => CheckAsync("ann", People.Password.Value));
        Assert.DoesNotContain("BIND dn=\"cn=reader", _server.Log, StringComparison.Ordinal);
        Assert.DoesNotContain("BIND dn=\"uid=", _server.Log, StringComparison.Ordinal);
        Assert.Contains("tlsAnchors", Assert.Single(await _gateway.EventsAsync(EventKinds.DirectoryUnreachable)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_local_users_password_is_never_sent_to_the_directory()
    {
        await SetAsync(_server.Ldaps);
        await _gateway.UserAsync("ann", Roles.SystemUser);
        Assert.Null(await CheckAsync("ann", "Another-Password-1"));
        Assert.Equal(UserOrigin.Local, (await CheckAsync("Ann", People.Password.Value))!.Origin);
        Assert.DoesNotContain("BIND", _server.Log, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Roles_follow_the_groups_at_every_sign_in()
    {
        await SetAsync(_server.StartTls);
        var bob = await CheckAsync("bob", People.Password.Value);
        Assert.Equal(Roles.SystemUser, bob!.SystemRole);
        var role = Assert.Single(await _gateway.ReadAsync(session => new AccountRoles(session).OfUserAsync(bob.Id, CancellationToken.None)));
        Assert.Equal((Roles.VirtualAccountAdministrator, _gateway.VirtualAccount.Id), (role.Role, role.VirtualAccountId));

        await _server.ModifyAsync($"dn: {Licensing}\nchangetype: modify\nadd: member\nmember: uid=bob,ou=people,{DirectoryServer.Base}\n");
        Assert.Equal(Roles.SystemOperator, (await CheckAsync("bob", People.Password.Value))!.SystemRole);
        await _server.ModifyAsync($"dn: {Licensing}\nchangetype: modify\ndelete: member\nmember: uid=bob,ou=people,{DirectoryServer.Base}\n");
        await _server.ModifyAsync($"dn: {Branch}\nchangetype: delete\n");
        Assert.Null(await CheckAsync("bob", People.Password.Value));
        Assert.Contains(await _gateway.EventsAsync(EventKinds.SignInRefused), entry => entry.Message.Contains("none of the person's groups", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_person_of_the_directory_is_disabled_here_and_locked_here_but_gets_roles_from_the_groups_alone()
    {
        await SetAsync(_server.Ldaps);
        var ann = (await CheckAsync("ann", People.Password.Value))!;
        var change = _gateway.Gateway.Services.GetRequiredService<ChangeUser>();
        var refused = await change.ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, ann, ann.Revision, SystemRole: Roles.SystemAdministrator), CancellationToken.None);
        Assert.Contains("groups", Assert.IsType<ChangeUser.Outcome.Invalid>(refused).Reason, StringComparison.Ordinal);
        Assert.IsType<ChangeUser.Outcome.Invalid>(await change.SetAccountRoleAsync(_gateway.Administrator, ann, _gateway.Account.Id, null, Roles.AccountUser, CancellationToken.None));

        for (var i = 0; i < 5; i++)
        {
            Assert.Null(await CheckAsync("ann", "Wrong-Password-1"));
        }

        Assert.Null(await CheckAsync("ann", People.Password.Value));
        // The directory tells in order, but a little later: once it tells of bob, it has told all of ann.
        Assert.NotNull(await CheckAsync("bob", People.Password.Value));
        await Wait.UntilAsync(() => _server.Log.Contains("BIND dn=\"uid=bob,", StringComparison.Ordinal));
        Assert.Equal(1 + 5, Regex.Count(_server.Log, "BIND dn=\"uid=ann,[^\n]*method="));

        var locked = (await FindAsync("ann"))!;
        Assert.IsType<ChangeUser.Outcome.Done>(await change.ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, locked, locked.Revision), CancellationToken.None));
        Assert.NotNull(await CheckAsync("ann", People.Password.Value));
        var unlocked = (await FindAsync("ann"))!;
        await change.ExecuteAsync(new ChangeUser.Request(_gateway.Administrator, unlocked, unlocked.Revision, Disabled: true), CancellationToken.None);
        Assert.Null(await CheckAsync("ann", People.Password.Value));
    }

    [Fact]
    public async Task The_last_local_administrator_stays_though_the_directory_has_others()
    {
        await SetAsync(_server.Ldaps, role: Roles.SystemAdministrator);
        Assert.Equal(Roles.SystemAdministrator, (await CheckAsync("ann", People.Password.Value))!.SystemRole);
        var local = await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        Assert.IsType<ChangeUser.Outcome.LastAdministrator>(await _gateway.Gateway.Services.GetRequiredService<ChangeUser>().RemoveAsync(_gateway.Administrator, local, CancellationToken.None));
    }

    [Fact]
    public async Task The_test_tells_what_the_directory_says_of_a_person()
    {
        await SetAsync(_server.Ldaps);
        using var http = await _gateway.RestClientAsync(null, Permission.ManageUsers);
        var found = await TestAsync(http, new { name = "ann" });
        Assert.Equal(("true", "operator", Licensing), (found["found"]!.ToString(), found["systemRole"]!.ToString(), found["groups"]![0]!.ToString()));
        Assert.Equal("true", (await TestAsync(http, new { name = "ann", password = People.Password.Value }))["found"]!.ToString());
        Assert.Equal("false", (await TestAsync(http, new { name = "ann", password = "wrong" }))["found"]!.ToString());
        Assert.Null(await FindAsync("ann"));

        var settings = await http.GetStringAsync("/api/v2/directory");
        Assert.DoesNotContain(DirectoryServer.ReaderPassword, settings, StringComparison.Ordinal);
        var moved = await http.PutAsJsonAsync("/api/v2/directory", new { address = "ldaps://elsewhere.example.com" });
        Assert.Equal(HttpStatusCode.BadRequest, moved.StatusCode);
        Assert.Contains("bindPassword: give it again", await moved.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("address", "http://ldap.example.com", "ldaps://HOST")]
    [InlineData("userFilter", "(uid=ann)", "{0}")]
    [InlineData("idAttribute", "entry UUID)", "no name of an attribute")]
    [InlineData("tlsAnchors", "no pem", "no certificate is in it")]
    public async Task Settings_that_will_not_do_are_refused_with_what_would(string member, string value, string expected)
    {
        using var http = await _gateway.RestClientAsync(null, Permission.ManageUsers);
        using var answer = await http.PutAsJsonAsync("/api/v2/directory", new JsonObject { [member] = value });
        Assert.Equal(HttpStatusCode.BadRequest, answer.StatusCode);
        Assert.Contains(expected, JsonNode.Parse(await answer.Content.ReadAsStringAsync())!["detail"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_console_and_the_page_set_the_same_directory_and_test_it()
    {
        var root = Write("directory.pem", _server.RootPem);
        var password = Write("password", DirectoryServer.ReaderPassword);
        var groups = Write("groups.json", $$"""[{"group": "{{Licensing}}", "role": "operator"}]""");
        Assert.Contains(
            $"{Licensing} = operator",
            await _gateway.TgctlDoneAsync(
                "directory", "set", "--address", _server.StartTls, "--bind-name", DirectoryServer.ReaderName, "--bind-password-file", password, "--user-base", DirectoryServer.Base, "--tls-anchors", root, "--groups", groups),
            StringComparison.Ordinal);
        Assert.Contains("System role:         operator", await _gateway.TgctlDoneAsync("directory", "test", "ann"), StringComparison.Ordinal);

        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = await Browser.SignInAsync(_gateway, "boss");
        Assert.Contains($"{Licensing} = operator", await browser.PageAsync("/administration/access-management"), StringComparison.Ordinal);
        using (var answer = await browser.PostAsync(
            "/administration/access-management?handler=Directory",
            ("Address", _server.Ldaps), ("TlsAnchors", _server.RootPem), ("BindName", DirectoryServer.ReaderName), ("UserBase", DirectoryServer.Base), ("UserFilter", "(uid={0})"), ("NameAttribute", "uid"),
            ("IdAttribute", "entryUUID"), ("GroupFilter", "(member={0})"), ("Groups", $"{Licensing} = user\r\n{Branch} = account-user in {_gateway.Account.Name}")))
        {
            Assert.Equal(HttpStatusCode.Redirect, answer.StatusCode);
        }

        using var tested = await browser.PostAsync("/administration/access-management?handler=Test", ("name", "ann"), ("password", People.Password.Value));
        Assert.Contains("System role: System User", await tested.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(Roles.SystemUser, (await CheckAsync("ann", People.Password.Value))!.SystemRole);
        using var wrong = await browser.PostAsync("/administration/access-management?handler=Directory", ("Groups", "no role at all"));
        Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    [Fact]
    public async Task A_directory_that_is_away_leaves_local_users_in()
    {
        await SetAsync($"ldaps://127.0.0.1:{Loopback.FreePort()}");
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        Assert.Equal(StatusCodes.Status503ServiceUnavailable, (await Assert.ThrowsAsync<BusyException>(() => CheckAsync("ann", People.Password.Value))).StatusCode);
        Assert.NotNull(await CheckAsync("boss", People.Password.Value));
        Assert.Contains("cannot be reached", Assert.Single(await _gateway.EventsAsync(EventKinds.DirectoryUnreachable)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task While_the_directory_is_away_its_people_are_told_so_and_neither_lock_themselves_nor_block_their_address()
    {
        await SetAsync(_server.Ldaps);
        Assert.NotNull(await CheckAsync("ann", People.Password.Value));
        await SetAsync($"ldaps://127.0.0.1:{Loopback.FreePort()}");
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var browser = new Browser(_gateway);
        for (var attempt = 0; attempt <= SignInThrottle.MostFailures; attempt++)
        {
            using var answer = await browser.PostAsync("/sign-in", ("name", "ann"), ("password", People.Password.Value));
            Assert.Equal((HttpStatusCode.ServiceUnavailable, "10"), (answer.StatusCode, answer.Headers.RetryAfter!.ToString()));
            Assert.Contains("The directory in which people&#x27;s passwords are kept cannot be reached now", await answer.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal((0, null), await FindAsync("ann") is var ann ? (ann!.FailedAttempts, ann.LockedUntil) : default);
        using var boss = await Browser.SignInAsync(_gateway, "boss");
        Assert.Contains("<h1>", await boss.PageAsync("/administration"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_user_who_is_locked_here_is_not_let_in_by_another_of_the_persons_names()
    {
        await SetAsync(_server.Ldaps);
        var ann = (await CheckAsync("ann", People.Password.Value))!;
        await _gateway.WriteAsync((session, now) => session.ExecuteAsync("UPDATE users SET name = 'former', name_key = 'FORMER', locked_until = @Until WHERE id = @Id", new { ann.Id, Until = now.AddMinutes(15) }, CancellationToken.None));
        Assert.Null(await CheckAsync("ann", People.Password.Value));
        Assert.Contains(await _gateway.EventsAsync(EventKinds.SignInRefused), entry => entry.Message.Contains("the user is locked", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Whom_the_directory_let_in_signs_in_anew_when_its_groups_or_its_place_change()
    {
        await SetAsync(_server.Ldaps);
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        using var boss = await Browser.SignInAsync(_gateway, "boss");
        using var ann = await Browser.SignInAsync(_gateway, "ann");
        var change = _gateway.Gateway.Services.GetRequiredService<ChangeDirectory>();
        await change.ExecuteAsync(new ChangeDirectory.Request(_gateway.Administrator, BindPassword: new Secret(DirectoryServer.ReaderPassword)), CancellationToken.None);
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(ann));

        await change.ExecuteAsync(new ChangeDirectory.Request(_gateway.Administrator, Groups: [new GroupRole(Licensing, Roles.SystemUser)]), CancellationToken.None);
        Assert.Equal((HttpStatusCode.Redirect, HttpStatusCode.OK), (await StatusAsync(ann), await StatusAsync(boss)));
        Assert.Contains("1 session(s) and 0 access token(s) of its people ended", (await _gateway.EventsAsync(EventKinds.DirectoryChanged))[0].Message, StringComparison.Ordinal);

        static async Task<HttpStatusCode> StatusAsync(Browser browser)
        {
            using var answer = await browser.GetAsync("/profile");
            return answer.StatusCode;
        }
    }

    [Fact]
    public async Task A_person_of_the_directory_is_told_that_the_password_is_not_kept_here()
    {
        await SetAsync(_server.Ldaps);
        using var browser = await Browser.SignInAsync(_gateway, "ann");
        using var page = await browser.PostAsync("/profile/password", ("current", People.Password.Value), ("password", "Battery-Staple-8"), ("again", "Battery-Staple-8"));
        Assert.Equal(HttpStatusCode.Conflict, page.StatusCode);
        using var rest = await _gateway.RestClientOfAsync((await FindAsync("ann"))!);
        using var answer = await rest.PostAsJsonAsync("/api/v2/me/password", new { current = People.Password.Value, password = "Battery-Staple-8" });
        await Faces.ProblemTests.IsProblemAsync(answer, 409, "password-kept-elsewhere", "Change it where you sign in");
        Assert.Equal("", (await FindAsync("ann"))!.PasswordHash);
    }

    private async Task SetAsync(string address, string? anchors = null, string role = Roles.SystemOperator)
    {
        var (_, problems) = await _gateway.Gateway.Services.GetRequiredService<ChangeDirectory>().ExecuteAsync(
            new ChangeDirectory.Request(
                _gateway.Administrator,
                address,
                anchors ?? _server.RootPem,
                DirectoryServer.ReaderName,
                new Secret(DirectoryServer.ReaderPassword),
                "ou=people," + DirectoryServer.Base,
                GroupBase: DirectoryServer.Base,
                Groups:
                [
                    // Written as people write it: other case, a space after the comma.
                    new GroupRole("CN=licensing, dc=example,dc=com", role),
                    new GroupRole(Branch, Roles.VirtualAccountUser, _gateway.Account.Name, VirtualAccounts.DefaultName),
                    new GroupRole(Branch, Roles.VirtualAccountAdministrator, _gateway.Account.Name, VirtualAccounts.DefaultName),
                    new GroupRole(Branch, Roles.AccountUser, "An account that is gone"),
                ]),
            CancellationToken.None);
        Assert.Empty(problems);
    }

    private string Write(string name, string text)
    {
        var path = Path.Combine(_gateway.Gateway.Directory.Path, name);
        File.WriteAllText(path, text);
        return path;
    }

    private Task<UserRow?> CheckAsync(string name, string password) =>
        _gateway.Gateway.Services.GetRequiredService<CheckPassword>().ExecuteAsync(name, new Secret(password), "127.0.0.1", CancellationToken.None);

    private Task<UserRow?> FindAsync(string name) => _gateway.ReadAsync(session => new Users(session).FindByNameAsync(name, CancellationToken.None));

    private static async Task<JsonNode> TestAsync(HttpClient http, object body)
    {
        using var answer = await http.PostAsJsonAsync("/api/v2/directory/test", body);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        return JsonNode.Parse(await answer.Content.ReadAsStringAsync())!;
    }
}
