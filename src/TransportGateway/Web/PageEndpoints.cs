using Microsoft.Extensions.Primitives;
using TransportGateway.Access;

namespace TransportGateway.Web;

/// <summary>The pages' endpoints, made when the first browser comes: Razor takes some 30 MB, which a gateway that products alone dial does without.</summary>
internal sealed class PageEndpoints(IServiceProvider services) : EndpointDataSource, IDisposable
{
    /// <summary>Where pages are; a test compares.</summary>
    public static readonly IReadOnlySet<string> FirstSegments =
        new HashSet<string>(StringComparer.OrdinalIgnoreCase) { "administration", "api-documentation", "language", "licensing", "profile", "set-password", "set-up", "sign-in", "sign-out" };

    private readonly Lock _lock = new();
    private CancellationTokenSource _change = new();
    private IReadOnlyList<Endpoint> _endpoints = [];
    private volatile bool _made;

    public override IReadOnlyList<Endpoint> Endpoints => _endpoints;

    public override IChangeToken GetChangeToken() => new CancellationChangeToken(_change.Token);

    /// <summary>Runs before routing.</summary>
    public Task MakeWhenAskedForAsync(HttpContext context, RequestDelegate next)
    {
        if (!_made && IsPage(context.Request.Path))
        {
            Make();
        }

        return next(context);
    }

    /// <exception cref="InvalidOperationException">A page's handler says not what it needs; then no page is served.</exception>
    public void Make()
    {
        lock (_lock)
        {
            if (_made)
            {
                return;
            }

            if (WebFeature.SilentHandlers().ToArray() is { Length: > 0 } silent)
            {
                throw new InvalidOperationException($"These pages' handlers say not what they need: {string.Join(", ", silent)}.");
            }

            var pages = new Routes(services);
            pages.MapRazorPages().IsPage();
            _endpoints = [.. pages.DataSources.SelectMany(source => source.Endpoints)];
            RoutePermissions.Verify(_endpoints);
            // Routing listens to this, and has taken the pages in when it returns. It asks at once for the token of the next change.
            using var change = _change;
            _change = new CancellationTokenSource();
            change.Cancel();
            _made = true;
        }
    }

    public void Dispose() => _change.Dispose();

    private static bool IsPage(PathString path) =>
        path.Value is { Length: > 1 } text && FirstSegments.Contains(text[1..].Split('/', 2)[0]);

    private sealed class Routes(IServiceProvider services) : IEndpointRouteBuilder
    {
        public IServiceProvider ServiceProvider => services;

        public ICollection<EndpointDataSource> DataSources { get; } = [];

        public IApplicationBuilder CreateApplicationBuilder() => new ApplicationBuilder(services);
    }
}
