using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>A person's own affairs over REST: facts, password, second factor, sessions. And the way in for who has a one-time code alone.</summary>
internal static class MeFeature
{
    private const string Path = "/api/v2/me";

    public static void MapMe(this IEndpointRouteBuilder routes)
    {
        routes.MapPost("/api/v2/set-password", SetPasswordAsync).OpenToAll("the one-time code is the right to do this, once");
        routes.MapGet(Path, ShowAsync).IsOwnAffair();
        routes.MapPost(Path + "/password", ChangePasswordAsync).IsOwnAffair();
        routes.MapPost(Path + "/second-factor", BeginSecondFactorAsync).IsOwnAffair();
        routes.MapPost(Path + "/second-factor/confirm", ConfirmSecondFactorAsync).IsOwnAffair();
        routes.MapPost(Path + "/second-factor/remove", RemoveSecondFactorAsync).IsOwnAffair();
        routes.MapGet(Path + "/sessions", ListSessionsAsync).IsOwnAffair();
        routes.MapDelete(Path + "/sessions/{id}", EndSessionAsync).IsOwnAffair();
    }

    private static async Task<IResult> SetPasswordAsync(HttpContext context, SetPasswordRequest request, SetPassword setPassword, SignInThrottle throttle)
    {
        if (SignInChannel.Refusal(context, throttle) is { } refusal)
        {
            return refusal;
        }

        var source = SignInChannel.Source(context);
        switch (await throttle.AttemptAsync(
            source,
            () => setPassword.WithCodeAsync(request.Name, new Secret(request.Code), new Secret(request.Password), source, context.RequestAborted),
            outcome => outcome is SetPassword.Outcome.Refused,
            context.RequestAborted))
        {
            case SetPassword.Outcome.Done:
                return Results.NoContent();
            case SetPassword.Outcome.Invalid(var reason):
                return Invalid(reason);
            case null:
                return SignInChannel.TooOften(context);
            default:
                return Problem.Of(
                    StatusCodes.Status403Forbidden,
                    "password-code-refused",
                    "The user name or the code is not valid, or the code was used or is too old. A system administrator can make a new one.");
        }
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, TimeProvider clock)
    {
        var user = Me.Of(context).User;
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(UsersFeature.View(user, await new AccountRoles(session).OfUserAsync(user.Id, context.RequestAborted), clock.GetUtcNow()));
    }

    private static async Task<IResult> ChangePasswordAsync(HttpContext context, ChangePasswordRequest request, SetPassword setPassword, SignInThrottle throttle)
    {
        if (SignInChannel.Refusal(context, throttle) is { } refusal)
        {
            return refusal;
        }

        var me = Me.Of(context);
        var source = SignInChannel.Source(context);
        switch (await throttle.AttemptAsync(
            source,
            () => setPassword.WithPasswordAsync(me, new Secret(request.Current), new Secret(request.Password), source, context.RequestAborted),
            outcome => outcome is SetPassword.Outcome.Refused,
            context.RequestAborted))
        {
            case SetPassword.Outcome.Done:
                return Results.NoContent();
            case SetPassword.Outcome.Invalid(var reason):
                return Invalid(reason);
            case SetPassword.Outcome.KeptElsewhere:
                return Problem.Of(StatusCodes.Status409Conflict, "password-kept-elsewhere", "The gateway does not keep your password. Change it where you sign in.");
            case null:
                return SignInChannel.TooOften(context);
            default:
                return Problem.Of(StatusCodes.Status403Forbidden, "password-refused", "The password until now is not right, or you are locked after too many attempts.");
        }
    }

    private static async Task<IResult> BeginSecondFactorAsync(HttpContext context, SecondFactor secondFactor)
    {
        const string Issuer = "Transport gateway";
        var user = Me.Of(context).User;
        if (user is { TotpConfirmed: true } or not { Origin: UserOrigin.Local })
        {
            return Problem.Of(StatusCodes.Status409Conflict, "second-factor-not-possible", "You have a second factor already, or sign in elsewhere. Remove the one that is first.");
        }

        context.Response.Headers.CacheControl = "no-store";
        var enrolment = await secondFactor.EnrolAsync(user, Issuer, context.RequestAborted);
        return Results.Json(new EnrolmentView(enrolment.Key.Value, enrolment.Address.Value));
    }

    private static async Task<IResult> ConfirmSecondFactorAsync(HttpContext context, CodeRequest request, SecondFactor secondFactor) =>
        await secondFactor.ConfirmAsync(Me.Of(context).User, request.Code, context.RequestAborted)
            ? Results.NoContent()
            : Problem.Of(StatusCodes.Status400BadRequest, "second-factor-code-wrong", "The code is not right, or no second factor was begun. Begin again, and send a code of the new key.");

    /// <summary>Only who still has the app takes the factor away; who lost it asks an administrator.</summary>
    private static async Task<IResult> RemoveSecondFactorAsync(
        HttpContext context, CodeRequest request, SecondFactor secondFactor, CheckPassword check, SignInThrottle throttle)
    {
        if (SignInChannel.Refusal(context, throttle) is { } refusal)
        {
            return refusal;
        }

        var me = Me.Of(context);
        if (!me.User.TotpConfirmed)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "no-second-factor", "You have no second factor.");
        }

        var source = SignInChannel.Source(context);
        var taken = await throttle.AttemptAsync<object>(
            source, async () => await secondFactor.TakeAsync(me.User, request.Code, context.RequestAborted), taken => taken is false, context.RequestAborted);
        if (taken is null)
        {
            return SignInChannel.TooOften(context);
        }

        if (taken is true)
        {
            await secondFactor.RemoveAsync(me, context.RequestAborted);
            return Results.NoContent();
        }

        await check.FailedAsync(me.User, source, context.RequestAborted);
        return Problem.Of(StatusCodes.Status403Forbidden, "second-factor-code-refused", "The code is not valid, or was used before. Wait for the next one; who lost the app asks a system administrator.");
    }

    private static async Task<IResult> ListSessionsAsync(HttpContext context, Database database, ListPage page, TimeProvider clock)
    {
        var me = Me.Of(context);
        await using var session = await database.ReadAsync(context.RequestAborted);
        var sessions = await new Sessions(session).ListAsync(me.User.Id, clock.GetUtcNow(), context.RequestAborted);
        return Results.Json(page.Of(sessions, row => row.Id, descending: true)
            .Select(row => new SessionView(row.Id, row.Id == me.SessionId, row.Source, row.Agent, row.CreatedAt, row.LastUsedAt, row.ExpiresAt)));
    }

    private static async Task<IResult> EndSessionAsync(HttpContext context, string id, EndSession end)
    {
        var me = Me.Of(context);
        return await end.ExecuteAsync(me.Caller, id, me.User.Id, context.RequestAborted)
            ? Results.NoContent()
            : Problem.Of(StatusCodes.Status404NotFound, "no-such-session", "You have no such session, or it ended before.");
    }

    private static IResult Invalid(string reason) => Problem.Of(StatusCodes.Status400BadRequest, "password-invalid", reason);

    internal sealed record SetPasswordRequest(string Name, string Code, string Password);

    internal sealed record ChangePasswordRequest(string Current, string Password);

    internal sealed record CodeRequest(string Code);

    /// <param name="Address">What an authenticator app reads: otpauth://totp/...</param>
    private sealed record EnrolmentView(string Key, string Address);

    /// <param name="Current">The browser that asks.</param>
    private sealed record SessionView(
        string Id, bool Current, string Source, string Agent, DateTimeOffset SignedInAt, DateTimeOffset LastUsedAt, DateTimeOffset ExpiresAt);
}
