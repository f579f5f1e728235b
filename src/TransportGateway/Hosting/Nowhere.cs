using TransportGateway.DeviceGateway;
using TransportGateway.Http;

namespace TransportGateway.Hosting;

/// <summary>Answers where no route is. A wrong URL on a product is common and hard to see there, so the answer names the right ones; a program is told of the API.</summary>
internal static class Nowhere
{
    private static readonly string[] OfPrograms = ["/api", "/backend", "/oauth", "/healthz", "/readyz", "/metrics"];

    public static Task AnswerAsync(HttpContext context, RequestDelegate next)
    {
        // Where a path is right, but not the method or the media type, routing has put an answer of its own: good for programs, not for products.
        var isOfPrograms = OfPrograms.Any(prefix => context.Request.Path.StartsWithSegments(prefix, StringComparison.OrdinalIgnoreCase));
        if (context.GetEndpoint() is RouteEndpoint || (context.GetEndpoint() is not null && isOfPrograms))
        {
            return next(context);
        }

        var (name, detail) = Problem.Named(StatusCodes.Status404NotFound);
        return Problem.WriteAsync(
            context,
            StatusCodes.Status404NotFound,
            name,
            isOfPrograms
                ? detail
                : $"There is nothing at this path. Products register at {DeviceGatewayFeature.CallHomePath} (Call Home) or {DeviceGatewayFeature.SmartTransportPath} (Smart Transport).");
    }
}
