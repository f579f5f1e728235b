using System.Collections.Concurrent;
using Deque.AxeCore.Playwright;
using Microsoft.Playwright;
using TransportGateway.Tests.Harness;

namespace TransportGateway.Browser.Tests;

/// <summary>A page in the browser, with all that it complained of and all that it asked for elsewhere.</summary>
internal sealed class Tab : IAsyncDisposable
{
    private readonly IBrowserContext _context;
    private readonly Uri _address;
    private readonly ConcurrentQueue<string> _complaints = new();

    private Tab(IBrowserContext context, IPage page, Uri address)
    {
        _context = context;
        _address = address;
        Page = page;
    }

    public IPage Page { get; }

    /// <summary>Script errors, refusals of the content security policy, and requests to other places than the gateway.</summary>
    public IReadOnlyCollection<string> Complaints => _complaints;

    public static async Task<Tab> OpenAsync(IBrowserContext context, Uri address)
    {
        var tab = new Tab(context, await context.NewPageAsync(), address);
        tab.Page.PageError += (_, error) => tab._complaints.Enqueue(error);
        tab.Page.Console += (_, message) =>
        {
            // What the network says while the gateway is away is expected where a test takes it away.
            if (message.Type == "error" && !message.Text.StartsWith("Failed to load resource", StringComparison.Ordinal))
            {
                tab._complaints.Enqueue(message.Text);
            }
        };
        tab.Page.Request += (_, request) =>
        {
            if (new Uri(request.Url) is { Scheme: "https" or "http" } url && url.Authority != address.Authority)
            {
                tab._complaints.Enqueue("asked for " + request.Url);
            }
        };
        return tab;
    }

    public async Task SignInAsync(string name, string path = "/")
    {
        await Page.GotoAsync("/sign-in?next=" + Uri.EscapeDataString(path));
        await Page.GetByLabel("User name").FillAsync(name);
        await Page.GetByLabel("Password", new PageGetByLabelOptions { Exact = true }).FillAsync(People.Password.Value);
        await Page.GetByRole(AriaRole.Button, new PageGetByRoleOptions { Name = "Sign in" }).ClickAsync();
        await Page.WaitForURLAsync(url => !url.Contains("/sign-in", StringComparison.Ordinal));
    }

    /// <summary>Serious and critical findings of axe-core on the page as it is.</summary>
    public async Task<IReadOnlyList<string>> BarriersAsync() =>
        [.. (await Page.RunAxe()).Violations.Where(found => found.Impact is "serious" or "critical")
            .Select(found => $"{Path}: {found.Id} ({found.Impact}): {found.Help} at {string.Join("; ", found.Nodes.Take(3).Select(node => node.Html))}")];

    /// <summary>Keeps a picture among the build's artefacts.</summary>
    public Task<byte[]> PictureAsync(string name) =>
        Page.ScreenshotAsync(new PageScreenshotOptions { Path = System.IO.Path.Combine(Pictures.Folder, name + ".png"), FullPage = true });

    public string Path => new Uri(Page.Url).PathAndQuery;

    /// <summary>Where the links of the page lead inside the gateway's pages.</summary>
    public async Task<IReadOnlyList<string>> LinksAsync()
    {
        var targets = await Page.EvaluateAsync<string[]>("() => [...document.querySelectorAll('a[href]:not([download])')].map(link => link.href)");
        return [.. targets.Select(target => new Uri(target)).Where(target => target.Authority == _address.Authority && !target.AbsolutePath.StartsWith("/api/", StringComparison.Ordinal))
            .Select(target => target.PathAndQuery).Distinct()];
    }

    public async ValueTask DisposeAsync() => await _context.DisposeAsync();
}

/// <summary>Where the pictures of the screens go: a build artefact, not part of the sources.</summary>
internal static class Pictures
{
    public static string Folder { get; } = Directory.CreateDirectory(System.IO.Path.Combine(TransportGateway.Tests.Architecture.Repository.Root, "artifacts", "screens")).FullName;
}
