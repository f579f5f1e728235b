using System.Net;
using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.Persistence;
using TransportGateway.Simulators.Central;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;

namespace TransportGateway.Tests.Web;

/// <summary>Schedules, data privacy, history and all accounts at once on the page of synchronisation; and the proxy on the way.</summary>
public sealed class SynchronizationPageTests : IAsyncLifetime
{
    private const string Here = "/administration/synchronization";

    private CentralPair _pair = null!;
    private Browser _browser = null!;

    private TestGateway Gateway => _pair.Gateway;

    public async Task InitializeAsync()
    {
        _pair = await CentralPair.StartAsync<SqliteEngine>();
        await Gateway.UserAsync("boss", Roles.SystemAdministrator);
        _browser = await Browser.SignInAsync(Gateway, "boss");
    }

    public async Task DisposeAsync()
    {
        _browser.Dispose();
        await _pair.DisposeAsync();
    }

    [Fact]
    public async Task An_account_gets_a_schedule_of_its_own_withholds_what_is_ticked_and_shows_its_runs()
    {
        var account = await _pair.RegisteredAccountAsync("TEST");
        await PostAsync(Here + "/TEST?handler=Schedule", ("period", "monthly"), ("monthDay", "5"), ("weekday", "3"), ("hour", "4"));
        await PostAsync(Here + "/TEST?handler=Privacy", ("withhold", "host-name"), ("withhold", "serial-number"));
        var page = await _browser.PageAsync(Here + "/TEST");
        Assert.Contains("monthly on day 5 at 04:00 UTC", page, StringComparison.Ordinal);
        Assert.Equal("host-name serial-number", (await RowAsync(account.Id)).Withheld);

        using (var refused = await _browser.PostAsync(Here + "/TEST?handler=Schedule", ("period", "monthly"), ("monthDay", "31"), ("hour", "4")))
        {
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
            Assert.Contains("value=\"31\"", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        }

        Assert.Equal("monthly 5 4", (await RowAsync(account.Id)).Schedule);
        await PostAsync(Here + "/TEST?handler=Schedule", ("period", "daily"), ("hour", "4"), ("monthDay", "1"), ("followsDefault", "true"));
        Assert.Null((await RowAsync(account.Id)).Schedule);

        await PostAsync(Here + "?handler=StartAll", ("mode", "full"));
        Assert.Equal(RunState.Succeeded, (await _pair.EndAsync(account)).State);
        page = await _browser.PageAsync(Here + "/TEST");
        Assert.Contains("succeeded", page, StringComparison.Ordinal);
        Assert.Contains("<td>boss</td>", page, StringComparison.Ordinal);
        _browser.SetCookie("tg-language", "zh-Hant");
        Assert.Contains("從不（預設）", await _browser.PageAsync(Here + "/TEST"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_schedule_of_all_is_set_by_who_may_and_not_by_an_operator()
    {
        await PostAsync(Here + "?handler=Schedule", ("period", "weekly"), ("weekday", "6"), ("monthDay", "1"), ("hour", "23"));
        Assert.Contains("weekly on Saturday at 23:00 UTC", await Gateway.TgctlDoneAsync("central", "show"), StringComparison.Ordinal);
        await Gateway.UserAsync("op", Roles.SystemOperator);
        using var theirs = await Browser.SignInAsync(Gateway, "op");
        Assert.DoesNotContain("handler=Schedule", await theirs.PageAsync(Here), StringComparison.Ordinal);
        using var refused = await theirs.PostAsync(Here + "?handler=Schedule", ("period", "daily"), ("monthDay", "1"), ("hour", "1"));
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
    }

    [Fact]
    public async Task Open_pages_are_told_how_far_a_synchronisation_got()
    {
        var account = await _pair.RegisteredAccountAsync("TEST");
        _pair.Central.Faults.Add(CentralStep.Part, CentralFault.ServerError, times: 1000);
        var before = await ProgressAsync();
        Assert.Equal("", before);
        await PostAsync(Here + "?handler=Start", ("name", "TEST"), ("mode", "standard"));
        await Wait.UntilAsync(async () => await ProgressAsync() != before);
        Assert.Contains("<progress", await _browser.PageAsync(Here), StringComparison.Ordinal);
        _pair.Central.Faults.Clear();
        await _pair.EndAsync(account);
        Assert.Equal("", await ProgressAsync());
    }

    [Fact]
    public async Task The_proxy_is_kept_without_its_password_being_shown_and_the_way_is_tried()
    {
        const string Network = "/administration/network";
        await _pair.RegisteredAccountAsync("TEST");
        using (var tried = await _browser.PostAsync(Network + "?handler=Test", ("of", "central"), ("smartAccount", CentralPair.SmartAccount)))
        {
            Assert.Equal(HttpStatusCode.Redirect, tried.StatusCode);
        }

        Assert.Contains($"Software Central answers. '{CentralPair.SmartAccount}' has the virtual accounts:", WebUtility.HtmlDecode(await _browser.PageAsync(Network + "/proxy")), StringComparison.Ordinal);
        await PostAsync(Network + "?handler=Save", ("of", "central"), ("address", "http://127.0.0.1:9"), ("user", "gateway"), ("password", "not-to-be-shown"));
        await PostAsync(Network + "?handler=Save", ("of", "central"), ("address", "http://127.0.0.1:9"), ("user", "gateway"), ("password", ""));
        var page = await _browser.PageAsync(Network + "/proxy");
        Assert.Contains("value=\"http://127.0.0.1:9/\"", page, StringComparison.Ordinal);
        Assert.DoesNotContain("not-to-be-shown", page, StringComparison.Ordinal);
        var settings = await Gateway.ReadAsync(session => CentralSettings.LoadAsync(session, Gateway.Gateway.Services.GetRequiredService<MasterKey>(), CancellationToken.None));
        Assert.Equal("not-to-be-shown", settings.Route.ProxyPassword.Value);

        using (var away = await _browser.PostAsync(Network + "?handler=Test", ("of", "central"), ("smartAccount", CentralPair.SmartAccount)))
        {
            Assert.Equal(HttpStatusCode.BadGateway, away.StatusCode);
        }

        using (var wrong = await _browser.PostAsync(Network + "?handler=Save", ("of", "central"), ("address", "ftp://proxy"), ("user", "somebody")))
        {
            Assert.Equal(HttpStatusCode.BadRequest, wrong.StatusCode);
            var shown = await wrong.Content.ReadAsStringAsync();
            Assert.Contains("an http URL", shown, StringComparison.Ordinal);
            Assert.Contains("value=\"somebody\"", shown, StringComparison.Ordinal);
        }

        await PostAsync(Network + "?handler=Save", ("of", "central"), ("address", ""), ("user", ""));
        settings = await Gateway.ReadAsync(session => CentralSettings.LoadAsync(session, Gateway.Gateway.Services.GetRequiredService<MasterKey>(), CancellationToken.None));
        Assert.Equal((null, ""), (settings.Route.Proxy, settings.Route.ProxyPassword.Value));
        using var off = await _browser.PostAsync(Network + "?handler=Test", ("of", "relay"));
        Assert.Equal(HttpStatusCode.Conflict, off.StatusCode);
    }

    [Fact]
    public async Task The_machines_network_is_shown_with_what_each_port_serves()
    {
        var page = await _browser.PageAsync("/administration/network");
        Assert.Contains("Products, browsers and the REST API over TLS, with the host certificate", page, StringComparison.Ordinal);
        Assert.Contains(Dns.GetHostName(), page, StringComparison.Ordinal);
        Assert.Contains("<h1>Network Interfaces</h1>", await _browser.PageAsync("/administration/network/interfaces"), StringComparison.Ordinal);
        Assert.Contains("Products, browsers and the REST API", await Gateway.TgctlDoneAsync("network", "show"), StringComparison.Ordinal);
    }

    private async Task PostAsync(string path, params (string, string)[] fields)
    {
        using var answer = await _browser.PostAsync(path, fields);
        Assert.True(answer.StatusCode == HttpStatusCode.Redirect, $"{path} answered {answer.StatusCode}: {await answer.Content.ReadAsStringAsync()}");
    }

    private Task<string> ProgressAsync() => Gateway.ReadAsync(session => new SynchronizationRuns(session).ProgressAsync(CancellationToken.None));

    private async Task<SynchronizationRow> RowAsync(string accountId) => (await Gateway.ReadAsync(session => new Synchronizations(session).FindAsync(accountId, CancellationToken.None)))!;
}
