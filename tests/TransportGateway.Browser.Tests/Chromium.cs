using Microsoft.Playwright;

namespace TransportGateway.Browser.Tests;

/// <summary>One real Chromium for all tests; each test gets contexts of its own.</summary>
public sealed class Chromium : IAsyncLifetime
{
    private IPlaywright? _playwright;
    private IBrowser? _browser;

    public async Task InitializeAsync()
    {
        _playwright = await Playwright.CreateAsync();
        _browser = await _playwright.Chromium.LaunchAsync(new BrowserTypeLaunchOptions
        {
            ExecutablePath = Executable(),
            Args = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
        });
    }

    public async Task DisposeAsync()
    {
        if (_browser is not null)
        {
            await _browser.DisposeAsync();
        }

        _playwright?.Dispose();
    }

    internal async Task<Tab> OpenAsync(Uri address, Action<BrowserNewContextOptions>? options = null)
    {
        var chosen = new BrowserNewContextOptions
        {
            BaseURL = address.GetLeftPart(UriPartial.Authority),
            // The gateway's own root is in no browser; that its chain is right is tested elsewhere.
            IgnoreHTTPSErrors = true,
            TimezoneId = "Asia/Taipei",
            Locale = "en-GB",
            ViewportSize = new ViewportSize { Width = 1360, Height = 900 },
        };
        options?.Invoke(chosen);
        var context = await _browser!.NewContextAsync(chosen);
        return await Tab.OpenAsync(context, address);
    }

    private static string Executable() => new[] { "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome" }.FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException("There is no Chromium on this machine. Run ./test.sh, which installs it from Debian's packages.");
}

[CollectionDefinition(Name)]
public sealed class BrowserTests : ICollectionFixture<Chromium>
{
    public const string Name = "real browser";
}
