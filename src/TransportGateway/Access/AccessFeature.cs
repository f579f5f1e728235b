using System.Text.Json.Nodes;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Sign-in of programs, and the API clients themselves.</summary>
internal static class AccessFeature
{
    public static IServiceCollection AddAccess(this IServiceCollection services) => services
        .AddSingleton<SetUpGateway>()
        .AddSingleton<IssueAccessToken>()
        .AddSingleton<CreateApiClient>()
        .AddSingleton<RevokeApiClient>()
        .AddSingleton<SignInThrottle>()
        .AddSingleton<SessionCookie>()
        .AddSingleton<CheckPassword>()
        .AddSingleton<SecondFactor>()
        .AddSingleton<SignIn>()
        .AddSingleton<SetPassword>()
        .AddSingleton<CreateUser>()
        .AddSingleton<ChangeUser>()
        .AddSingleton<EndSession>()
        .AddSingleton<ChangeAccessRules>()
        .AddSingleton<SwitchRestApi>()
        .AddSingleton<ChangeLanguage>()
        .AddSingleton<ChangeMessageOfTheDay>();

    public static void MapAccess(this IEndpointRouteBuilder routes)
    {
        foreach (var prefix in new[] { "", "/backend" })
        {
            routes.MapPost(prefix + "/oauth/token", IssueTokenAsync).OpenToAll("this is where programs sign in");
        }

        routes.MapGet("/api/v2/api-clients", ListAsync).Requires(Permission.ManageAccess);
        routes.MapPost("/api/v2/api-clients", CreateAsync).Requires(Permission.ManageAccess).TakesIdempotencyKey();
        routes.MapDelete("/api/v2/api-clients/{id}", RevokeAsync).Requires(Permission.ManageAccess);
        routes.MapRestApiSwitch();
        routes.MapUsers();
        routes.MapMe();
        routes.MapAccessRules();
        routes.MapLanguage();
        routes.MapMessageOfTheDay();
    }

    private static async Task<IResult> IssueTokenAsync(HttpContext context, IssueAccessToken issue, SwitchRestApi api, SignInThrottle throttle, Database database, TimeProvider clock)
    {
        if (SignInChannel.Refusal(context, throttle) is { } refusal)
        {
            return refusal;
        }

        if (!PeerCredentials.IsLocal(context) && !await api.IsOnAsync(context.RequestAborted))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "rest-api-off", SwitchRestApi.Off);
        }

        LenientBody body;
        try
        {
            body = await LenientBody.ReadAsync(context);
        }
        catch (BadHttpRequestException exception)
        {
            return OAuthError("invalid_request", exception.Message, exception.StatusCode);
        }

        var grant = body.Text("grant_type");
        if (grant is not ("client_credentials" or "password"))
        {
            return OAuthError(grant is null ? "invalid_request" : "unsupported_grant_type", "grant_type must be client_credentials or password.");
        }

        if (body.Text("client_id") is not { Length: > 0 } clientId || body.Text("client_secret") is not { } secret)
        {
            return OAuthError("invalid_request", "client_id and client_secret are needed. 'tgctl api-client create' makes them.");
        }

        // Some clients send a user with client_credentials, too; the grant says what counts.
        IssueAccessToken.UserPassword? user = null;
        if (grant == "password")
        {
            if (body.Text("username") is not { Length: > 0 } name || body.Text("password") is not { } password)
            {
                return OAuthError("invalid_request", "username and password are needed for the password grant.");
            }

            user = new IssueAccessToken.UserPassword(name, new Secret(password), body.Text("totp") ?? "");
        }

        var source = SignInChannel.Source(context);
        var request = new IssueAccessToken.Request(clientId, new Secret(secret), user, source);
        // A client's secret is too long to be guessed and cheap to check, and programs ask for many tokens at once: they need not wait for each other.
        var outcome = user is null
            ? await issue.ExecuteAsync(request, context.RequestAborted)
            : await throttle.AttemptAsync(source, () => issue.ExecuteAsync(request, context.RequestAborted), IssueAccessToken.IsFailure, context.RequestAborted);
        if (outcome is null)
        {
            return SignInChannel.TooOften(context);
        }

        if (outcome is IssueAccessToken.Outcome.Issued issued)
        {
            context.Response.Headers.CacheControl = "no-store";
            return Results.Json(new JsonObject
            {
                ["access_token"] = issued.AccessToken.Value,
                ["token_type"] = "Bearer",
                ["expires_in"] = (int)IssueAccessToken.Lifetime.TotalSeconds,
            });
        }

        if (outcome is IssueAccessToken.Outcome.PasswordMustChange)
        {
            return OAuthError("invalid_grant", "This user has to change the password, or to set up a second factor, first. Sign in with a browser once.", StatusCodes.Status403Forbidden);
        }

        if (user is null)
        {
            throttle.Failed(source);
        }

        if (outcome is IssueAccessToken.Outcome.UserRefused)
        {
            return OAuthError("invalid_grant", "The user name, the password or the second factor (totp) is not valid, or the user is locked.", StatusCodes.Status403Forbidden);
        }

        await using var session = await database.BeginAsync(context.RequestAborted);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.SignInRefused, Severity.Warning, source, "An API client's id or secret was refused."), clock.GetUtcNow(), context.RequestAborted);
        await session.CommitAsync();
        return OAuthError("invalid_client", "The client id or the secret is not valid, or the client was revoked.", StatusCodes.Status403Forbidden);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Database database, ListPage page)
    {
        var caller = Caller.Of(context)!;
        await using var session = await database.ReadAsync(context.RequestAborted);
        var clients = await new ApiClients(session).ListAsync(context.RequestAborted);
        var visible = clients.Where(client => client.AccountId is null ? caller.IsForAllAccounts : caller.MaySee(client.AccountId));
        return Results.Json(page.Of(visible, client => client.Id).Select(client => new ClientView(
            client.Id, client.Name, client.AccountId, client.Permissions.Split(' '), client.CreatedBy, client.CreatedAt, client.RevokedAt)));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, CreateRequest request, CreateApiClient create)
    {
        var caller = Caller.Of(context)!;
        var permissions = new List<Permission>();
        foreach (var name in request.Permissions ?? DefaultPermissions(request.AccountId))
        {
            if (!Enum.TryParse<Permission>(name, ignoreCase: true, out var permission) || !Enum.IsDefined(permission))
            {
                return Problem.Of(
                    StatusCodes.Status400BadRequest, "no-such-permission", $"There is no permission '{name}'. There are: {string.Join(", ", Enum.GetNames<Permission>())}.");
            }

            permissions.Add(permission);
        }

        return await create.ExecuteAsync(new CreateApiClient.Request(caller, request.Name, request.AccountId, permissions), context.RequestAborted) switch
        {
            CreateApiClient.Outcome.Created created => Results.Json(new ClientWithSecret(created.ClientId, created.ClientSecret.Value)),
            CreateApiClient.Outcome.NameInvalid invalid => Problem.Of(StatusCodes.Status400BadRequest, "name-invalid", invalid.Reason),
            CreateApiClient.Outcome.OtherAccount => Problem.Of(
                StatusCodes.Status403Forbidden, "other-account", "A client of one account can create clients for that account only."),
            CreateApiClient.Outcome.NoSuchAccount => Problem.Of(
                StatusCodes.Status404NotFound, "no-such-account", $"There is no local account with the id '{request.AccountId}'. 'tgctl account list -o json' shows the ids."),
            CreateApiClient.Outcome.PermissionNotHeld held => Problem.Of(
                StatusCodes.Status403Forbidden, "permission-not-held", $"{caller.Name} does not have the permission {held.Permission} and cannot give it."),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> RevokeAsync(HttpContext context, string id, RevokeApiClient revoke) =>
        await revoke.ExecuteAsync(Caller.Of(context)!, id, context.RequestAborted)
            ? Results.NoContent()
            : Problem.Of(StatusCodes.Status404NotFound, "no-such-client", "There is no such API client, or it was revoked before.");

    /// <summary>What the toolkit of a local account needs; a client for all accounts is asked to name what it wants.</summary>
    private static string[] DefaultPermissions(string? accountId) => accountId is null
        ? [nameof(Permission.ReadInventory)]
        : [nameof(Permission.ReadInventory), nameof(Permission.ReadTokenText), nameof(Permission.ManageTokens), nameof(Permission.ManageInstances), nameof(Permission.ManageVirtualAccounts), nameof(Permission.ManageLicenses)];

    /// <summary>The error shape of RFC 6749, which OAuth clients read.</summary>
    private static IResult OAuthError(string error, string description, int status = StatusCodes.Status400BadRequest) =>
        Results.Json(new JsonObject { ["error"] = error, ["error_description"] = description }, statusCode: status);

    internal sealed record CreateRequest(string Name, string? AccountId = null, string[]? Permissions = null);

    private sealed record ClientWithSecret(string ClientId, string ClientSecret);

    private sealed record ClientView(
        string ClientId, string Name, string? AccountId, string[] Permissions, string CreatedBy, DateTimeOffset CreatedAt, DateTimeOffset? RevokedAt);
}
