using System.Globalization;
using TransportGateway.Access;
using TransportGateway.Cluster;

namespace TransportGateway.Support;

/// <summary>Health checks, the clock and the support bundle over REST.</summary>
internal static class SupportFeature
{
    public static IServiceCollection AddSupport(this IServiceCollection services, SupportFacts facts) => services.AddSingleton(facts).AddSingleton<HealthChecks>().AddSingleton<SupportBundle>().AddSingleton<CompareClocks>();

    public static void MapSupport(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/health-checks", CheckAsync).Requires(Permission.ReadMetrics, wholeGateway: true);
        routes.MapGet("/api/v2/time", TimeAsync).Requires(Permission.ReadMetrics, wholeGateway: true).AlsoOnStandby();
        routes.MapGet("/api/v2/support-bundle", BundleAsync).Requires(Permission.ManageSettings, wholeGateway: true);
    }

    /// <summary>The name of a bundle's file.</summary>
    public static string FileName(DateTimeOffset now) => $"support-{now.UtcDateTime.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}.zip";

    private static async Task<IResult> CheckAsync(HttpContext context, HealthChecks checks) =>
        Results.Json(await checks.RunAsync(context.RequestAborted));

    private static async Task<IResult> TimeAsync(HttpContext context, CompareClocks clocks) =>
        Results.Json(await clocks.ReadAsync(context.RequestAborted));

    private static async Task<IResult> BundleAsync(HttpContext context, SupportBundle bundle, TimeProvider clock)
    {
        context.Response.Headers.CacheControl = "no-store";
        return Results.Bytes(await bundle.MakeAsync(context.RequestAborted), "application/zip", FileName(clock.GetUtcNow()));
    }
}
