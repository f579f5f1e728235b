using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>The relay over REST. The proxy's password goes in and never comes out.</summary>
internal static class RelayFeature
{
    /// <summary>How the upstreams fare is nobody's edit.</summary>
    private const string Passing = "upstreams";

    public static IServiceCollection AddRelay(this IServiceCollection services) => services
        .AddSingleton(RelayLimits.Default)
        .AddSingleton<RelayRoutes>()
        .AddSingleton<RecordRelayed>()
        .AddSingleton<RelayMessage>()
        .AddSingleton<ChangeRelay>()
        .AddSingleton<TestUpstream>()
        .AddSingleton<IJob, RelayWatch>();

    public static void MapRelay(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/relay", ShowAsync).Requires(Permission.ManageUpstream, wholeGateway: true).Editable(Passing);
        routes.MapPut("/api/v2/relay", SetAsync).Requires(Permission.ManageUpstream, wholeGateway: true).Editable(Passing);
        routes.MapPost("/api/v2/relay/test", TestAsync).Requires(Permission.ManageUpstream, wholeGateway: true);
        routes.MapPut("/api/v2/accounts/{account}/relay", SetForAccountAsync).Requires(Permission.ManageUpstream);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, RelayRoutes relay, Database database)
    {
        await relay.RefreshAsync(context.RequestAborted);
        return Results.Json(await ViewAsync(relay, database, context.RequestAborted));
    }

    private static async Task<IResult> SetAsync(HttpContext context, SetRelayRequest request, ChangeRelay change, RelayRoutes relay, Database database)
    {
        var outcome = await change.ExecuteAsync(
            new ChangeRelay.Request(
                Caller.Of(context)!,
                request.Enabled,
                request.CallHome,
                request.SmartTransport,
                request.Account,
                request.Proxy,
                request.ProxyUser,
                request.ProxyPassword is { } password ? new Secret(password) : null,
                request.TlsAnchors,
                request.TimeoutSeconds,
                request.AlertMinutes),
            context.RequestAborted);
        return outcome switch
        {
            ChangeRelay.Outcome.Changed => Results.Json(await ViewAsync(relay, database, context.RequestAborted)),
            ChangeRelay.Outcome.Invalid(var problems) => Problem.Of(StatusCodes.Status400BadRequest, "relay-invalid", string.Join(' ', problems)),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    /// <summary>Dials every upstream, without a message, and answers like <see cref="ShowAsync"/>.</summary>
    private static async Task<IResult> TestAsync(HttpContext context, TestUpstream test, RelayRoutes relay, Database database)
    {
        return (await test.RelayAsync(context.RequestAborted)).Count == 0
            ? Problem.Of(StatusCodes.Status409Conflict, "relay-off", TestUpstream.RelayOff.ToString())
            : Results.Json(await ViewAsync(relay, database, context.RequestAborted));
    }

    private static async Task<IResult> SetForAccountAsync(HttpContext context, string account, SetAccountRelayRequest request, AccountScope scope, ChangeRelay change)
    {
        var caller = Caller.Of(context)!;
        return await scope.FindWholeAsync(caller, account, context.RequestAborted) is { } found
            && await change.AllowAsync(caller, found, request.Enabled, context.RequestAborted)
                ? Results.NoContent()
                : AccountScope.NotFound("local account", account);
    }

    private static async Task<RelayView> ViewAsync(RelayRoutes relay, Database database, CancellationToken cancellationToken)
    {
        var settings = relay.Settings;
        await using var session = await database.ReadAsync(cancellationToken);
        var accounts = await new LocalAccounts(session).ListAsync(cancellationToken);
        return new RelayView(
            settings.Enabled,
            settings.CallHome?.AbsoluteUri,
            settings.SmartTransport?.AbsoluteUri,
            accounts.FirstOrDefault(account => account.Id == settings.AccountId)?.Name,
            settings.Route.Proxy?.AbsoluteUri,
            settings.Route.ProxyUser,
            settings.Route.ProxyPassword.Value.Length > 0,
            [.. settings.Route.ReadTlsAnchors().Select(anchor => anchor.Subject)],
            settings.TimeoutSeconds,
            settings.AlertMinutes,
            [.. accounts.Where(account => !account.RelayAllowed).Select(account => account.Name)],
            [.. relay.Upstreams.Select(View)]);
    }

    private static UpstreamView View(RelayUpstream upstream)
    {
        var health = upstream.Health.Now;
        return new UpstreamView(upstream.Address.AbsoluteUri, health.State.ToString().ToLowerInvariant(), health.AwaySince, health.Cause, health.LastAnswer);
    }

    internal sealed record SetRelayRequest(
        bool? Enabled = null,
        string? CallHome = null,
        string? SmartTransport = null,
        string? Account = null,
        string? Proxy = null,
        string? ProxyUser = null,
        string? ProxyPassword = null,
        string? TlsAnchors = null,
        int? TimeoutSeconds = null,
        int? AlertMinutes = null);

    internal sealed record SetAccountRelayRequest(bool Enabled);

    private sealed record RelayView(
        bool Enabled,
        string? CallHome,
        string? SmartTransport,
        string? Account,
        string? Proxy,
        string ProxyUser,
        bool HasProxyPassword,
        string[] TlsAnchors,
        int TimeoutSeconds,
        int AlertMinutes,
        string[] AccountsNotRelayed,
        UpstreamView[] Upstreams);

    /// <param name="State"><c>unknown</c> until it was dialled, <c>up</c> or <c>away</c>.</param>
    private sealed record UpstreamView(string Address, string State, DateTimeOffset? AwaySince, string? Cause, DateTimeOffset? LastAnswer);
}
