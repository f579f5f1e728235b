using TransportGateway.Http;

namespace TransportGateway.Access;

/// <summary>The way on which secrets come in over REST: never over plain HTTP, and slowed down for who guesses.</summary>
internal static class SignInChannel
{
    /// <summary>Null when a secret may come in.</summary>
    public static IResult? Refusal(HttpContext context, SignInThrottle throttle)
    {
        if (!context.Request.IsHttps && !PeerCredentials.IsLocal(context))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "not-over-http", "Secrets are not taken over plain HTTP. Use https.");
        }

        return throttle.IsBlocked(Source(context)) ? TooOften(context) : null;
    }

    /// <summary>The answer to an address that failed too often.</summary>
    public static IResult TooOften(HttpContext context)
    {
        context.Response.Headers.RetryAfter = "60";
        return Problem.Of(StatusCodes.Status429TooManyRequests, "too-many-failures", "Too many failed attempts from this address. Try again in a minute.");
    }

    public static string Source(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "control socket";
}
