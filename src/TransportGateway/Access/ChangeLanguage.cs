using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.Access;

/// <summary>The language of the pages for whoever has not chosen one (ssm-on-prem 1.3).</summary>
internal sealed class ChangeLanguage(Database database, TimeProvider clock)
{
    /// <summary>The one that the browser asks for.</summary>
    public const string OfBrowser = "browser";

    private const string Name = "language";

    public static IReadOnlyList<string> Words { get; } = [OfBrowser, "en", "zh-Hant"];

    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await new StoredSettings(session).FindAsync(Name, cancellationToken) ?? OfBrowser;
    }

    /// <returns>What is wrong with it; null when it was changed.</returns>
    public async Task<Sentence?> ExecuteAsync(Caller by, string language, CancellationToken cancellationToken)
    {
        if (!Words.Contains(language))
        {
            return new Sentence("The language is one of: {0}.", string.Join(", ", Words));
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        await new StoredSettings(session).SetAsync(Name, language, by.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.LanguageChanged, Severity.Info, by.Name, $"Pages are in the language {language} for whoever has not chosen one."), now, cancellationToken);
        await session.CommitAsync();
        return null;
    }
}

/// <summary>The same over REST.</summary>
internal static class LanguageFeature
{
    public static void MapLanguage(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/language", ShowAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/language", SetAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable();
    }

    private static async Task<IResult> ShowAsync(HttpContext context, ChangeLanguage change) =>
        Results.Json(new Language(await change.ReadAsync(context.RequestAborted)));

    private static async Task<IResult> SetAsync(HttpContext context, Language request, ChangeLanguage change) =>
        await change.ExecuteAsync(Caller.Of(context)!, request.Value, context.RequestAborted) is { } problem
            ? Problem.Of(StatusCodes.Status400BadRequest, "language-invalid", problem.ToString())
            : Results.Json(request);

    internal sealed record Language([property: System.Text.Json.Serialization.JsonPropertyName("language")] string Value);
}
