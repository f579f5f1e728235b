using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>Moving to another database.</summary>
internal static class DatabaseRoutes
{
    public static void MapDatabase(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v2/database/migration", MoveAsync).Requires(Permission.ManageDatabase);

    private static async Task<IResult> MoveAsync(HttpContext context, MigrationBody body, MoveDatabase move, IHostApplicationLifetime host)
    {
        // A call that hangs up breaks the move off as long as nothing is committed.
        var outcome = await move.ExecuteAsync(new MoveDatabase.Request(Caller.Of(context)!, new Secret(body.Connection)), context.RequestAborted);
        if (outcome is MoveDatabase.Outcome.Moved(var tables))
        {
            context.Response.OnCompleted(() =>
            {
                host.StopApplication();
                return Task.CompletedTask;
            });
            return Results.Json(new { tables });
        }

        return Problem.Of(StatusCodes.Status409Conflict, "database-not-moved", ((MoveDatabase.Outcome.Refused)outcome).Problem);
    }

    internal sealed record MigrationBody(string Connection);
}
