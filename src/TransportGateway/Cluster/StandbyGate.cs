using TransportGateway.Http;

namespace TransportGateway.Cluster;

/// <summary>On a standby node answers everything but health and status with 503. Runs after routing.</summary>
internal sealed class StandbyGate(RequestDelegate next, NodeRole role)
{
    public Task InvokeAsync(HttpContext context)
    {
        if (role.IsActive || context.GetEndpoint()?.Metadata.GetMetadata<ServedByStandby>() is not null)
        {
            return next(context);
        }

        context.Response.Headers.RetryAfter = "5";
        return Problem.WriteAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            "standby-node",
            "This node is on standby; the other node serves. Use the virtual address, which leads to it, or try again in a few seconds.");
    }
}

internal sealed record ServedByStandby;

internal static class StandbyRoutes
{
    /// <summary>Also a node on standby serves this route: it only reads.</summary>
    public static TBuilder AlsoOnStandby<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new ServedByStandby());
}
