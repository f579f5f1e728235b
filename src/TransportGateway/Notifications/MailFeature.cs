using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Upstream;
using TransportGateway.Webhooks;

namespace TransportGateway.Notifications;

/// <summary>E-mail over REST. Its password goes in and never comes out.</summary>
internal static class MailFeature
{
    private const int ProposedMails = 200;

    public static void MapMail(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/settings/email", ShowAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/settings/email", SetAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable();
        routes.MapPost("/api/v2/settings/email/test", TestAsync).Requires(Permission.ManageSettings, wholeGateway: true);
        routes.MapGet("/api/v2/settings/email/outbox", OutboxAsync).Requires(Permission.ManageSettings, wholeGateway: true);
    }

    private static async Task<IResult> ShowAsync(HttpContext context, Database database, MasterKey masterKey)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(View(await MailSettings.LoadAsync(session, masterKey, context.RequestAborted)));
    }

    private static async Task<IResult> SetAsync(HttpContext context, SetEmailRequest request, ChangeMail change)
    {
        var (settings, problems) = await change.ExecuteAsync(
            new ChangeMail.Request(
                Caller.Of(context)!,
                request.Server,
                request.Port,
                request.Security,
                request.TlsAnchors,
                request.Sender,
                request.User,
                request.Password is { } password ? new Secret(password) : null,
                request.Recipients,
                request.AllAlerts,
                request.Language),
            context.RequestAborted);
        return problems.Count == 0 ? Results.Json(View(settings)) : Problem.Of(StatusCodes.Status400BadRequest, "email-invalid", string.Join(' ', problems));
    }

    private static async Task<IResult> TestAsync(HttpContext context, TestEmailRequest request, ChangeMail change) =>
        await change.TestAsync(request.Recipient, context.RequestAborted) switch
        {
            ChangeMail.TestOutcome.Sent(var recipients, var answer) => Results.Json(new TestView(recipients, answer)),
            ChangeMail.TestOutcome.NotPossible(var reason) => Problem.Of(StatusCodes.Status409Conflict, "email-not-set", reason),
            ChangeMail.TestOutcome.Failed(var reason) => Problem.Of(StatusCodes.Status502BadGateway, "email-away", reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };

    private static async Task<IResult> OutboxAsync(HttpContext context, Database database, ListPage page)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var limit = page.Limit(ProposedMails);
        return Results.Json(page.Cut(await new Mails(session).ListAsync(limit + 1, context.RequestAborted, page.AfterOne), limit, row => [row.Id]).Select(row => new MailView(
            row.Id, row.Kind, row.Recipient, row.Subject, row.State, row.Attempts, row.CreatedAt, row.State == DeliveryState.Waiting ? row.NextAttemptAt : null, row.Outcome)));
    }

    private static EmailView View(MailSettings settings) => new(
        settings.Server,
        settings.PortInUse,
        settings.Security,
        [.. UpstreamRoute.ReadPem(settings.TlsAnchors).Select(anchor => anchor.Subject)],
        settings.Sender,
        settings.User,
        settings.Password.Value.Length > 0,
        settings.Recipients,
        settings.AllAlerts,
        settings.Language);

    internal sealed record SetEmailRequest(
        string? Server = null,
        int? Port = null,
        string? Security = null,
        string? TlsAnchors = null,
        string? Sender = null,
        string? User = null,
        string? Password = null,
        string[]? Recipients = null,
        bool? AllAlerts = null,
        string? Language = null);

    /// <param name="Recipient">Those who are told of the gateway when left out.</param>
    internal sealed record TestEmailRequest(string? Recipient = null);

    private sealed record TestView(IReadOnlyList<string> Recipients, string Answer);

    private sealed record EmailView(
        string? Server,
        int Port,
        string Security,
        IReadOnlyList<string> TlsAnchors,
        string Sender,
        string User,
        bool HasPassword,
        IReadOnlyList<string> Recipients,
        bool AllAlerts,
        string Language);

    private sealed record MailView(
        string Id, string Kind, string Recipient, string Subject, string State, long Attempts, DateTimeOffset CreatedAt, DateTimeOffset? NextAttemptAt, string Outcome);
}
