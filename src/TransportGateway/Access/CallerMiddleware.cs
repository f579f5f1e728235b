using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Finds out who calls and whether the route lets them in. Runs after routing.</summary>
/// <remarks>A caller without a right is answered 403, never 401: deployment scripts wait for that status (ssm-on-prem 6.1).</remarks>
internal sealed class CallerMiddleware(RequestDelegate next, Database database, SessionCookie cookie, TimeProvider clock)
{
    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<RoutePermissions.Page>() is { } page)
        {
            // A page says for each of its handlers what it needs, and sends who is not signed in to the sign-in.
            (await cookie.FindAsync(context, page.Background, context.RequestAborted))?.Attach(context);
            await next(context);
            return;
        }

        var needed = context.GetEndpoint()?.Metadata.GetMetadata<RoutePermissions.Needed>();
        if (needed is null && context.GetEndpoint()?.Metadata.GetMetadata<RoutePermissions.OwnAffair>() is null)
        {
            await next(context);
            return;
        }

        if (!context.Request.IsHttps && !PeerCredentials.IsLocal(context))
        {
            await RefuseAsync(context, "not-over-http", "The API is not served over plain HTTP. Use https.");
            return;
        }

        if (TokenOf(context) is not null && !PeerCredentials.IsLocal(context) && !await IsOnAsync(context.RequestAborted))
        {
            await RefuseAsync(context, "rest-api-off", SwitchRestApi.Off);
            return;
        }

        var (caller, me) = PeerCredentials.IsLocal(context) ? (PeerCredentials.CallerOf(context), null) : await BearerAsync(context) ?? await BrowserAsync(context) ?? default;
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

        if (needed is null && me is null)
        {
            await RefuseAsync(context, "person-needed", $"These are a person's own affairs, and {caller.Name} is none. Sign in for a person, with the password grant at /oauth/token.");
            return;
        }

        if (needed is not null && !caller.May(needed.Permission))
        {
            await RefuseAsync(context, "permission-needed", $"{caller.Name} lacks the permission {needed.Permission}. An administrator can create a client that has it.");
            return;
        }

        if (needed is { WholeGateway: true } && !caller.For(needed.Permission).IsForAllAccounts)
        {
            await Problem.WriteAsync(context, StatusCodes.Status403Forbidden, "whole-gateway", "This is the whole gateway's; a client of one account cannot manage it.");
            return;
        }

        // PostgreSQL has no text with a zero character in it, so a look-up by such a text would fail there.
        if (context.Request.QueryString.Value?.Contains("%00", StringComparison.Ordinal) == true)
        {
            await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "query-invalid", "The query holds a zero character (%00); leave it out.");
            return;
        }

        if (needed is not null)
        {
            caller.Attach(context, needed.Permission);
        }
        else
        {
            me!.Attach(context);
        }

        await next(context);
    }

    /// <summary>Null when none came with the request.</summary>
    private static string? TokenOf(HttpContext context)
    {
        const string Scheme = "Bearer ";
        var header = context.Request.Headers.Authorization.ToString();
        return header.StartsWith(Scheme, StringComparison.OrdinalIgnoreCase) ? header[Scheme.Length..].Trim() : null;
    }

    private async Task<bool> IsOnAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await SwitchRestApi.IsOnAsync(session, cancellationToken);
    }

    private async Task<(Caller?, Me?)?> BearerAsync(HttpContext context)
    {
        if (TokenOf(context) is not { } token)
        {
            return null;
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        var tokenHash = Credentials.Hash(token);
        var client = await new ApiClients(session).FindByTokenAsync(tokenHash, clock.GetUtcNow(), context.RequestAborted);
        if (client?.UserId is null)
        {
            return client is null ? null : (client.ToCaller(), null);
        }

        var user = await new Users(session).FindAsync(client.UserId, context.RequestAborted);
        if (user is null || user.Disabled || !(await AccessRules.LoadAsync(session, context.RequestAborted)).MayGoOn(user, clock.GetUtcNow()))
        {
            return null;
        }

        var caller = SessionCookie.CallerOf(user, await new AccountRoles(session).OfUserAsync(user.Id, context.RequestAborted)).Limit(client.ToCaller());
        return (caller, new Me(user, caller, SessionId: null, tokenHash));
    }

    /// <summary>A browser's session opens the API for reading alone, so no other site can make it write.</summary>
    private async Task<(Caller?, Me?)?> BrowserAsync(HttpContext context) =>
        HttpMethods.IsGet(context.Request.Method) && await cookie.FindAsync(context, background: false, context.RequestAborted) is { } signedIn && signedIn.MayGoOn(clock.GetUtcNow())
            ? (signedIn.Caller, new Me(signedIn.User, signedIn.Caller, signedIn.Session.Id, TokenHash: null))
            : null;

    private static Task RefuseAsync(HttpContext context, string name, string detail)
    {
        context.Response.Headers.WWWAuthenticate = "Bearer";
        return Problem.WriteAsync(context, StatusCodes.Status403Forbidden, name, detail);
    }
}
