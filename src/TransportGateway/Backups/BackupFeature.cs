using Microsoft.AspNetCore.Http.Features;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Backups;

/// <summary>Backups over REST.</summary>
internal static class BackupFeature
{
    public const string FileType = "application/pgp-encrypted";
    private const string RecoveryKeyHeader = "Recovery-Key";

    public static IServiceCollection AddBackups(this IServiceCollection services, BackupFolder folder) => services
        .AddSingleton(folder)
        .AddSingleton<ChangeBackups>()
        .AddSingleton<MakeBackup>()
        .AddSingleton<DrillBackup>()
        .AddSingleton<DeleteBackup>()
        .AddSingleton<RestoreBackup>()
        .AddSingleton<Restart>()
        .AddSingleton<IJob, BackupJob>();

    public static void MapBackups(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/backups", ListAsync).Requires(Permission.ManageDatabase, wholeGateway: true);
        routes.MapPost("/api/v2/backups", MakeAsync).Requires(Permission.ManageDatabase, wholeGateway: true).TakesIdempotencyKey();
        routes.MapGet("/api/v2/backups/{id}/file", DownloadAsync).Requires(Permission.ManageDatabase, wholeGateway: true);
        routes.MapPost("/api/v2/backups/{id}/drill", DrillAsync).Requires(Permission.ManageDatabase, wholeGateway: true);
        routes.MapDelete("/api/v2/backups/{id}", DeleteAsync).Requires(Permission.ManageDatabase, wholeGateway: true);
        routes.MapGet("/api/v2/backup-settings", ShowSettingsAsync).Requires(Permission.ManageDatabase, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/backup-settings", SetAsync).Requires(Permission.ManageDatabase, wholeGateway: true).Editable();
        routes.MapPost("/api/v2/backup-recovery-key", NewKeyAsync).Requires(Permission.ManageDatabase, wholeGateway: true).TakesIdempotencyKey();
        routes.MapPost("/api/v2/restore", RestoreAsync).Requires(Permission.ManageDatabase, wholeGateway: true);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Database database, BackupFolder folder, ListPage page)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(page.Of(await new BackupStore(session).ListAsync(context.RequestAborted), backup => backup.Id, descending: true).Select(backup => View(backup, folder)));
    }

    private static async Task<IResult> MakeAsync(HttpContext context, MakeBackup make, BackupFolder folder) =>
        await make.ExecuteAsync(Caller.Of(context)!.Name, context.RequestAborted) switch
        {
            MakeBackup.Outcome.Made(var backup) => Results.Json(View(backup, folder)),
            MakeBackup.Outcome.Failed(var backup) => Problem.Of(StatusCodes.Status500InternalServerError, "backup-failed", $"The backup failed: {backup.Problem}"),
            MakeBackup.Outcome.NotPossible(var reason) => Problem.Of(StatusCodes.Status409Conflict, "backup-not-possible", reason),
            var other => throw new InvalidOperationException(other.ToString()),
        };

    private static async Task<IResult> DownloadAsync(HttpContext context, string id, Database database, BackupFolder folder, TimeProvider clock)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await FindFileAsync(database, folder, Caller.Of(context)!, id, clock, context.RequestAborted) is { } found
            ? Results.File(folder.PathOf(found), FileType, found.FileName)
            : NoFile();
    }

    /// <summary>The backup whose file is on this machine, with word in the event log of who took it.</summary>
    public static async Task<BackupRow?> FindFileAsync(Database database, BackupFolder folder, Caller by, string id, TimeProvider clock, CancellationToken cancellationToken)
    {
        await using var session = await database.BeginAsync(cancellationToken);
        if (await new BackupStore(session).FindAsync(id, cancellationToken) is not { } backup || !folder.Has(backup))
        {
            return null;
        }

        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.BackupDownloaded, Severity.Info, by.Name, $"{backup.FileName} was downloaded."), clock.GetUtcNow(), cancellationToken);
        await session.CommitAsync();
        return backup;
    }

    private static async Task<IResult> DrillAsync(HttpContext context, string id, DrillBackup drill, BackupFolder folder) =>
        await drill.ExecuteAsync(Caller.Of(context)!.Name, id, context.RequestAborted) is { } backup ? Results.Json(View(backup, folder)) : NoFile();

    private static async Task<IResult> DeleteAsync(HttpContext context, string id, DeleteBackup delete) =>
        await delete.ExecuteAsync(Caller.Of(context)!, id, context.RequestAborted) ? Results.Json(new { id, deleted = true }) : NoFile();

    private static async Task<IResult> ShowSettingsAsync(HttpContext context, ChangeBackups change) =>
        Results.Json(View(await change.ReadAsync(context.RequestAborted)));

    private static async Task<IResult> SetAsync(HttpContext context, SettingsBody body, ChangeBackups change) =>
        await change.SetAsync(Caller.Of(context)!, body.Period, body.Day, body.Hour, body.Keep, context.RequestAborted) is { } problem
            ? Problem.Of(StatusCodes.Status400BadRequest, "backup-settings-invalid", problem)
            : Results.Json(View(await change.ReadAsync(context.RequestAborted)));

    private static async Task<IResult> NewKeyAsync(HttpContext context, ChangeBackups change)
    {
        context.Response.Headers.CacheControl = "no-store";
        return Results.Json(new { recoveryKey = (await change.NewRecoveryKeyAsync(Caller.Of(context)!, context.RequestAborted)).Value });
    }

    /// <remarks>On the gateway's own machine alone: it replaces users and keys, so nobody does it with a token that was found.</remarks>
    private static async Task<IResult> RestoreAsync(HttpContext context, RestoreBackup restore, Restart restart)
    {
        if (!PeerCredentials.IsLocal(context))
        {
            return Problem.Of(StatusCodes.Status403Forbidden, "on-this-machine-only", "A backup is restored on the gateway's own machine: sudo tgctl backup restore FILE --recovery-key-file KEY");
        }

        if (context.Request.Headers[RecoveryKeyHeader].ToString() is not { Length: > 0 } key)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "recovery-key-missing", $"Send the recovery key in the header {RecoveryKeyHeader}.");
        }

        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            // As large as it is: root sends it, and the disk bounds it.
            limit.MaxRequestBodySize = null;
        }

        var outcome = await restore.ExecuteAsync(Caller.Of(context)!, context.Request.Body, new Secret(key), context.RequestAborted);
        if (outcome is RestoreBackup.Outcome.Restored)
        {
            context.Response.OnCompleted(() =>
            {
                restart.Request();
                return Task.CompletedTask;
            });
        }

        return outcome switch
        {
            RestoreBackup.Outcome.Restored(var manifest) => Results.Json(new { manifest.MadeAt, manifest.HostName, manifest.Version, rows = manifest.Tables.Sum(table => table.Rows) }),
            RestoreBackup.Outcome.Refused(var reason) => Problem.Of(StatusCodes.Status409Conflict, "backup-not-restored", reason),
            _ => throw new InvalidOperationException(outcome.ToString()),
        };
    }

    private static IResult NoFile() => Problem.Of(
        StatusCodes.Status404NotFound, "no-such-backup", "There is no such backup on this machine. It was deleted, or another machine made it: look there.");

    private static object View(BackupSettings settings) => new
    {
        period = settings.Schedule.Period.ToString().ToLowerInvariant(),
        settings.Schedule.Day,
        settings.Schedule.Hour,
        words = settings.Schedule.Words,
        settings.Keep,
        hasRecoveryKey = settings.HasRecoveryKey,
    };

    private static object View(BackupRow backup, BackupFolder folder) => new
    {
        backup.Id,
        backup.State,
        backup.Node,
        backup.StartedBy,
        backup.StartedAt,
        backup.EndedAt,
        file = backup.FileName,
        isHere = folder.Has(backup),
        backup.Bytes,
        rows = backup.RowCount,
        backup.Problem,
        backup.DrilledAt,
        backup.DrillPassed,
        backup.DrillResult,
    };

    internal sealed record SettingsBody(string Period, int Hour, int Keep, int? Day = null);
}

/// <summary>Starts the gateway anew within its process: what it remembers is not what the database has.</summary>
internal sealed class Restart(IHostApplicationLifetime host)
{
    public bool IsWanted { get; private set; }

    public void Request()
    {
        IsWanted = true;
        host.StopApplication();
    }
}
