using Microsoft.AspNetCore.Diagnostics;

namespace TransportGateway.Http;

/// <summary>On a route whose clients do not read problems: how an error below their own protocol is written to them.</summary>
/// <param name="Write">The body for a status and a sentence.</param>
/// <param name="Tell">Puts the answer into the log and the figures.</param>
internal sealed record ErrorForm(string ContentType, Func<int, string, byte[]> Write, Action<HttpContext, string> Tell)
{
    /// <summary>Also while an exception is handled, when the request has no endpoint any more.</summary>
    public static ErrorForm? Of(HttpContext context) =>
        (context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint)?.Metadata.GetMetadata<ErrorForm>();

    /// <summary>Tells and writes.</summary>
    public Task RefuseAsync(HttpContext context, int status, string reason)
    {
        Tell(context, reason);
        return WriteAsync(context, status, reason);
    }

    /// <summary>For an answer that was told.</summary>
    public Task WriteAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        return context.Response.Body.WriteAsync(Write(status, reason)).AsTask();
    }
}
