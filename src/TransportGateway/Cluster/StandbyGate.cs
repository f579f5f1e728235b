using System.Net;
using TransportGateway.Http;

namespace TransportGateway.Cluster;

/// <summary>On a standby node answers everything but health and status with 503. Runs after routing.</summary>
/// <remarks>
/// What comes to the virtual address is held for a moment instead: the address is here, so the role is on its way, and Pacemaker sees this
/// gateway's database promoted a moment before the gateway itself does. A product would take the 503 for a failure of its attempt.
/// </remarks>
internal sealed class StandbyGate(RequestDelegate next, NodeRole role, ClusterSnapshot cluster, TimeProvider clock)
{
    private static readonly TimeSpan LongestHold = TimeSpan.FromSeconds(10);

    public async Task InvokeAsync(HttpContext context)
    {
        if (role.IsActive || context.GetEndpoint()?.Metadata.GetMetadata<ServedByStandby>() is not null
            || (IsAtVirtualAddress(context.Connection.LocalIpAddress) && await role.ActivatesWithinAsync(LongestHold, clock, context.RequestAborted)))
        {
            await next(context);
            return;
        }

        context.Response.Headers.RetryAfter = "5";
        await Problem.WriteAsync(
            context,
            StatusCodes.Status503ServiceUnavailable,
            "standby-node",
            "This node is on standby; the other node serves. Use the virtual address, which leads to it, or try again in a few seconds.");
    }

    private bool IsAtVirtualAddress(IPAddress? local) =>
        local is not null && IPAddress.TryParse(cluster.Plan?.VirtualAddress, out var address) && (local.IsIPv4MappedToIPv6 ? local.MapToIPv4() : local).Equals(address);
}

internal sealed record ServedByStandby;

internal static class StandbyRoutes
{
    /// <summary>Also a node on standby serves this route: it only reads.</summary>
    public static TBuilder AlsoOnStandby<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new ServedByStandby());
}
