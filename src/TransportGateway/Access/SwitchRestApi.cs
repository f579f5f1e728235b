using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>Lets programs in, or keeps them out (ssm-on-prem 1.9). The control socket and the pages work in either case.</summary>
internal sealed class SwitchRestApi(Database database, TimeProvider clock)
{
    /// <summary>What a program is told while it is kept out.</summary>
    public const string Off = "The REST API is switched off. An administrator switches it on under API Toolkit, or with: tgctl api-toolkit on";

    private const string Name = "rest-api";
    private const string OffValue = "off";

    public static async Task<bool> IsOnAsync(DbSession session, CancellationToken cancellationToken) =>
        await new StoredSettings(session).FindAsync(Name, cancellationToken) != OffValue;

    public async Task<bool> IsOnAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await IsOnAsync(session, cancellationToken);
    }

    public async Task ExecuteAsync(Caller by, bool on, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        if (await IsOnAsync(session, cancellationToken) == on)
        {
            return;
        }

        await new StoredSettings(session).SetAsync(Name, on ? "on" : OffValue, by.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.RestApiSwitched, Severity.Warning, by.Name, on ? "The REST API was switched on: programs may sign in." : "The REST API was switched off: programs and their access tokens are refused."),
            now,
            cancellationToken);
        await session.CommitAsync();
    }
}

/// <summary>The switch over REST.</summary>
internal static class RestApiFeature
{
    public static void MapRestApiSwitch(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/api-toolkit", ShowAsync).Requires(Permission.ManageAccess, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/api-toolkit", SetAsync).Requires(Permission.ManageAccess, wholeGateway: true).Editable();
    }

    private static async Task<IResult> ShowAsync(HttpContext context, SwitchRestApi api) =>
        Results.Json(new Switch(await api.IsOnAsync(context.RequestAborted)));

    private static async Task<IResult> SetAsync(HttpContext context, Switch request, SwitchRestApi api)
    {
        await api.ExecuteAsync(Caller.Of(context)!, request.Enabled, context.RequestAborted);
        return Results.Json(request);
    }

    internal sealed record Switch(bool Enabled);
}
