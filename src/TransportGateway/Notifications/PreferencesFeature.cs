using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;

namespace TransportGateway.Notifications;

/// <summary>An account's preferences over REST.</summary>
/// <remarks>Who may divide an account into virtual accounts administers it as a whole; nobody has that permission for a part of one.</remarks>
internal static class PreferencesFeature
{
    public static void MapPreferences(this IEndpointRouteBuilder routes)
    {
        routes.MapGet("/api/v2/accounts/{account}/preferences", ShowAsync).Requires(Permission.ManageVirtualAccounts).Editable("nextDigestAt");
        routes.MapPut("/api/v2/accounts/{account}/preferences", SetAsync).Requires(Permission.ManageVirtualAccounts).Editable("nextDigestAt");
    }

    private static async Task<IResult> ShowAsync(HttpContext context, string account, AccountScope scope, ChangePreferences change) =>
        await scope.FindWholeAsync(Caller.Of(context)!, account, context.RequestAborted) is { } found
            ? Results.Json(View(await change.ReadAsync(found, context.RequestAborted)))
            : AccountScope.NotFound("local account", account);

    private static async Task<IResult> SetAsync(HttpContext context, string account, SetPreferencesRequest request, AccountScope scope, ChangePreferences change) =>
        await scope.FindWholeAsync(Caller.Of(context)!, account, context.RequestAborted) is not { } found
            ? AccountScope.NotFound("local account", account)
            : await change.ExecuteAsync(
                new ChangePreferences.Request(Caller.Of(context)!, found, request.Emails, request.AlertsAtOnce, request.Digest, request.Withhold), context.RequestAborted) switch
            {
                ChangePreferences.Outcome.Changed(var preferences) => Results.Json(View(preferences)),
                ChangePreferences.Outcome.Invalid(var reason) => Problem.Of(StatusCodes.Status400BadRequest, "preferences-invalid", reason),
                ChangePreferences.Outcome.NotRegistered(var reason) => Problem.Of(StatusCodes.Status409Conflict, "not-registered", reason),
                ChangePreferences.Outcome.NotAllowed(var reason) => Problem.Of(StatusCodes.Status403Forbidden, "permission-needed", reason),
                var other => throw new InvalidOperationException(other.GetType().Name),
            };

    private static PreferencesView View(Preferences preferences) => new(
        preferences.Emails, preferences.AlertsAtOnce, preferences.Digest, preferences.NextDigestAt, preferences.Withheld);

    /// <param name="Withhold">What Software Central is not told of products; empty for nothing.</param>
    internal sealed record SetPreferencesRequest(string[]? Emails = null, bool? AlertsAtOnce = null, string? Digest = null, string[]? Withhold = null);

    private sealed record PreferencesView(IReadOnlyList<string> Emails, bool AlertsAtOnce, string Digest, DateTimeOffset? NextDigestAt, IReadOnlyList<string> Withheld);
}
