using System.Globalization;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Hosting;

/// <summary>The event log over REST, as far as the caller may see it.</summary>
internal static class EventRoutes
{
    private const int Proposed = 100;
    private const string DayFormat = "yyyy-MM-dd";

    public static void MapEvents(this IEndpointRouteBuilder routes) => routes.MapGet("/api/v2/events", ListAsync).Requires(Permission.ReadEvents);

    private static async Task<IResult> ListAsync(HttpContext context, [AsParameters] Query query, AccountScope scope, Database database, ListPage page)
    {
        var caller = Caller.Of(context)!;
        var (account, virtualAccount) = query switch
        {
            { Account: { } named, VirtualAccount: { } part } => await scope.FindAsync(caller, named, part, context.RequestAborted),
            { Account: { } named } => (await scope.FindAsync(caller, named, context.RequestAborted), null),
            _ => default,
        };
        if (query.Account is not null && account is null)
        {
            return AccountScope.NotFound("local account", query.Account);
        }

        if (query.VirtualAccount is not null && virtualAccount is null)
        {
            return query.Account is null ? Invalid("virtualAccount needs the account that it is in; name that, too.") : AccountScope.NotFound("local virtual account", query.VirtualAccount);
        }

        if (query.Severity is not null && !Severity.All.Contains(query.Severity))
        {
            return Invalid($"There is no severity '{query.Severity}'. There are {string.Join(", ", Severity.All)}.");
        }

        if (new[] { query.From, query.To }.FirstOrDefault(text => text is not null && Instant(text, isEnd: false) is null) is { } wrong)
        {
            return Invalid($"'{wrong}' is no time. Write a day of UTC, as in 2021-06-20, or an instant, as in 2021-06-20T18:39:00Z.");
        }

        var filter = AccountScope.Events(caller) with
        {
            AccountId = account?.Id,
            VirtualAccountId = virtualAccount?.Id,
            InstanceId = query.Instance,
            License = query.License,
            Kinds = query.Kind is null ? null : [query.Kind],
            Severity = query.Severity ?? "",
            Actor = query.Actor ?? "",
            Text = query.Text ?? "",
            From = query.From is null ? null : Instant(query.From, isEnd: false),
            Before = query.To is null ? null : Instant(query.To, isEnd: true),
        };
        await using var session = await database.ReadAsync(context.RequestAborted);
        var limit = page.Limit(Proposed);
        return Results.Json(page.Cut(await new EventLog(session).ListAsync(filter, limit + 1, context.RequestAborted, page.AfterPlace), limit, row => [ListPage.Sortable(row.OccurredAt), row.Id]));
    }

    /// <param name="isEnd">Whether a day means its end.</param>
    private static DateTimeOffset? Instant(string text, bool isEnd) =>
        DateTimeOffset.TryParseExact(text, DayFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var day) ? isEnd && day.Year < 9999 ? day.AddDays(1) : day
        : DateTimeOffset.TryParse(text, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var instant) ? instant.ToUniversalTime()
        : null;

    private static IResult Invalid(string sentence) => Problem.Of(StatusCodes.Status400BadRequest, "filter-invalid", sentence);

    /// <summary>What narrows the list; all of it may be left out.</summary>
    internal sealed class Query
    {
        public string? Kind { get; init; }

        public string? Severity { get; init; }

        /// <summary>A part of the name of who did it.</summary>
        public string? Actor { get; init; }

        /// <summary>Searched in message, actor and kind.</summary>
        public string? Text { get; init; }

        public string? Account { get; init; }

        public string? VirtualAccount { get; init; }

        public string? Instance { get; init; }

        /// <summary>The entitlement tag.</summary>
        public string? License { get; init; }

        public string? From { get; init; }

        public string? To { get; init; }
    }
}
