using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Where Software Central is, over REST. Secrets go in and never come out.</summary>
internal static class CentralFeature
{
    public static void MapCentral(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/central", ShowAsync).Requires(Permission.ManageUpstream);
        routes.MapPut("/api/v2/central", SetAsync).Requires(Permission.ManageUpstream);
        routes.MapPost("/api/v2/central/test", TestAsync).Requires(Permission.ManageUpstream);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, MasterKey masterKey)
    {
        if (ForAll(context) is { } refusal)
        {
            return refusal;
        }

        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(View(await CentralSettings.LoadAsync(session, masterKey, context.RequestAborted)));
    }

    /// <summary>What is left out stays as it is; an empty text takes it away.</summary>
    private static async Task<IResult> SetAsync(HttpContext context, SetCentralRequest request, Database database, MasterKey masterKey, TimeProvider clock)
    {
        if (ForAll(context) is { } refusal)
        {
            return refusal;
        }

        var caller = Caller.Of(context)!;
        var problems = new List<string>();
        await using var session = await database.BeginAsync(context.RequestAborted);
        var before = await CentralSettings.LoadAsync(session, masterKey, context.RequestAborted);
        var after = before with
        {
            Address = Address("address", request.Address, before.Address, problems),
            TokenAddress = Address("tokenAddress", request.TokenAddress, before.TokenAddress, problems),
            ClientId = request.ClientId ?? before.ClientId,
            ClientSecret = request.ClientSecret is { } secret ? new Secret(secret) : before.ClientSecret,
            Proxy = Address("proxy", request.Proxy, before.Proxy, problems),
            ProxyUser = request.ProxyUser ?? before.ProxyUser,
            ProxyPassword = request.ProxyPassword is { } password ? new Secret(password) : before.ProxyPassword,
            ExchangeAnchors = request.ExchangeAnchors ?? before.ExchangeAnchors,
            TlsAnchors = request.TlsAnchors ?? before.TlsAnchors,
            Schedule = ReadSchedule(request.Schedule, before.Schedule, problems),
        };
        problems.AddRange(after.Problems());
        if (problems.Count > 0)
        {
            return Problem.Of(StatusCodes.Status400BadRequest, "central-invalid", string.Join(' ', problems));
        }

        var now = clock.GetUtcNow();
        await after.SaveAsync(session, masterKey, caller.Name, now, context.RequestAborted);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.CentralSettingsChanged, Severity.Info, caller.Name, $"Software Central was set to {after.Address?.AbsoluteUri ?? "files only"}, schedule {after.Schedule.Words}."),
            now,
            context.RequestAborted);
        await session.CommitAsync();
        return Results.Json(View(after));
    }

    /// <summary>Signs in and looks for a Smart Account, without changing anything.</summary>
    private static async Task<IResult> TestAsync(HttpContext context, TestCentralRequest request, Database database, MasterKey masterKey, CentralTiming timing)
    {
        if (ForAll(context) is { } refusal)
        {
            return refusal;
        }

        CentralSettings settings;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            settings = await CentralSettings.LoadAsync(session, masterKey, context.RequestAborted);
        }

        if (!settings.IsOnline)
        {
            return Problem.Of(StatusCodes.Status409Conflict, "central-not-set", "This gateway does not know where Software Central is. Set it with: tgctl central set");
        }

        try
        {
            using var central = new CentralClient(settings, timing with { Retries = 1, Call = TimeSpan.FromSeconds(30) });
            var found = await central.FindVirtualAccountsAsync(request.SmartAccount, context.RequestAborted);
            return Results.Json(new { reached = true, smartAccountFound = found is not null, virtualAccounts = found ?? [] });
        }
        catch (Exception exception) when (exception is CentralUnavailableException or CentralRefusedException)
        {
            return Problem.Of(StatusCodes.Status502BadGateway, "central-away", exception.Message);
        }
    }

    /// <summary>These settings are the whole gateway's: a client of one account neither sees nor changes them.</summary>
    private static IResult? ForAll(HttpContext context) =>
        Caller.Of(context)!.AccountId is null
            ? null
            : Problem.Of(StatusCodes.Status403Forbidden, "whole-gateway", "These settings are the whole gateway's; a client of one account cannot use them.");

    private static Uri? Address(string key, string? given, Uri? before, List<string> problems)
    {
        if (given is null or "")
        {
            return given is null ? before : null;
        }

        if (Uri.TryCreate(given, UriKind.Absolute, out var address) && address.Host.Length > 0)
        {
            return address;
        }

        problems.Add($"{key}: '{given}' is not a URL.");
        return before;
    }

    private static SynchronizationSchedule ReadSchedule(ScheduleRequest? given, SynchronizationSchedule before, List<string> problems)
    {
        if (given is null)
        {
            return before;
        }

        if (SynchronizationSchedule.Of(given.Period, given.Day, given.Hour) is { } schedule)
        {
            return schedule;
        }

        problems.Add("schedule: " + SynchronizationSchedule.Help);
        return before;
    }

    private static CentralView View(CentralSettings settings) => new(
        settings.Address?.AbsoluteUri,
        settings.TokenAddress?.AbsoluteUri,
        settings.ClientId,
        settings.ClientSecret.Value.Length > 0,
        settings.Proxy?.AbsoluteUri,
        settings.ProxyUser,
        settings.ProxyPassword.Value.Length > 0,
        [.. settings.ReadExchangeAnchors().Select(anchor => anchor.Subject)],
        [.. settings.ReadTlsAnchors().Select(anchor => anchor.Subject)],
        settings.Schedule.Words);

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
