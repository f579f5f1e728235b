using Microsoft.Extensions.DependencyInjection;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Notifications;
using TransportGateway.Reports;
using TransportGateway.Simulators;
using TransportGateway.Tests.Harness;
using TransportGateway.Upstream;
using TransportGateway.Web;
using TransportGateway.Webhooks;

namespace TransportGateway.Browser.Tests;

/// <summary>Walks from link to link through everything that a person can reach.</summary>
[Collection(BrowserTests.Name)]
public sealed class EveryPageTests(Chromium chromium) : IAsyncLifetime
{
    private const int MostPages = 120;
    private CentralPair _pair = null!;
    private TestGateway _gateway = null!;

    public async Task InitializeAsync()
    {
        _pair = await CentralPair.StartAsync<SqliteEngine>();
        _gateway = _pair.Gateway;
        await _gateway.UserAsync("admin", Roles.SystemAdministrator);
        await SetNotificationsAsync();
        var token = await _gateway.CreateTokenAsync();
        foreach (var definition in SeedProducts.All)
        {
            var product = _gateway.Product(definition);
            await product.RegisterAsync(token);
            await product.AuthorizeAsync();
        }

        await FillAsync();
    }

    public async Task DisposeAsync() => await _pair.DisposeAsync();

    /// <summary>Something in every list: an account that has synchronised, a request, a client, a webhook, a signing request, and usage of the days before.</summary>
    private async Task FillAsync()
    {
        Assert.Equal(RunState.Succeeded, (await _pair.SynchronizeAsync(await _pair.RegisteredAccountAsync("TEST"))).State);
        await _gateway.RequestedAsync("Branch Office");
        Assert.IsType<CreateApiClient.Outcome.Created>(await _pair.Service<CreateApiClient>().ExecuteAsync(
            new CreateApiClient.Request(_gateway.Administrator, "toolkit", _gateway.Account.Id, [Permission.ReadInventory, Permission.ManageTokens]), CancellationToken.None));
        Assert.IsType<ChangeWebhooks.Outcome.Created>(await _pair.Service<ChangeWebhooks>().CreateAsync(_gateway.Administrator, "watchdog", "https://127.0.0.1:9/", "", CancellationToken.None));
        Assert.IsType<CreateBrowserRequest.Outcome.Created>(await _pair.Service<CreateBrowserRequest>().ExecuteAsync(_gateway.Administrator, ["licences.example.com"], CancellationToken.None));
        var today = new DateTimeOffset(TimeProvider.System.GetUtcNow().UtcDateTime.Date, TimeSpan.Zero);
        var tag = SeedProducts.Cucmpub.Entitlements[0].Tag;
        await _gateway.WriteAsync(async (session, _) =>
        {
            for (var day = 0; day < 20; day++)
            {
                await new UsageHistory(session).RecordAsync(_gateway.VirtualAccount.Id, tag, today.AddDays(day - 20), 10, day, CancellationToken.None);
            }

            return 0;
        });
    }

    [Theory]
    [InlineData("en-GB", false)]
    [InlineData("zh-TW", true)]
    public async Task Every_page_is_open_to_everybody_and_asks_nothing_of_other_places(string locale, bool dark)
    {
        await using var tab = await chromium.OpenAsync(_gateway.Address, options =>
        {
            options.Locale = locale;
            options.ColorScheme = dark ? Microsoft.Playwright.ColorScheme.Dark : Microsoft.Playwright.ColorScheme.Light;
        });
        var barriers = new List<string>();
        var failures = new List<string>();
        var seen = new HashSet<string>(StringComparer.Ordinal);
        await tab.Page.GotoAsync("/sign-in");
        barriers.AddRange(await tab.BarriersAsync());
        await SignInAsync(tab);

        var waiting = new Queue<string>(["/", "/licensing", "/profile", "/profile/password", "/profile/second-factor", "/set-password"]);
        while (waiting.TryDequeue(out var path) && seen.Count < MostPages)
        {
            if (!seen.Add(Kind(path)))
            {
                continue;
            }

            var answer = await tab.Page.GotoAsync(path);
            if (answer is null || answer.Status >= 400)
            {
                failures.Add($"{path} answered {answer?.Status}");
                continue;
            }

            barriers.AddRange(await tab.BarriersAsync());
            await tab.PictureAsync($"{locale}{Kind(path).Replace('/', '-').Replace('?', '-')}");
            foreach (var link in await tab.LinksAsync())
            {
                waiting.Enqueue(link);
            }
        }

        Assert.Empty(failures);
        Assert.Empty(barriers);
        Assert.Empty(tab.Complaints);
        Assert.All(Areas(), area => Assert.Contains(area, seen));
    }

    /// <summary>Servers where nobody listens, so that the pages have something to tell.</summary>
    private async Task SetNotificationsAsync()
    {
        var services = _gateway.Gateway.Services;
        var syslog = new ChangeSyslog.Request(_gateway.Administrator, "127.0.0.1", Loopback.FreePort(), SyslogSettings.Tcp);
        Assert.Empty((await services.GetRequiredService<ChangeSyslog>().ExecuteAsync(syslog, CancellationToken.None)).Problems);
        var mail = new ChangeMail.Request(_gateway.Administrator, "127.0.0.1", Loopback.FreePort(), Sender: "gateway@example.com", Recipients: ["admins@example.com"]);
        Assert.Empty((await services.GetRequiredService<ChangeMail>().ExecuteAsync(mail, CancellationToken.None)).Problems);
        var preferences = new ChangePreferences.Request(_gateway.Administrator, _gateway.Account, ["owner@example.com"], AlertsAtOnce: true, DigestRhythm.Weekly);
        Assert.IsType<ChangePreferences.Outcome.Changed>(await services.GetRequiredService<ChangePreferences>().ExecuteAsync(preferences, CancellationToken.None));
    }

    private static IEnumerable<string> Areas() => AdministrationAreas.Always.Select(area => area.Path);

    /// <summary>Pages that differ only in what they are sorted by, or in which page of a list they show, are one.</summary>
    private static string Kind(string path) => path.Split('?')[0];

    private static async Task SignInAsync(Tab tab)
    {
        // The labels are in the browser's language here.
        await tab.Page.FillAsync("#name", "admin");
        await tab.Page.FillAsync("#password", People.Password.Value);
        await tab.Page.Keyboard.PressAsync("Enter");
        await tab.Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
    }
}
