using System.Reflection;
using System.Text.Encodings.Web;
using System.Text.Unicode;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.Mvc.RazorPages;
using Microsoft.Extensions.WebEncoders;
using TransportGateway.Access;
using TransportGateway.Cluster;

namespace TransportGateway.Web;

/// <summary>The browser's pages: the administration workspace and the licensing workspace.</summary>
internal static class WebFeature
{
    public static IServiceCollection AddWeb(this IServiceCollection services)
    {
        services.AddRazorPages(pages =>
        {
            pages.RootDirectory = "/Web";
            // GatewayPage asks for the gateway's own proof, which lives in the session and so holds on both nodes.
            pages.Conventions.ConfigureFilter(new IgnoreAntiforgeryTokenAttribute());
        });
        // Pages are read by people whose letters are not all ASCII, also in the source that the browser shows.
        services.Configure<WebEncoderOptions>(encoder => encoder.TextEncoderSettings = new TextEncoderSettings(UnicodeRanges.All));
        LeaveDataProtectionOut(services);
        return services.AddSingleton<LiveUpdates>().AddSingleton<PageEndpoints>();
    }

    /// <summary>Razor Pages bring a key store that writes into the home folder; nothing here uses it, and both nodes would need the same keys.</summary>
    private static void LeaveDataProtectionOut(IServiceCollection services)
    {
        services.AddDataProtection().UseEphemeralDataProtectionProvider();
        foreach (var loader in services.Where(service => service.ServiceType == typeof(IHostedService) && service.ImplementationType?.Namespace?.StartsWith("Microsoft.AspNetCore.DataProtection", StringComparison.Ordinal) == true).ToArray())
        {
            services.Remove(loader);
        }
    }

    public static void MapWeb(this IEndpointRouteBuilder routes)
    {
        routes.DataSources.Add(routes.ServiceProvider.GetRequiredService<PageEndpoints>());
        // For reading alone: a product that sends its message here is told where to go, like at any other wrong address.
        routes.MapGet("/", Start).IsPage();
        routes.MapGet("/assets/{hash}/{name}", Assets.Serve).OpenToAll("style sheets and scripts tell nothing of this gateway").AlsoOnStandby();
        routes.MapGet("/openapi.yaml", () => Results.Stream(ApiContract.Open(), "application/yaml")).OpenToAll("the contract tells nothing of this gateway").AlsoOnStandby();
        // It ends by itself when the role moves, so a node that hands over must not wait for it.
        routes.MapGet("/live", LiveUpdates.StreamAsync).IsPage(background: true).AlsoOnStandby();
    }

    /// <summary>Leads to the workspace that the person can use.</summary>
    private static IResult Start(HttpContext context) => Results.LocalRedirect(
        SignedIn.Of(context) is not { } person ? "/sign-in"
        : person.Caller.For(Permission.ReadInventory).IsForAllAccounts ? "/administration"
        : "/licensing");

    /// <summary>Every handler of every page, with what it needs.</summary>
    public static IEnumerable<(Type Page, MethodInfo Handler, AccessAttribute? Access)> Handlers() =>
        from page in Assembly.GetExecutingAssembly().GetTypes()
        where typeof(PageModel).IsAssignableFrom(page) && !page.IsAbstract
        from method in page.GetMethods(BindingFlags.Public | BindingFlags.Instance)
        where method.Name.StartsWith("On", StringComparison.Ordinal) && !method.Name.StartsWith("OnPageHandler", StringComparison.Ordinal) && method.GetCustomAttribute<NonHandlerAttribute>() is null
        select (page, method, method.GetCustomAttribute<AccessAttribute>());

    /// <summary>Those that say not what they need, which no page may.</summary>
    public static IEnumerable<string> SilentHandlers() =>
        Handlers().Where(entry => entry.Access is null || !typeof(GatewayPage).IsAssignableFrom(entry.Page)).Select(entry => $"{entry.Page.Name}.{entry.Handler.Name}");
}
