using System.Text;
using System.Text.Unicode;
using TransportGateway.Access;
using TransportGateway.Http;

namespace TransportGateway.DeviceGateway;

/// <summary>The archive of messages over REST.</summary>
internal static class ArchiveFeature
{
    private const int Proposed = 100;

    public static void MapArchive(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/archived-messages", ListAsync).Requires(Permission.ReadEvents);
        routes.MapGet("/api/v2/archived-messages/{id}", ShowAsync).Requires(Permission.ReadTokenText);
        routes.MapGet("/api/v2/refused-messages", ListRefusedAsync).Requires(Permission.ReadEvents, wholeGateway: true);
    }

    private static async Task<IResult> ListAsync(HttpContext context, ReadArchive archive, ListPage page, string? instance = null)
    {
        var limit = page.Limit(Proposed);
        return Page(page, limit, await archive.ListAsync(Caller.Of(context)!, instance, page.AfterPlace, limit + 1, context.RequestAborted));
    }

    private static async Task<IResult> ListRefusedAsync(HttpContext context, ReadArchive archive, ListPage page)
    {
        var limit = page.Limit(Proposed);
        return Page(page, limit, await archive.ListRefusedAsync(page.AfterPlace, limit + 1, context.RequestAborted));
    }

    private static async Task<IResult> ShowAsync(HttpContext context, string id, ReadArchive archive)
    {
        context.Response.Headers.CacheControl = "no-store";
        if (await archive.ReadOneAsync(Caller.Of(context)!, id, context.RequestAborted) is not var (message, product))
        {
            return Problem.Of(
                StatusCodes.Status404NotFound, "no-such-message", $"There is no message '{id}' in the archive, or this caller may not read it. 'tgctl archive list' shows what there is.");
        }

        var isText = Utf8.IsValid(message.Request);
        return Results.Json(new WholeView(View(message, product))
        {
            Request = isText ? Encoding.UTF8.GetString(message.Request) : null,
            RequestBytes = isText ? null : Convert.ToBase64String(message.Request),
            RequestMayBeCut = message.Request.Length >= RefusalJournal.MostBytesKept,
            Response = message.Response,
            SignerSerial = message.SignerSerial,
        });
    }

    private static IResult Page(ListPage page, int limit, IReadOnlyList<ReadArchive.Listed> rows) => Results.Json(
        page.Cut(rows, limit, row => [ListPage.Sortable(row.Message.ReceivedAt), row.Message.Id]).Select(row => View(row.Message, row.Product)));

    private static MessageView View(ArchivedMessage message, string? product) => new(
        message.Id, message.ReceivedAt, message.RequestType, message.Transport, message.Source, message.InstanceId, product, message.Status, message.Reason);

    private record MessageView(
        string Id, DateTimeOffset ReceivedAt, string? RequestType, string Transport, string Source, string? InstanceId, string? Product, string? Status, string? Reason);

    private sealed record WholeView : MessageView
    {
        public WholeView(MessageView message)
            : base(message)
        {
        }

        public required string? Request { get; init; }

        /// <summary>Base64, for a message that is no text.</summary>
        public required string? RequestBytes { get; init; }

        /// <summary>Whether it is as long as what is kept of one at most.</summary>
        public required bool RequestMayBeCut { get; init; }

        public required string? Response { get; init; }

        public required string? SignerSerial { get; init; }
    }
}
