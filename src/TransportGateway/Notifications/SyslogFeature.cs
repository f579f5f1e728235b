using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.Notifications;

/// <summary>Syslog over REST.</summary>
internal static class SyslogFeature
{
    /// <summary>How the server fares is nobody's edit.</summary>
    private static readonly string[] Passing = ["lastSentAt", "awaySince", "lastProblem"];

    public static void MapSyslog(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/settings/syslog", ShowAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable(Passing);
        routes.MapPut("/api/v2/settings/syslog", SetAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable(Passing);
        routes.MapPost("/api/v2/settings/syslog/test", TestAsync).Requires(Permission.ManageSettings, wholeGateway: true);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(await ViewAsync(session, await SyslogSettings.LoadAsync(session, context.RequestAborted), context.RequestAborted));
    }

    private static async Task<IResult> SetAsync(HttpContext context, SetSyslogRequest request, ChangeSyslog change, Database database)
    {
        var (settings, problems) = await change.ExecuteAsync(
            new ChangeSyslog.Request(
                Caller.Of(context)!, request.Server, request.Port, request.Transport, request.TlsAnchors, request.LeastSeverity, request.Facility, request.LeaveOut),
            context.RequestAborted);
        if (problems.Count > 0)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "syslog-invalid", string.Join(' ', problems));
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(await ViewAsync(session, settings, context.RequestAborted));
    }

    private static async Task<IResult> TestAsync(HttpContext context, ChangeSyslog change)
    {
        try
        {
            return await change.TestAsync(Caller.Of(context)!, context.RequestAborted)
                ? Results.NoContent()
                : Problem.Of(StatusCodes.Status409Conflict, "syslog-not-set", "This gateway forwards its event log nowhere. Say where to with: tgctl syslog set");
        }
        catch (SyslogUnreachableException exception)
        {
            return Problem.Of(StatusCodes.Status502BadGateway, "syslog-away", exception.Message);
        }
    }

    private static async Task<SyslogView> ViewAsync(DbSession session, SyslogSettings settings, CancellationToken cancellationToken)
    {
        var state = await new EventFollowers(session).FindAsync(ForwardToSyslog.Follower, cancellationToken);
        return new SyslogView(
            settings.Server,
            settings.PortInUse,
            settings.Transport,
            [.. UpstreamRoute.ReadPem(settings.TlsAnchors).Select(anchor => anchor.Subject)],
            settings.LeastSeverity,
            settings.Facility,
            settings.LeftOutKinds,
            state?.LastDoneAt,
            state?.StuckSince,
            state?.Problem ?? "");
    }

    internal sealed record SetSyslogRequest(
        string? Server = null,
        int? Port = null,
        string? Transport = null,
        string? TlsAnchors = null,
        string? LeastSeverity = null,
        string? Facility = null,
        string[]? LeaveOut = null);

    /// <param name="AwaySince">Null while the server takes what it is sent.</param>
    private sealed record SyslogView(
        string? Server,
        int Port,
        string Transport,
        IReadOnlyList<string> TlsAnchors,
        string LeastSeverity,
        string Facility,
        IReadOnlyList<string> LeaveOut,
        DateTimeOffset? LastSentAt,
        DateTimeOffset? AwaySince,
        string LastProblem);
}
