using System.Text.Json;
using Microsoft.AspNetCore.WebUtilities;

namespace TransportGateway.Http;

/// <summary>Every error of the gateway's own API is an RFC 9457 problem with a stable type and a sentence that says what to do.</summary>
internal static class Problem
{
    private const string Prefix = "urn:transport-gateway:";

    public static IResult Of(int status, string name, string detail) =>
        Results.Problem(detail, statusCode: status, type: Prefix + name, title: ReasonPhrases.GetReasonPhrase(status));

    /// <summary>The same for a refusal with several reasons: each on a line of the detail, and the list for programs.</summary>
    public static IResult Of(int status, string name, string summary, string member, IReadOnlyList<string> reasons) =>
        Results.Problem(
            string.Join('\n', reasons.Prepend(summary)),
            statusCode: status,
            type: Prefix + name,
            title: ReasonPhrases.GetReasonPhrase(status),
            extensions: new Dictionary<string, object?> { [member] = reasons });

    /// <summary>Writes the problem straight to the response, for middleware that has no result to return; in the form of the route where it has one.</summary>
    public static Task WriteAsync(HttpContext context, int status, string name, string detail)
    {
        if (ErrorForm.Of(context) is { } form)
        {
            return form.RefuseAsync(context, status, detail);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new { type = Prefix + name, title = ReasonPhrases.GetReasonPhrase(status), status, detail }));
    }

    /// <summary>Gives type and sentence to what was refused by its status alone, so that no answer goes out without.</summary>
    public static void Complete(ProblemDetailsContext context)
    {
        var problem = context.ProblemDetails;
        if (problem.Type?.StartsWith(Prefix, StringComparison.Ordinal) == true)
        {
            return;
        }

        var status = problem.Status ?? context.HttpContext.Response.StatusCode;
        var (name, detail) = Named(status);
        problem.Title = ReasonPhrases.GetReasonPhrase(status);
        problem.Type = Prefix + name;
        problem.Detail ??= detail;
    }

    /// <summary>What a status means by itself.</summary>
    public static (string Name, string Detail) Named(int status) => status switch
    {
        StatusCodes.Status404NotFound => ("no-such-path", "There is nothing at this path. /api-documentation shows what the API has."),
        StatusCodes.Status405MethodNotAllowed => ("method-not-allowed", "This is not possible here. The header Allow says what is."),
        StatusCodes.Status408RequestTimeout => ("body-too-slow", "The request did not arrive in the time it may take (request-seconds). Send it again, at once."),
        StatusCodes.Status413PayloadTooLarge => ("body-too-large", "The body is larger than the gateway takes (max-body-bytes). Send less in one request."),
        StatusCodes.Status415UnsupportedMediaType => ("media-type-wrong", "The body is of a media type that is not taken here. Send JSON, with the header Content-Type: application/json."),
        StatusCodes.Status429TooManyRequests => ("too-many-requests", "Too many requests. Wait as long as the header Retry-After says."),
        < StatusCodes.Status500InternalServerError => ("request-invalid", "The request cannot be read: something in its path, its query or its body is not what it should be. /api-documentation shows what would be right."),
        _ => ("internal-error", "The gateway failed at this request; its log says why. Try again, and tell an administrator when it goes on."),
    };
}
