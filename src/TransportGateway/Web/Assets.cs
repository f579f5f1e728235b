using System.Collections.Frozen;
using System.Reflection;
using System.Security.Cryptography;

namespace TransportGateway.Web;

/// <summary>Style sheets and scripts, out of the assembly: pages need nothing from anywhere else.</summary>
/// <remarks>The address holds a hash of the content, so browsers keep a file for ever and get a new one after an upgrade.</remarks>
internal static class Assets
{
    private const string Prefix = "wwwroot/";

    private static readonly FrozenDictionary<string, Asset> All = Load();

    public static string Url(string name) => $"/assets/{All[name].Hash}/{name}";

    public static IResult Serve(HttpContext context, string hash, string name)
    {
        if (!All.TryGetValue(name, out var asset) || asset.Hash != hash)
        {
            return TypedResults.NotFound();
        }

        context.Response.Headers.CacheControl = "public, max-age=31536000, immutable";
        context.Response.Headers.XContentTypeOptions = "nosniff";
        return new AssetResult(asset);
    }

    private static FrozenDictionary<string, Asset> Load()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)).ToFrozenDictionary(
            name => name[Prefix.Length..],
            name =>
            {
                using var stream = assembly.GetManifestResourceStream(name)!;
                var bytes = new byte[stream.Length];
                stream.ReadExactly(bytes);
                return new Asset(Convert.ToHexStringLower(SHA256.HashData(bytes))[..16], TypeOf(name), bytes);
            },
            StringComparer.Ordinal);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        var other => throw new InvalidOperationException($"What is {other}?"),
    };

    private sealed record Asset(string Hash, string Type, byte[] Bytes);

    private sealed class AssetResult(Asset asset) : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => TypedResults.Bytes(asset.Bytes, asset.Type).ExecuteAsync(httpContext);
    }
}
