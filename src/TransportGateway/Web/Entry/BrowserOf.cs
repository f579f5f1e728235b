namespace TransportGateway.Web.Entry;

/// <summary>What the event log and the list of sessions say of a browser.</summary>
internal static class BrowserOf
{
    public static string Source(HttpContext context) => context.Connection.RemoteIpAddress?.ToString() ?? "";

    public static string Agent(HttpContext context) => new([.. context.Request.Headers.UserAgent.ToString().Where(letter => !char.IsControl(letter))]);
}
