using Microsoft.AspNetCore.Mvc;
using TransportGateway.Access;
using TransportGateway.Http;

namespace TransportGateway.Web.Entry;

/// <summary>What the pages share on which people prove who they are: whoever fails too often there waits.</summary>
internal abstract class EntryPage(SignInThrottle throttle) : GatewayPage
{
    /// <summary>The browser's address, as the event log has it.</summary>
    protected string Source => BrowserOf.Source(HttpContext);

    /// <summary>Whether this address failed too often.</summary>
    protected bool IsBlocked => throttle.IsBlocked(Source);

    /// <summary>Makes an attempt, and shows what came of it; an address that failed too often, and one that tries too much at once, is told to wait.</summary>
    protected async Task<IActionResult> AttemptAsync<T>(Func<Task<T>> attempt, Func<T, bool> isFailure, Func<T, IActionResult> answer)
        where T : class
    {
        try
        {
            return await throttle.AttemptAsync(Source, attempt, isFailure, Aborted) is { } outcome ? answer(outcome) : TooOften();
        }
        catch (BusyException busy)
        {
            return Busy(busy);
        }
    }

    protected IActionResult TooOften()
    {
        Response.Headers.RetryAfter = "60";
        return Refuse(T["Too many failed attempts from this address. Try again in a minute."], StatusCodes.Status429TooManyRequests);
    }

    /// <summary>Counts a failure that was no attempt at a secret, and says what was wrong.</summary>
    protected IActionResult Failed(string problem)
    {
        throttle.Failed(Source);
        return Refuse(problem, StatusCodes.Status403Forbidden);
    }
}
