using System.Collections.Concurrent;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Finds out who calls and whether the route lets them in. Runs after routing.</summary>
/// <remarks>A caller without a right is answered 403, never 401: deployment scripts wait for that status (ssm-on-prem 6.1).</remarks>
internal sealed class CallerMiddleware(RequestDelegate next, Database database, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RoutePermissions.Needed>() is not { } needed)
        {
            await next(context);
            return;
        }

        if (!context.Request.IsHttps && !PeerCredentials.IsLocal(context))
        {
            await RefuseAsync(context, "not-over-http", "The API is not served over plain HTTP. Use https.");
            return;
        }

        var caller = PeerCredentials.IsLocal(context) ? PeerCredentials.CallerOf(context) : await BearerAsync(context);
        if (caller is null)
        {
            await RefuseAsync(
                context,
                "sign-in-needed",
                PeerCredentials.IsLocal(context)
                    ? "Only root and the gateway's own user may use the control socket. Run the command with sudo, or sign in with an API client."
                    : "No valid access token came with the request. Get one from /oauth/token and send it as 'Authorization: Bearer ...'.");
            return;
        }

        if (!caller.May(needed.Permission))
        {
            await RefuseAsync(context, "permission-needed", $"{caller.Name} lacks the permission {needed.Permission}. An administrator can create a client that has it.");
            return;
        }

        caller.Attach(context);
        await next(context);
    }

    private async Task<Caller?> BearerAsync(HttpContext context)
    {
        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        if (!header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase))
        {
            return null;
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var client = await new ApiClients(session).FindByTokenAsync(Credentials.Hash(header[Scheme.Length..].Trim()), clock.GetUtcNow(), context.RequestAborted);
        return client?.ToCaller();
    }

    private static Task RefuseAsync(HttpContext context, string name, string detail)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, name, detail);
    }
}

/// <summary>Slows down whoever guesses secrets: after ten failures a source waits a minute.</summary>
internal sealed class SignInThrottle(TimeProvider clock)
{
    private const int MostFailures = 10;
    private const int MostSources = 10_000;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly ConcurrentDictionary<string, (int Failures, DateTimeOffset Since)> _sources = new(StringComparer.Ordinal);

    public bool IsBlocked(string source) =>
        _sources.TryGetValue(source, out var seen) && seen.Failures >= MostFailures && clock.GetUtcNow() - seen.Since < Window;

    public void Failed(string source)
    {
        var now = clock.GetUtcNow();
        if (_sources.Count >= MostSources)
        {
            foreach (var (old, seen) in _sources)
            {
                if (now - seen.Since >= Window)
                {
                    _sources.TryRemove(old, out _);
                }
            }
        }

        _sources.AddOrUpdate(source, (1, now), (_, seen) => now - seen.Since < Window ? (seen.Failures + 1, seen.Since) : (1, now));
    }
}
