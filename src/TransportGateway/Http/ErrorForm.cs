using Microsoft.AspNetCore.Diagnostics;

namespace TransportGateway.Http;

/// <summary>On a route whose clients do not read problems: how an error below their own protocol is written to them.</summary>
/// <param name="Write">The body for a sentence.</param>
internal sealed record ErrorForm(string ContentType, Func<string, byte[]> Write)
{
    /// <summary>Also while an exception is handled, when the request has no endpoint any more.</summary>
    public static ErrorForm? Of(HttpContext context) =>
        (context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint)?.Metadata.GetMetadata<ErrorForm>();

    public Task WriteAsync(HttpContext context, int status, string reason)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = ContentType;
        return context.Response.Body.WriteAsync(Write(reason)).AsTask();
    }
}
