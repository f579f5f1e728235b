using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Persistence;

namespace TransportGateway.DeviceGateway;

/// <summary>The addresses that products dial, and what an administrator types into them.</summary>
internal sealed class ProductUrls(Database database, ProductListeners listeners, HostTlsOptions options)
{
    public sealed record Listed(IReadOnlyList<(string Name, string Url)> Urls, IReadOnlyList<(string Product, string Lines)> Recipes);

    public async Task<Listed> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        var host = (await new HostSettings(session).FindNamesAsync(cancellationToken) ?? options.InitialNames).CommonName;
        var origin = listeners.Origin(host);
        return new Listed(
            [("Call Home", origin + DeviceGatewayFeature.CallHomePath), ("Smart Transport", origin + DeviceGatewayFeature.SmartTransportPath)], ProductRecipes.For(origin));
    }
}

/// <summary>The same over REST.</summary>
internal static class ProductUrlsFeature
{
    public static void MapProductUrls(this IEndpointRouteBuilder routes) => routes.MapGet("/api/v2/product-urls", ListAsync).Requires(Permission.ReadInventory);

    private static async Task<IResult> ListAsync(HttpContext context, ProductUrls urls)
    {
        var listed = await urls.ReadAsync(context.RequestAborted);
        return Results.Json(new UrlsView(
            [.. listed.Urls.Select(entry => new UrlView(entry.Name, entry.Url))], [.. listed.Recipes.Select(entry => new RecipeView(entry.Product, entry.Lines))]));
    }

    private sealed record UrlsView(UrlView[] Urls, RecipeView[] Recipes);

    private sealed record UrlView(string Name, string Url);

    private sealed record RecipeView(string Product, string Lines);
}
