namespace TransportGateway.Access;

/// <summary>The person behind a request to the API about their own affairs.</summary>
/// <param name="SessionId">The browser's session; null when a program asks with an access token.</param>
/// <param name="TokenHash">Of the program's access token; null when a browser asks.</param>
internal sealed record Me(UserRow User, Caller Caller, string? SessionId, string? TokenHash)
{
    private static readonly object ItemKey = new();

    public static Me Of(HttpContext context) => (Me)context.Items[ItemKey]!;

    public void Attach(HttpContext context) => context.Items[ItemKey] = this;
}
