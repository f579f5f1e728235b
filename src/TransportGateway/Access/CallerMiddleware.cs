using System.Net;
using System.Net.Sockets;
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

        // PostgreSQL has no text with a zero character in it, so a look-up by such a text would fail there.
        if (context.Request.QueryString.Value?.Contains("%00", StringComparison.Ordinal) == true)
        {
            await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "query-invalid", "The query holds a zero character (%00); leave it out.");
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
/// <remarks>Bounded: when too many sources fail at once, the one that failed first is forgotten. An IPv6 source counts by its /64.</remarks>
internal sealed class SignInThrottle(TimeProvider clock)
{
    public const int MostSources = 10_000;
    private const int MostFailures = 10;
    private static readonly TimeSpan Window = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private readonly Dictionary<string, (int Failures, DateTimeOffset Since)> _sources = new(StringComparer.Ordinal);

    // In the order in which sources first failed in their window; what was counted anew since is skipped.
    private readonly Queue<(string Source, DateTimeOffset Since)> _order = new();

    public int Sources
    {
        get
        {
            lock (_lock)
            {
                return _sources.Count;
            }
        }
    }

    public bool IsBlocked(string source)
    {
        lock (_lock)
        {
            return _sources.TryGetValue(Key(source), out var seen) && seen.Failures >= MostFailures && clock.GetUtcNow() - seen.Since < Window;
        }
    }

    public void Failed(string source)
    {
        var key = Key(source);
        lock (_lock)
        {
            var now = clock.GetUtcNow();
            if (_sources.TryGetValue(key, out var seen) && now - seen.Since < Window)
            {
                _sources[key] = (seen.Failures + 1, seen.Since);
                return;
            }

            while (_order.TryPeek(out var oldest) && (_sources.Count >= MostSources || now - oldest.Since >= Window))
            {
                _order.Dequeue();
                if (_sources.TryGetValue(oldest.Source, out var kept) && kept.Since == oldest.Since)
                {
                    _sources.Remove(oldest.Source);
                }
            }

            _sources[key] = (1, now);
            _order.Enqueue((key, now));
        }
    }

    private static string Key(string source)
    {
        if (!IPAddress.TryParse(source, out var address) || address.AddressFamily != AddressFamily.InterNetworkV6)
        {
            return source;
        }

        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString() : Convert.ToHexString(address.GetAddressBytes(), 0, 8);
    }
}
