using TransportGateway.Access;
using TransportGateway.Cluster;
using TransportGateway.Http;

namespace TransportGateway.Hosting;

/// <summary>HA status for everyone who may look, a switchover for administrators, and the two calls that the resource agent on this node makes.</summary>
internal static class ClusterRoutes
{
    public static void MapCluster(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/cluster", ShowAsync)
            .Requires(Permission.ReadInventory, wholeGateway: true).AlsoOnStandby();
        routes.MapPost("/api/v2/cluster/switchover", SwitchOverAsync).Requires(Permission.ManageCluster, wholeGateway: true);
        routes.MapPost("/api/v2/cluster/drain", DrainAsync).Requires(Permission.ManageCluster).AlsoOnStandby();
        routes.MapPost("/api/v2/cluster/resume", ResumeAsync).Requires(Permission.ManageCluster).AlsoOnStandby();
    }

    /// <summary>Addresses and versions of both nodes are the whole gateway's business, here as on the page.</summary>
    private static async Task<IResult> ShowAsync(HttpContext context, HaStatus status) =>
        Results.Json(await status.ReadAsync(context.RequestAborted));

    private static async Task<IResult> SwitchOverAsync(HttpContext context, AskForSwitchover ask, HaStatus status) =>
        await ask.ExecuteAsync(Caller.Of(context)!.Name, context.RequestAborted) switch
        {
            AskForSwitchover.Outcome.Asked => Results.Json(await status.ReadAsync(context.RequestAborted), statusCode: StatusCodes.Status202Accepted),
            AskForSwitchover.Outcome.Refused(var reason) => Problem.Of(StatusCodes.Status409Conflict, "no-switchover", reason.ToString()),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<IResult> DrainAsync(HttpContext context, Drain drain)
    {
        if (!PeerCredentials.IsLocal(context))
        {
            return OnlyHere();
        }

        await drain.DrainAsync(context.RequestAborted);
        return Results.NoContent();
    }

    private static async Task<IResult> ResumeAsync(HttpContext context, Drain drain, RoleWatch role)
    {
        if (!PeerCredentials.IsLocal(context))
        {
            return OnlyHere();
        }

        await role.LookAsync(context.RequestAborted);
        drain.Resume();
        return Results.NoContent();
    }

    private static IResult OnlyHere() =>
        Problem.Of(StatusCodes.Status403Forbidden, "only-on-this-machine", "Only the cluster's resource agent on this machine may do that, over the control socket. To move the role ask for a switchover: POST /api/v2/cluster/switchover, or tgctl ha switchover");
}
