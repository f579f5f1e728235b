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
        if (Caller.Of(context) is not { IsForAllAccounts: true } caller)
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "whole-gateway", "The database is of the whole gateway; a client of one account cannot move it.");
        }

        // A call that hangs up breaks the move off as long as nothing is committed.
        var outcome = await move.ExecuteAsync(new MoveDatabase.Request(caller, new Secret(body.Connection)), context.RequestAborted);
        if (outcome is not MoveDatabase.Outcome.Refused)
        {
            context.Response.OnCompleted(() =>
            {
                host.StopApplication();
                return Task.CompletedTask;
            });
        }

        return outcome switch
        {
            MoveDatabase.Outcome.Moved(var tables) => Results.Json(new { tables }),
            MoveDatabase.Outcome.Refused(var problem) => Problem.Of(StatusCodes.Status409Conflict, "database-not-moved", problem),
            MoveDatabase.Outcome.Unconfirmed(var problem) => Problem.Of(StatusCodes.Status502BadGateway, "database-move-unconfirmed", problem),
            _ => throw new InvalidOperationException(outcome.ToString()),
        };
    }

    internal sealed record MigrationBody(string Connection);
}
