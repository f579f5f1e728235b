using System.Net;
using System.Net.Http.Json;
using System.Net.Security;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using Microsoft.IdentityModel.Tokens;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.SignOn;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Tests.SignOn;

/// <summary>People sign in at a real OpenID Connect provider.</summary>
public sealed class IdentityProviderTests : IAsyncLifetime
{
    private TestGateway _gateway = null!;
    private IdentityProvider _provider = null!;

    public async Task InitializeAsync()
    {
        _provider = await IdentityProvider.StartAsync();
        _gateway = await TestGateway.StartAsync<SqliteEngine>();
        await _gateway.UserAsync("boss", Roles.SystemAdministrator);
        Assert.Empty(await SetAsync(_provider.Issuer));
    }

    public async Task DisposeAsync()
    {
        await _gateway.DisposeAsync();
        await _provider.DisposeAsync();
    }

    [Fact]
    public async Task A_person_signs_in_there_and_comes_back_to_where_they_wanted_to_go()
    {
        using var browser = new Browser(_gateway);
        Assert.Contains("href=\"/sign-in/provider?next=%2Flicensing\"", await browser.PageAsync("/sign-in?next=%2Flicensing"), StringComparison.Ordinal);
        using var back = await SignInAsync(browser, "/licensing");
        Assert.Equal("0; url=/licensing", back.Headers.GetValues("Refresh").Single());
        Assert.Contains("carol", await browser.PageAsync("/profile"), StringComparison.Ordinal);

        var user = await FindAsync("carol");
        Assert.Equal((UserOrigin.OpenId, Roles.SystemOperator, "carol@example.com", "Example"), (user!.Origin, user.SystemRole, user.Email, user.LastName));

        // The name changed there; the person is the same.
        _provider.Person = [("sub", "4711"), ("preferred_username", "carol-new"), ("groups", "staff")];
        using var again = await SignInAsync(browser, "/");
        Assert.Equal((user.Id, Roles.SystemUser), ((await FindAsync("carol"))!.Id, (await FindAsync("carol"))!.SystemRole));
    }

    [Theory]
    [InlineData("//evil.example.com/")]
    [InlineData("https://evil.example.com/")]
    public async Task Nobody_is_led_to_another_site(string next)
    {
        using var browser = new Browser(_gateway);
        using var back = await SignInAsync(browser, next);
        Assert.Equal("0; url=/", back.Headers.GetValues("Refresh").Single());
    }

    [Fact]
    public async Task A_person_without_a_group_of_the_list_or_with_a_local_users_name_is_refused()
    {
        _provider.Person = [("sub", "1"), ("preferred_username", "dave"), ("groups", "other")];
        await RefusedAsync("may not use this gateway");
        _provider.Person = [("sub", "2"), ("preferred_username", "boss"), ("groups", "licensing")];
        await RefusedAsync("may not use this gateway");
        _provider.Person = [("sub", "3"), ("preferred_username", "a b<script>"), ("groups", "licensing")];
        await RefusedAsync("may not use this gateway");
        _provider.Person = null;
        await RefusedAsync("did not sign you in");
        Assert.Equal(["boss"], (await _gateway.ReadAsync(session => new Users(session).ListAsync(CancellationToken.None))).Select(user => user.Name));
    }

    [Theory]
    [InlineData("key")]
    [InlineData("symmetric")]
    [InlineData("none")]
    [InlineData("issuer")]
    [InlineData("audience")]
    [InlineData("nonce")]
    [InlineData("expired")]
    public async Task An_id_token_that_was_forged_or_is_for_somebody_else_is_refused(string what)
    {
        using var stranger = RSA.Create(2048);
        _provider.Forge = token =>
        {
            switch (what)
            {
                case "key": token.SigningCredentials = new SigningCredentials(new RsaSecurityKey(stranger) { KeyId = "one" }, SecurityAlgorithms.RsaSha256); break;
                case "symmetric":
                    token.SigningCredentials = new SigningCredentials(new SymmetricSecurityKey(SHA256.HashData(Encoding.UTF8.GetBytes(IdentityProvider.ClientSecret))), SecurityAlgorithms.HmacSha256);
                    break;
                case "none": token.SigningCredentials = null; break;
                case "issuer": token.Issuer = "https://evil.example.com/"; break;
                case "audience": token.Audience = "somebody-else"; break;
                case "nonce":
                    token.Subject.RemoveClaim(token.Subject.FindFirst("nonce"));
                    token.Subject.AddClaim(new Claim("nonce", "of another sign-in"));
                    break;
                default: token.Expires = TimeProvider.System.GetUtcNow().UtcDateTime.AddMinutes(-5); token.IssuedAt = token.NotBefore = token.Expires.Value.AddMinutes(-5); break;
            }
        };
        await RefusedAsync("did not sign you in");
        Assert.Contains("ID token", Assert.Single(await _gateway.EventsAsync(EventKinds.SignInRefused)).Message, StringComparison.Ordinal);

        // The same forger who changes nothing gets in, so it is the change that was refused.
        _provider.Forge = _ => { };
        using var browser = new Browser(_gateway);
        using var back = await SignInAsync(browser, "/");
        Assert.Equal(HttpStatusCode.OK, back.StatusCode);
    }

    [Fact]
    public async Task A_way_back_that_this_browser_did_not_begin_is_refused()
    {
        using var attacker = new Browser(_gateway);
        var stolen = await AtProviderAsync(attacker, "/");
        using var victim = new Browser(_gateway);
        using (var withoutTicket = await victim.GetAsync(stolen))
        {
            Assert.Equal(HttpStatusCode.Forbidden, withoutTicket.StatusCode);
        }

        // The victim began, too; the attacker's code does not fit the victim's state.
        await AtProviderAsync(victim, "/");
        using (var foreign = await victim.GetAsync(stolen))
        {
            Assert.Contains("not begun in this browser", WebUtility.HtmlDecode(await foreign.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        }

        // Nor with the right state: the code belongs to another verifier.
        var own = await AtProviderAsync(victim, "/");
        var mixed = Replace(own, "code", Query(stolen, "code"));
        using var refused = await victim.GetAsync(mixed);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Null(victim.Session);
    }

    [Fact]
    public async Task However_many_come_the_provider_is_asked_once_to_describe_itself_until_the_settings_change()
    {
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            using var http = _gateway.HttpClient();
            using var begun = await http.GetAsync("/sign-in/provider");
            Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
        }));
        using var browser = new Browser(_gateway);
        using var back = await SignInAsync(browser, "/");
        Assert.NotNull(browser.Session);
        Assert.Equal(1, _provider.Descriptions);

        // A test of the settings asks anew, and other settings make what was kept worthless.
        using var http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        using (await http.PostAsJsonAsync("/api/v2/identity-provider/test", new { }))
        {
        }

        Assert.Equal(2, _provider.Descriptions);
        using var untrusted = await http.PutAsJsonAsync("/api/v2/identity-provider", new { tlsAnchors = "" });
        Assert.Equal(HttpStatusCode.OK, untrusted.StatusCode);
        using var away = await browser.GetAsync("/sign-in/provider");
        Assert.Equal(HttpStatusCode.Forbidden, away.StatusCode);
    }

    [Fact]
    public async Task A_description_is_kept_for_minutes_and_a_key_that_is_not_in_it_is_asked_for_at_most_once_a_minute()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var provider = new OpenIdProvider(clock);
        var settings = await _gateway.ReadAsync(session => ProviderSettings.LoadAsync(session, _gateway.Gateway.Services.GetRequiredService<MasterKey>(), CancellationToken.None));
        await CompleteAsync();
        Assert.Equal(1, _provider.Descriptions);

        _provider.ChangeKey();
        await Assert.ThrowsAsync<ProviderException>(CompleteAsync);
        Assert.Equal(1, _provider.Descriptions);
        clock.Advance(TimeSpan.FromMinutes(1));
        await CompleteAsync();
        Assert.Equal(2, _provider.Descriptions);

        clock.Advance(TimeSpan.FromMinutes(4));
        await BeginAsync();
        Assert.Equal(2, _provider.Descriptions);
        clock.Advance(TimeSpan.FromMinutes(1));
        await BeginAsync();
        Assert.Equal(3, _provider.Descriptions);

        Task<(Uri Address, OpenIdProvider.Ticket Ticket)> BeginAsync() => provider.BeginAsync(settings, Callback, "/", CancellationToken.None);

        async Task CompleteAsync()
        {
            var (address, ticket) = await BeginAsync();
            Assert.Equal("carol", (await provider.CompleteAsync(settings, Callback, Query(await BackFromAsync(address), "code"), ticket, CancellationToken.None)).Name);
        }
    }

    [Fact]
    public async Task A_provider_that_is_away_is_not_asked_again_by_everybody_who_comes()
    {
        var clock = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        var provider = new OpenIdProvider(clock);
        var settings = await _gateway.ReadAsync(session => ProviderSettings.LoadAsync(session, _gateway.Gateway.Services.GetRequiredService<MasterKey>(), CancellationToken.None));
        _provider.IsAway = true;
        await Assert.ThrowsAsync<ProviderException>(BeginAsync);
        await Assert.ThrowsAsync<ProviderException>(BeginAsync);
        Assert.Equal(1, _provider.Descriptions);

        _provider.IsAway = false;
        clock.Advance(TimeSpan.FromSeconds(10));
        await BeginAsync();
        Assert.Equal(2, _provider.Descriptions);

        Task BeginAsync() => provider.BeginAsync(settings, Callback, "/", CancellationToken.None);
    }

    [Fact]
    public async Task Those_who_come_back_are_let_through_as_few_at_once_as_at_the_other_doors()
    {
        var (exchanging, go) = (0, new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously));
        _provider.BeforeToken = () =>
        {
            Interlocked.Increment(ref exchanging);
            return go.Task;
        };
        _provider.Forge = token => token.Issuer = "https://evil.example.com/";
        var browsers = Enumerable.Range(0, SignInThrottle.MostFailures).Select(_ => new Browser(_gateway)).ToArray();
        var answers = browsers.Select(browser => SignInAsync(browser, "/")).ToArray();
        await Wait.UntilAsync(() => Volatile.Read(ref exchanging) == browsers.Length);
        using var another = new Browser(_gateway);
        var waiting = another.GetAsync("/sign-in/callback");
        go.SetResult();
        Assert.All(await Task.WhenAll(answers), answer => Assert.Equal(HttpStatusCode.Forbidden, answer.StatusCode));
        using var told = await waiting;
        Assert.Equal(HttpStatusCode.TooManyRequests, told.StatusCode);
        Assert.Equal(SignInThrottle.MostFailures, (await _gateway.EventsAsync(EventKinds.SignInRefused)).Count);
        foreach (var browser in browsers)
        {
            browser.Dispose();
        }
    }

    [Fact]
    public async Task Settings_that_will_not_do_are_refused_and_secrets_are_never_shown()
    {
        Assert.Contains("https", Assert.Single(await SetAsync("http://id.example.com")), StringComparison.Ordinal);
        using var http = await _gateway.RestClientAsync(null, Enum.GetValues<Permission>());
        Assert.DoesNotContain(IdentityProvider.ClientSecret[..8], await http.GetStringAsync("/api/v2/identity-provider"), StringComparison.Ordinal);
        using var moved = await http.PutAsJsonAsync("/api/v2/identity-provider", new { issuer = "https://elsewhere.example.com" });
        Assert.Contains("clientSecret: give it again", await moved.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        using var tested = await http.PostAsJsonAsync("/api/v2/identity-provider/test", new { });
        Assert.Equal(_provider.Issuer, JsonNode.Parse(await tested.Content.ReadAsStringAsync())!["issuer"]!.ToString());

        // A provider whose certificate does not verify is told nothing.
        using var untrusted = await http.PutAsJsonAsync("/api/v2/identity-provider", new { tlsAnchors = "" });
        Assert.Equal(HttpStatusCode.OK, untrusted.StatusCode);
        using var away = await http.PostAsJsonAsync("/api/v2/identity-provider/test", new { });
        Assert.Equal(HttpStatusCode.BadGateway, away.StatusCode);
    }

    private async Task<IReadOnlyList<string>> SetAsync(string issuer) =>
        (await _gateway.Gateway.Services.GetRequiredService<ChangeProvider>().ExecuteAsync(
            new ChangeProvider.Request(
                _gateway.Administrator,
                issuer,
                IdentityProvider.ClientId,
                new Secret(IdentityProvider.ClientSecret),
                TlsAnchors: _provider.RootPem,
                Groups: [new GroupRole("licensing", Roles.SystemOperator), new GroupRole("staff", Roles.SystemUser)]),
            CancellationToken.None)).Problems;

    private async Task RefusedAsync(string expected)
    {
        using var browser = new Browser(_gateway);
        using var back = await SignInAsync(browser, "/");
        Assert.Equal(HttpStatusCode.Forbidden, back.StatusCode);
        Assert.Contains(expected, WebUtility.HtmlDecode(await back.Content.ReadAsStringAsync()), StringComparison.Ordinal);
        Assert.Null(browser.Session);
    }

    private async Task<HttpResponseMessage> SignInAsync(Browser browser, string next) => await browser.GetAsync(await AtProviderAsync(browser, next), ("Sec-Fetch-Site", "cross-site"));

    /// <summary>Goes to the provider, and returns where it sends the browser back to.</summary>
    private async Task<string> AtProviderAsync(Browser browser, string next)
    {
        using var begun = await browser.GetAsync("/sign-in/provider?next=" + Uri.EscapeDataString(next));
        Assert.Equal(HttpStatusCode.Redirect, begun.StatusCode);
        return await BackFromAsync(begun.Headers.Location!);
    }

    private async Task<string> BackFromAsync(Uri address)
    {
        var policy = new X509ChainPolicy { TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck };
        policy.CustomTrustStore.ImportFromPem(_provider.RootPem);
        using var http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, SslOptions = new SslClientAuthenticationOptions { CertificateChainPolicy = policy } });
        using var answer = await http.GetAsync(address);
        Assert.True(answer.StatusCode == HttpStatusCode.Redirect, await answer.Content.ReadAsStringAsync());
        Assert.Equal(_gateway.Address.Authority, answer.Headers.Location!.Authority);
        return answer.Headers.Location.PathAndQuery;
    }

    private Uri Callback => new(_gateway.Address, "/sign-in/callback");

    private Task<UserRow?> FindAsync(string name) => _gateway.ReadAsync(session => new Users(session).FindByNameAsync(name, CancellationToken.None));

    private static string Query(string address, string name) => Microsoft.AspNetCore.WebUtilities.QueryHelpers.ParseQuery(address[address.IndexOf('?', StringComparison.Ordinal)..])[name].ToString();

    private static string Replace(string address, string name, string value) =>
        address.Replace($"{name}={Uri.EscapeDataString(Query(address, name))}", $"{name}={Uri.EscapeDataString(value)}", StringComparison.Ordinal);
}
