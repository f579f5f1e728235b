using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>The first run over REST.</summary>
internal static class SetUpFeature
{
    public static void MapSetUp(this IEndpointRouteBuilder routes) =>
        routes.MapPost("/api/v2/setup", SetUpAsync).OpenToAll("the set-up code is the right to do this, once");

    private static async Task<IResult> SetUpAsync(HttpContext context, SetUpRequest request, TakeIntoUse setUp, SignInThrottle throttle, Database database, TimeProvider clock)
    {
        if (SignInChannel.Refusal(context, throttle) is { } refusal)
        {
            return refusal;
        }

        if (request.Name is null != request.Password is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "set-up-invalid", "name and password go together: both for a person, neither for an API client.");
        }

        context.Response.Headers.CacheControl = "no-store";
        var person = request.Name is null ? ((string, Secret)?)null : (request.Name.Trim(), new Secret(request.Password!));
        switch (await throttle.AttemptAsync(
            SignInChannel.Source(context),
            () => setUp.ExecuteAsync(new TakeIntoUse.Request(new Secret(request.Code), person, request.HostName?.Trim()), context.RequestAborted),
            outcome => outcome is SetUpGateway.Outcome.CodeRefused,
            context.RequestAborted))
        {
            case SetUpGateway.Outcome.Client done:
                return Results.Json(new ClientView(done.ClientId, done.ClientSecret.Value));
            case SetUpGateway.Outcome.Person(var user):
                await using (var session = await database.ReadAsync(context.RequestAborted))
                {
                    return Results.Json(new PersonView(
                        UsersFeature.View(user, [], clock.GetUtcNow()), (await new HostSettings(session).FindNamesAsync(context.RequestAborted))?.CommonName ?? ""));
                }

            case SetUpGateway.Outcome.Invalid(var reason):
                return Problem.Of(StatusCodes.Status400BadRequest, "set-up-invalid", reason);
            case null:
                return SignInChannel.TooOften(context);
            default:
                return Problem.Of(
                    StatusCodes.Status403Forbidden,
                    "set-up-code-refused",
                    "The set-up code is not valid. The gateway prints a new one at each start until one was used; on its own machine tgctl needs none.");
        }
    }

    internal sealed record SetUpRequest(string Code, string? Name = null, string? Password = null, string? HostName = null);

    private sealed record ClientView(string ClientId, string ClientSecret);

    private sealed record PersonView(UsersFeature.UserView User, string HostName);
}
