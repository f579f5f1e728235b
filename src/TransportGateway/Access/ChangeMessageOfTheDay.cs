using TransportGateway.Events;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>A text that every page shows, before sign-in too (ssm-on-prem 1.4).</summary>
internal sealed class ChangeMessageOfTheDay(Database database, TimeProvider clock)
{
    public const int MostCharacters = 1000;
    private const string Name = "message-of-the-day";

    /// <summary>Empty for nothing.</summary>
    public async Task<string> ReadAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await new StoredSettings(session).FindAsync(Name, cancellationToken) ?? "";
    }

    /// <returns>What is wrong with it, in a sentence; null when it was changed.</returns>
    public async Task<string?> ExecuteAsync(Caller by, string text, CancellationToken cancellationToken)
    {
        if (text.Length > MostCharacters || text.Any(letter => char.IsControl(letter) && letter is not ('\n' or '\r')))
        {
            return $"The message of the day has at most {MostCharacters} characters, and no control characters but new lines.";
        }

        var now = clock.GetUtcNow();
        await using var session = await database.BeginAsync(cancellationToken);
        await new StoredSettings(session).SetAsync(Name, text.Trim(), by.Name, now, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.MessageOfTheDayChanged, Severity.Info, by.Name, text.Trim().Length == 0 ? "The message of the day was taken away." : "The message of the day was changed."), now, cancellationToken);
        await session.CommitAsync();
        return null;
    }
}

/// <summary>The message of the day over REST.</summary>
internal static class MessageOfTheDayFeature
{
    public static void MapMessageOfTheDay(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/message-of-the-day", ShowAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable();
        routes.MapPut("/api/v2/message-of-the-day", SetAsync).Requires(Permission.ManageSettings, wholeGateway: true).Editable();
    }

    private static async Task<IResult> ShowAsync(HttpContext context, ChangeMessageOfTheDay message) =>
        Results.Json(new Message(await message.ReadAsync(context.RequestAborted)));

    private static async Task<IResult> SetAsync(HttpContext context, Message request, ChangeMessageOfTheDay message) =>
        await message.ExecuteAsync(Caller.Of(context)!, request.Text, context.RequestAborted) is { } problem
            ? Problem.Of(StatusCodes.Status400BadRequest, "message-invalid", problem)
            : Results.Json(new Message(request.Text.Trim()));

    internal sealed record Message(string Text);
}
