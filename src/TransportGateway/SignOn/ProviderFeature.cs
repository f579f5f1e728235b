using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.SignOn;

/// <summary>The identity provider over REST. Its secrets go in and never come out.</summary>
internal static class ProviderFeature
{
    public static void MapProvider(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/identity-provider", ShowAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/identity-provider", SetAsync).Requires(Permission.ManageUsers, wholeGateway: true).Editable();
        routes.MapPost("/api/v2/identity-provider/test", TestAsync).Requires(Permission.ManageUsers, wholeGateway: true);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, MasterKey masterKey)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(View(await ProviderSettings.LoadAsync(session, masterKey, context.RequestAborted)));
    }

    private static async Task<IResult> SetAsync(HttpContext context, SetProviderRequest request, ChangeProvider change)
    {
        var (settings, problems) = await change.ExecuteAsync(
            new ChangeProvider.Request(
                Caller.Of(context)!,
                request.Issuer,
                request.ClientId,
                request.ClientSecret is { } secret ? new Secret(secret) : null,
                request.Scopes,
                request.NameClaim,
                request.GroupsClaim,
                request.Label,
                request.Proxy,
                request.ProxyUser,
                request.ProxyPassword is { } password ? new Secret(password) : null,
                request.TlsAnchors,
                request.Groups),
            context.RequestAborted);
        return problems.Count == 0 ? Results.Json(View(settings))
            : problems.Contains(GroupRole.NotHeld) ? Problem.Of(StatusCodes.Status403Forbidden, "permission-not-held", GroupRole.NotHeld)
            : Problem.Of(StatusCodes.Status400BadRequest, "identity-provider-invalid", string.Join(' ', problems));
    }

    /// <summary>Reads the provider's description of itself; signs nobody in and changes nothing.</summary>
    private static async Task<IResult> TestAsync(HttpContext context, Database database, MasterKey masterKey)
    {
        ProviderSettings settings;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            settings = await ProviderSettings.LoadAsync(session, masterKey, context.RequestAborted);
        }

        if (settings.Issuer is null)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "identity-provider-not-set", "This gateway knows no identity provider. Set it with: tgctl identity-provider set");
        }

        try
        {
            var found = await OpenIdProvider.DescribeAsync(settings, context.RequestAborted);
            return Results.Json(new TestView(found.Issuer, found.AuthorizationEndpoint, found.TokenEndpoint, found.SigningKeys.Count));
        }
        catch (ProviderException exception)
        {
            return Problem.Of(StatusCodes.Status502BadGateway, "identity-provider-away", exception.Message);
        }
    }

    private static ProviderView View(ProviderSettings settings) => new(
        settings.Issuer?.OriginalString,
        settings.ClientId,
        settings.ClientSecret.Value.Length > 0,
        settings.Scopes,
        settings.NameClaim,
        settings.GroupsClaim,
        settings.Label,
        settings.Route.Proxy?.AbsoluteUri,
        settings.Route.ProxyUser,
        settings.Route.ProxyPassword.Value.Length > 0,
        [.. settings.Route.ReadTlsAnchors().Select(anchor => anchor.Subject)],
        settings.Groups);

    internal sealed record SetProviderRequest(
        string? Issuer = null,
        string? ClientId = null,
        string? ClientSecret = null,
        string? Scopes = null,
        string? NameClaim = null,
        string? GroupsClaim = null,
        string? Label = null,
        string? Proxy = null,
        string? ProxyUser = null,
        string? ProxyPassword = null,
        string? TlsAnchors = null,
        GroupRole[]? Groups = null);

    private sealed record TestView(string Issuer, string AuthorizationEndpoint, string TokenEndpoint, int SigningKeys);

    private sealed record ProviderView(
        string? Issuer,
        string ClientId,
        bool HasClientSecret,
        string Scopes,
        string NameClaim,
        string GroupsClaim,
        string Label,
        string? Proxy,
        string ProxyUser,
        bool HasProxyPassword,
        IReadOnlyList<string> TlsAnchors,
        IReadOnlyList<GroupRole> Groups);
}
