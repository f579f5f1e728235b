using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Where Software Central is, over REST. Secrets go in and never come out.</summary>
internal static class CentralFeature
{
    public static void MapCentral(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/central", ShowAsync).Requires(Permission.ManageUpstream, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/central", SetAsync).Requires(Permission.ManageUpstream, wholeGateway: true).Editable();
        routes.MapPost("/api/v2/central/test", TestAsync).Requires(Permission.ManageUpstream, wholeGateway: true);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, MasterKey masterKey)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(View(await CentralSettings.LoadAsync(session, masterKey, context.RequestAborted)));
    }

    private static async Task<IResult> SetAsync(HttpContext context, SetCentralRequest request, ChangeCentral change)
    {
        var schedule = request.Schedule is null ? null : Schedule.Of(request.Schedule.Period, request.Schedule.Day, request.Schedule.Hour);
        if (request.Schedule is not null && schedule is null)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "central-invalid", "schedule: " + Schedule.Help);
        }

        var outcome = await change.ExecuteAsync(
            new ChangeCentral.Request(
                Caller.Of(context)!,
                request.Address,
                request.TokenAddress,
                request.ClientId,
                request.ClientSecret is { } secret ? new Secret(secret) : null,
                request.Proxy,
                request.ProxyUser,
                request.ProxyPassword is { } password ? new Secret(password) : null,
                request.ExchangeAnchors,
                request.TlsAnchors,
                schedule),
            context.RequestAborted);
        return outcome switch
        {
            ChangeCentral.Outcome.Changed(var settings) => Results.Json(View(settings)),
            ChangeCentral.Outcome.Invalid(var problems) => Problem.Of(StatusCodes.Status400BadRequest, "central-invalid", string.Join(' ', problems)),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> TestAsync(HttpContext context, TestCentralRequest request, TestUpstream test) =>
        await test.CentralAsync(request.SmartAccount, context.RequestAborted) switch
        {
            TestUpstream.Outcome.Reached(var found) => Results.Json(new { reached = true, smartAccountFound = found is not null, virtualAccounts = found ?? [] }),
            TestUpstream.Outcome.NotSet => Problem.Of(StatusCodes.Status409Conflict, "central-not-set", TestUpstream.CentralNotSet.ToString()),
            TestUpstream.Outcome.Away(var cause) => Problem.Of(StatusCodes.Status502BadGateway, "central-away", cause),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static CentralView View(CentralSettings settings) => new(
        settings.Address?.AbsoluteUri,
        settings.TokenAddress?.AbsoluteUri,
        settings.ClientId,
        settings.ClientSecret.Value.Length > 0,
        settings.Route.Proxy?.AbsoluteUri,
        settings.Route.ProxyUser,
        settings.Route.ProxyPassword.Value.Length > 0,
        [.. settings.ReadExchangeAnchors().Select(anchor => anchor.Subject)],
        [.. settings.Route.ReadTlsAnchors().Select(anchor => anchor.Subject)],
        settings.Schedule.Words.ToString());

    internal sealed record SetCentralRequest(
        string? Address = null,
        string? TokenAddress = null,
        string? ClientId = null,
        string? ClientSecret = null,
        string? Proxy = null,
        string? ProxyUser = null,
        string? ProxyPassword = null,
        string? ExchangeAnchors = null,
        string? TlsAnchors = null,
        ScheduleRequest? Schedule = null);

    internal sealed record ScheduleRequest(string Period, int? Day = null, int Hour = 0);

    internal sealed record TestCentralRequest(string SmartAccount);

    private sealed record CentralView(
        string? Address,
        string? TokenAddress,
        string ClientId,
        bool HasClientSecret,
        string? Proxy,
        string ProxyUser,
        bool HasProxyPassword,
        IReadOnlyList<string> ExchangeAnchors,
        IReadOnlyList<string> TlsAnchors,
        string Schedule);
}
