using Microsoft.AspNetCore.Diagnostics;

namespace TransportGateway.Http;

/// <summary>An error of the gateway itself on a route whose clients do not read problems. The log has the cause; the client is told to come again.</summary>
internal sealed class ErrorFormHandler : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (ErrorForm.Of(httpContext) is not { } form)
        {
            return false;
        }

        await form.RefuseAsync(httpContext, StatusCodes.Status500InternalServerError, "The gateway failed to answer this message. Its log says why.");
        return true;
    }
}
