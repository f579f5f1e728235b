using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;

namespace TransportGateway.Web.Entry;

/// <summary>What the pages before sign-in share: whoever fails too often there waits.</summary>
internal abstract class EntryPage(SignInThrottle throttle) : GatewayPage
{
    /// <summary>The browser's address, as the event log has it.</summary>
    protected string Source => BrowserOf.Source(HttpContext);

    /// <summary>What to answer to an address that failed too often; null when it may try.</summary>
    protected IActionResult? TooOften()
    {
        if (!throttle.IsBlocked(Source))
        {
            return null;
        }

        Response.Headers.RetryAfter = "60";
        return Refuse(T["Too many failed attempts from this address. Try again in a minute."], StatusCodes.Status429TooManyRequests);
    }

    /// <summary>Counts a failure, and says what was wrong.</summary>
    protected IActionResult Failed(string problem)
    {
        throttle.Failed(Source);
        return Refuse(problem, StatusCodes.Status403Forbidden);
    }
}
