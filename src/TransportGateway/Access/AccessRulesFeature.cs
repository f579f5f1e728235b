using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Lock-out, idle sign-out and password rules over REST.</summary>
internal static class AccessRulesFeature
{
    public static void MapAccessRules(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/access-rules", ShowAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/access-rules", ChangeAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable();
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(await AccessRules.LoadAsync(session, context.RequestAborted));
    }

    private static async Task<IResult> ChangeAsync(HttpContext context, AccessRules rules, ChangeAccessRules change)
    {
        return await change.ExecuteAsync(Caller.Of(context)!, rules, context.RequestAborted) is { Count: > 0 } problems
            ? Problem.Of(StatusCodes.Status400BadRequest, "access-rules-invalid", "The rules will not do; nothing changed.", "problems", problems)
            : Results.Json(rules);
    }
}
