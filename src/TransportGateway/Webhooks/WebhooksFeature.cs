using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Webhooks;

/// <summary>Webhooks over REST.</summary>
internal static class WebhooksFeature
{
    private const int ProposedDeliveries = 200;

    public static IServiceCollection AddWebhooks(this IServiceCollection services) => services
        .AddSingleton<ChangeWebhooks>()
        .AddSingleton<INewsListener, WebhookNews>()
        .AddSingleton<IJob, TellNews>()
        .AddSingleton<IJob, DeliverWebhooks>();

    public static void MapWebhooks(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/webhooks", ListAsync).Requires(Permission.ManageSettings, wholeGateway: true);
        routes.MapPost("/api/v2/webhooks", CreateAsync).Requires(Permission.ManageSettings, wholeGateway: true).TakesIdempotencyKey();
        routes.MapDelete("/api/v2/webhooks/{id}", RemoveAsync).Requires(Permission.ManageSettings, wholeGateway: true);
        routes.MapPost("/api/v2/webhooks/{id}/test", TestAsync).Requires(Permission.ManageSettings, wholeGateway: true);
        routes.MapGet("/api/v2/webhooks/{id}/deliveries", DeliveriesAsync).Requires(Permission.ManageSettings, wholeGateway: true);
    }

    private static async Task<IResult> ListAsync(HttpContext context, Database database, ListPage page)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        return Results.Json(page.Of(await new WebhookStore(session).ListAsync(context.RequestAborted), row => row.Id).Select(View));
    }

    private static async Task<IResult> CreateAsync(HttpContext context, CreateWebhookRequest request, ChangeWebhooks change)
    {
        context.Response.Headers.CacheControl = "no-store";
        return await change.CreateAsync(Caller.Of(context)!, request.Name, request.Address, request.TlsAnchors ?? "", context.RequestAborted) switch
        {
            ChangeWebhooks.Outcome.Created(var webhook, var secret) => Results.Json(new CreatedView(View(webhook), secret.Value)),
            ChangeWebhooks.Outcome.Invalid(var reason) => Problem.Of(StatusCodes.Status400BadRequest, "webhook-invalid", reason),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
    }

    private static async Task<IResult> RemoveAsync(HttpContext context, string id, ChangeWebhooks change) =>
        await change.RemoveAsync(Caller.Of(context)!, id, context.RequestAborted) ? Results.NoContent() : NotFound();

    private static async Task<IResult> TestAsync(HttpContext context, string id, ChangeWebhooks change) =>
        await change.TestAsync(id, context.RequestAborted) ? Results.NoContent() : NotFound();

    private static async Task<IResult> DeliveriesAsync(HttpContext context, string id, Database database, ListPage page)
    {
        await using var session = await database.ReadAsync(context.RequestAborted);
        var store = new WebhookStore(session);
        if (await store.FindAsync(id, context.RequestAborted) is null)
        {
            return NotFound();
        }

        var limit = page.Limit(ProposedDeliveries);
        return Results.Json(page.Cut(await store.ListDeliveriesAsync(id, limit + 1, context.RequestAborted, page.AfterOne), limit, row => [row.Id])
            .Select(row => new DeliveryView(row.Id, row.Kind, row.State, row.Attempts, row.CreatedAt, row.State == DeliveryState.Waiting ? row.NextAttemptAt : null, row.Outcome)));
    }

    private static IResult NotFound() => Problem.Of(StatusCodes.Status404NotFound, "no-such-webhook", "There is no such webhook. 'tgctl webhook list' shows them.");

    private static WebhookView View(WebhookRow row) => new(row.Id, row.Name, row.Address, row.CreatedBy, row.CreatedAt);

    internal sealed record CreateWebhookRequest(string Name, string Address, string? TlsAnchors = null);

    private sealed record WebhookView(string Id, string Name, string Address, string CreatedBy, DateTimeOffset CreatedAt);

    /// <param name="Secret">Shown this once.</param>
    private sealed record CreatedView(WebhookView Webhook, string Secret);

    private sealed record DeliveryView(string Id, string Kind, string State, long Attempts, DateTimeOffset CreatedAt, DateTimeOffset? NextAttemptAt, string Outcome);
}
