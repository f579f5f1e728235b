using Microsoft.AspNetCore.Http.Features;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Licensing;
using TransportGateway.Persistence;
using TransportGateway.Protocol.Exchange;

namespace TransportGateway.Upstream;

/// <summary>Registration of accounts with Software Central and their synchronisation over REST.</summary>
internal static class SynchronizationFeature
{
    private const long LargestFile = 2L * 1024 * 1024 * 1024;

    public static IServiceCollection AddSynchronization(this IServiceCollection services, string dataDirectory) => services
        .AddSingleton(new CentralTiming())
        .AddSingleton(_ => new ExchangeFolder(dataDirectory))
        .AddSingleton<ExchangeKeys>()
        .AddSingleton<RegisterAccount>()
        .AddSingleton<CertificateRequests>()
        .AddSingleton<RequestComposer>()
        .AddSingleton<ApplyResponse>()
        .AddSingleton<ListSynchronizations>()
        .AddSingleton<StartSynchronization>()
        .AddSingleton<SynchronizeAccount>()
        .AddSingleton<SynchronizationRunner>()
        .AddSingleton<SynchronizeAll>()
        .AddHostedService(provider => provider.GetRequiredService<SynchronizationRunner>())
        .AddSingleton<FileExchange>()
        .AddSingleton<ChangeCentral>()
        .AddSingleton<ChangeSynchronization>()
        .AddSingleton<IJob, SynchronizationJob>();

    public static void MapSynchronization(this IEndpointRouteBuilder routes)
    {
        const string Account = "/api/v2/accounts/{account}";
        routes.MapPost(Account + "/register", RegisterAsync).Requires(Permission.ManageAccounts);
        routes.MapPost(Account + "/registration-file", SaveRegistrationFileAsync).Requires(Permission.ManageAccounts);
        routes.MapPost(Account + "/authorization-file", LoadAuthorizationFileAsync).Requires(Permission.ManageAccounts);
        routes.MapGet(Account + "/entitlements", ListEntitlementsAsync).Requires(Permission.ReadInventory);
        routes.MapGet("/api/v2/synchronizations", ListStatesAsync).Requires(Permission.ReadInventory);
        routes.MapPost("/api/v2/synchronizations", StartAllAsync).Requires(Permission.Synchronize);
        routes.MapGet(Account + "/synchronizations", ListRunsAsync).Requires(Permission.ReadInventory);
        routes.MapPost(Account + "/synchronizations", StartAsync).Requires(Permission.Synchronize);
        routes.MapPost(Account + "/synchronizations/request-file", SaveRequestFileAsync).Requires(Permission.Synchronize);
        routes.MapPost(Account + "/synchronizations/response-file", LoadResponseFileAsync).Requires(Permission.Synchronize);
        routes.MapGet(Account + "/synchronization-settings", ShowSettingsAsync).Requires(Permission.ReadInventory).Editable();
        routes.MapPut(Account + "/synchronization-settings", SetAsync).Requires(Permission.Synchronize).Editable();
        routes.MapCentral();
    }

    private static Task<IResult> RegisterAsync(HttpContext context, string account, AccountScope scope, RegisterAccount register) =>
        WithAccountAsync(context, account, scope, async (caller, found) => Answer(await register.ExecuteAsync(caller, found, context.RequestAborted), found));

    private static Task<IResult> SaveRegistrationFileAsync(HttpContext context, string account, AccountScope scope, RegisterAccount register) =>
        WithAccountAsync(context, account, scope, async (caller, found) => Answer(await register.SaveFileAsync(caller, found, context.RequestAborted), found));

    private static Task<IResult> LoadAuthorizationFileAsync(HttpContext context, string account, AccountScope scope, RegisterAccount register) =>
        WithAccountAsync(context, account, scope, async (caller, found) =>
        {
            Allow(context, ExchangeFormat.MostPartBytes);
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body, context.RequestAborted);
            return Answer(await register.AuthorizeAsync(caller, found, body.ToArray(), context.RequestAborted), found);
        });

    private static IResult Answer(RegisterAccount.Outcome outcome, LocalAccountRow account) => outcome switch
    {
        RegisterAccount.Outcome.Registered => Results.Json(new { account = account.Name, status = AccountStatus.Active }),
        RegisterAccount.Outcome.Saved saved => Results.Bytes(saved.File, ExchangeFormat.ContentType, "registration-request.tgx"),
        RegisterAccount.Outcome.NotPossible(var reason) => Problem.Of(StatusCodes.Status409Conflict, "registration-not-possible", reason),
        RegisterAccount.Outcome.Failed(var reason) => Problem.Of(StatusCodes.Status502BadGateway, "registration-failed", reason),
        var other => throw new InvalidOperationException(other.GetType().Name),
    };

    private static Task<IResult> ListEntitlementsAsync(HttpContext context, string account, AccountScope scope, Database database, ListPage page) =>
        WithAccountAsync(context, account, scope, async (_, found) =>
        {
            await using var session = await database.ReadAsync(context.RequestAborted);
            return Results.Json(page.Of(await new Entitlements(session).ListAsync(found.Id, context.RequestAborted), row => $"{row.Tag}\n{ListPage.Sortable(row.StartsAt)}\n{row.Id}").Select(row => new EntitlementView(
                row.Id, row.Tag, row.DisplayName, row.Sku, row.Billing, row.Quantity, row.StartsAt, row.EndsAt, row.SubscriptionId, row.Status)));
        });

    private static async Task<IResult> ListStatesAsync(HttpContext context, ListSynchronizations list, ListPage page) =>
        Results.Json(page.Of(await list.ExecuteAsync(Caller.Of(context)!, context.RequestAborted), state => Names.Key(state.Account.Name)).Select(state => new StateView(
            state.Account.Name,
            state.Account.SmartAccount!,
            state.Account.CloudVirtualAccount!,
            state.Synchronization?.LastSuccessAt,
            state.Synchronization?.DueAt,
            state.Alert,
            state.ScheduleWords.ToString(),
            [.. state.Withheld],
            state.Last is null ? null : View(state.Last))));

    private static Task<IResult> ListRunsAsync(HttpContext context, string account, AccountScope scope, Database database, ListPage page) =>
        WithAccountAsync(context, account, scope, async (_, found) =>
        {
            await using var session = await database.ReadAsync(context.RequestAborted);
            const int Proposed = 50;
            var limit = page.Limit(Proposed);
            var runs = await new SynchronizationRuns(session).ListAsync(found.Id, limit + 1, context.RequestAborted, page.AfterOne);
            return Results.Json(page.Cut(runs, limit, run => [run.Id]).Select(View));
        });

    private static Task<IResult> StartAsync(HttpContext context, string account, StartRequest request, AccountScope scope, SynchronizeAll all) =>
        WithAccountAsync(context, account, scope, async (caller, found) =>
        {
            if (ModeProblem(request) is { } problem)
            {
                return problem;
            }

            return await all.OneAsync(caller, found, request.Mode == RunMode.Full, context.RequestAborted) switch
            {
                StartSynchronization.Outcome.Started(var run) => Results.Json(View(run), statusCode: StatusCodes.Status202Accepted),
                StartSynchronization.Outcome.AlreadyUnderWay(var run) => Problem.Of(
                    StatusCodes.Status409Conflict, "under-way", $"A synchronisation of '{found.Name}' is under way since {run.StartedAt.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC, started by {run.StartedBy}."),
                StartSynchronization.Outcome.NotPossible(var reason) => Problem.Of(StatusCodes.Status409Conflict, "synchronization-not-possible", reason.ToString()),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
        });

    /// <summary>One command for all accounts, as after a change of the host name.</summary>
    private static async Task<IResult> StartAllAsync(HttpContext context, StartRequest request, SynchronizeAll all)
    {
        if (ModeProblem(request) is { } problem)
        {
            return problem;
        }

        var outcomes = await all.ExecuteAsync(Caller.Of(context)!, request.Mode == RunMode.Full, context.RequestAborted);
        return Results.Json(
            outcomes.Select(entry => entry.Outcome switch
            {
                StartSynchronization.Outcome.Started(var run) => new StartedView(entry.Account.Name, run.Id, null),
                StartSynchronization.Outcome.AlreadyUnderWay(var run) => new StartedView(entry.Account.Name, run.Id, null),
                StartSynchronization.Outcome.NotPossible(var reason) => new StartedView(entry.Account.Name, null, reason.ToString()),
                var other => throw new InvalidOperationException(other.GetType().Name),
            }),
            statusCode: StatusCodes.Status202Accepted);
    }

    private static Task<IResult> SaveRequestFileAsync(HttpContext context, string account, StartRequest request, AccountScope scope, FileExchange files) =>
        WithAccountAsync(context, account, scope, async (caller, found) => ModeProblem(request)
            ?? await files.SaveRequestAsync(caller, found, request.Mode == RunMode.Full, context.RequestAborted) switch
            {
                FileExchange.SaveOutcome.Saved(var run, var content) => Results.Stream(content, ExchangeFormat.ContentType, $"synchronization-request-{run.Sequence}.tgx"),
                FileExchange.SaveOutcome.NotPossible(var reason) => Problem.Of(StatusCodes.Status409Conflict, "synchronization-not-possible", reason.ToString()),
                var other => throw new InvalidOperationException(other.GetType().Name),
            });

    private static Task<IResult> LoadResponseFileAsync(HttpContext context, string account, AccountScope scope, FileExchange files) =>
        WithAccountAsync(context, account, scope, async (caller, found) =>
        {
            Allow(context, LargestFile);
            return await files.LoadResponseAsync(caller, found, context.Request.Body, context.RequestAborted) is { } refusal
                ? Problem.Of(StatusCodes.Status409Conflict, "response-file-refused", refusal)
                : Results.Json(new { account = found.Name, status = RunState.Succeeded });
        });

    private static Task<IResult> ShowSettingsAsync(HttpContext context, string account, AccountScope scope, Database database) =>
        WithAccountAsync(context, account, scope, async (_, found) =>
        {
            await using var session = await database.ReadAsync(context.RequestAborted);
            if (await new Synchronizations(session).FindAsync(found.Id, context.RequestAborted) is not { } row)
            {
                return NotRegistered(found);
            }

            var schedule = Schedule.Parse(row.Schedule);
            return Results.Json(new SettingsView(
                schedule is null ? null : new CentralFeature.ScheduleRequest(schedule.Period.ToString().ToLowerInvariant(), schedule.Day, schedule.Hour),
                schedule is null,
                row.Withheld.Split(' ', StringSplitOptions.RemoveEmptyEntries)));
        });

    private static IResult NotRegistered(LocalAccountRow account) =>
        Problem.Of(StatusCodes.Status409Conflict, "not-registered", $"'{account.Name}' is not registered with Software Central yet.");

    private static Task<IResult> SetAsync(HttpContext context, string account, SettingsRequest request, AccountScope scope, ChangeSynchronization change) =>
        WithAccountAsync(context, account, scope, async (caller, found) =>
        {
            var schedule = request.Schedule is null ? null : Schedule.Of(request.Schedule.Period, request.Schedule.Day, request.Schedule.Hour);
            if (request.Schedule is not null && schedule is null)
            {
                return Problem.Of(StatusCodes.Status400BadRequest, "schedule-invalid", Schedule.Help);
            }

            return await change.ExecuteAsync(
                new ChangeSynchronization.Request(caller, found, schedule, request.FollowDefaultSchedule, request.Withhold), context.RequestAborted) switch
            {
                ChangeSynchronization.Outcome.Changed => Results.NoContent(),
                ChangeSynchronization.Outcome.Invalid(var reason) => Problem.Of(StatusCodes.Status400BadRequest, "withhold-invalid", reason.ToString()),
                ChangeSynchronization.Outcome.NotRegistered => NotRegistered(found),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };
        });

    private static async Task<IResult> WithAccountAsync(HttpContext context, string account, AccountScope scope, Func<Caller, LocalAccountRow, Task<IResult>> work)
    {
        var caller = Caller.Of(context)!;
        return await scope.FindWholeAsync(caller, account, context.RequestAborted) is { } found ? await work(caller, found) : AccountScope.NotFound("local account", account);
    }

    private static IResult? ModeProblem(StartRequest request) =>
        request.Mode is RunMode.Standard or RunMode.Full ? null : Problem.Of(StatusCodes.Status400BadRequest, "mode-invalid", "mode is 'standard' (what changed) or 'full' (everything).");

    private static void Allow(HttpContext context, long bytes)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
        {
            limit.MaxRequestBodySize = bytes;
        }
    }

    private static RunView View(RunRow run) => new(
        run.Id,
        run.Mode,
        run.Way,
        run.State,
        run.StartedBy,
        run.StartedAt,
        run.EndedAt,
        run.InstancesToSend,
        run.InstancesSent,
        run.BytesSent,
        run.EntitlementsReceived,
        run.RemovalsReceived,
        run.CertificatesReceived,
        run.Cause);

    internal sealed record StartRequest(string Mode = RunMode.Standard);

    /// <param name="FollowDefaultSchedule">Takes away the account's own schedule.</param>
    /// <param name="Withhold">What Software Central is not told of products; empty for nothing.</param>
    internal sealed record SettingsRequest(CentralFeature.ScheduleRequest? Schedule = null, bool FollowDefaultSchedule = false, IReadOnlyList<string>? Withhold = null);

    /// <param name="Schedule">The account's own; null while it follows the gateway's.</param>
    private sealed record SettingsView(CentralFeature.ScheduleRequest? Schedule, bool FollowDefaultSchedule, string[] Withhold);

    private sealed record EntitlementView(
        string Id, string Tag, string License, string? Sku, string Billing, long Quantity, DateTimeOffset StartDate, DateTimeOffset? EndDate, string? SubscriptionId, string Status);

    private sealed record StateView(
        string Name,
        string SmartAccount,
        string VirtualAccount,
        DateTimeOffset? LastSynchronization,
        DateTimeOffset? SynchronizationDue,
        string Alerts,
        string Schedule,
        IReadOnlyList<string> Withheld,
        RunView? LastRun);

    private sealed record StartedView(string Account, string? Run, string? Problem);

    private sealed record RunView(
        string Id,
        string Mode,
        string Way,
        string State,
        string StartedBy,
        DateTimeOffset StartedAt,
        DateTimeOffset? EndedAt,
        long InstancesToSend,
        long InstancesSent,
        long BytesSent,
        long EntitlementsReceived,
        long RemovalsReceived,
        long CertificatesReceived,
        string Cause);
}
