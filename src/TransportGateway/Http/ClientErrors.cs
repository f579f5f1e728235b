using Microsoft.AspNetCore.Diagnostics;

namespace TransportGateway.Http;

/// <summary>Errors that the framework answers by their number alone get a sentence that says what to do.</summary>
internal static class ClientErrors
{
    public static void Explain(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        var (name, detail) = problem.Status switch
        {
            StatusCodes.Status408RequestTimeout => ("body-too-slow", context.HttpContext.RequestServices.GetRequiredService<RequestTime>().Sentence),
            StatusCodes.Status413PayloadTooLarge => ("body-too-large", "The body is larger than this gateway accepts here (max-body-bytes). Send less."),
            _ => (null, null),
        };
        if (name is not null && problem.Detail is null)
        {
            (problem.Type, problem.Detail) = (Problem.Type(name), detail);
        }
    }
}

/// <summary>An error of the gateway itself on a route whose clients do not read problems. The log has the cause; the client is told to come again.</summary>
internal sealed class ErrorFormHandler : IExceptionHandler
{
    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (ErrorForm.Of(httpContext) is not { } form)
        {
            return false;
        }

        await form.WriteAsync(httpContext, StatusCodes.Status500InternalServerError, "The gateway failed to answer this message. Its log says why.");
        return true;
    }
}
