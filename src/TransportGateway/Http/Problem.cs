using System.Text.Json;

namespace TransportGateway.Http;

/// <summary>Every error of the gateway's own API is an RFC 9457 problem with a stable type and a sentence that says what to do.</summary>
internal static class Problem
{
    public static IResult Of(int status, string name, string detail) =>
        Results.Problem(detail, statusCode: status, type: Type(name), title: null);

    /// <summary>The same for a refusal with several reasons: each on a line of the detail, and the list for programs.</summary>
    public static IResult Of(int status, string name, string summary, string member, IReadOnlyList<string> reasons) =>
        Results.Problem(
            string.Join('\n', reasons.Prepend(summary)), statusCode: status, type: Type(name), title: null, extensions: new Dictionary<string, object?> { [member] = reasons });

    /// <summary>Writes the problem straight to the response, for middleware that has no result to return; in the form of the route where it has one.</summary>
    public static Task WriteAsync(HttpContext context, int status, string name, string detail)
    {
        if (ErrorForm.Of(context) is { } form)
        {
            return form.WriteAsync(context, status, detail);
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new { type = Type(name), status, detail }));
    }

    public static string Type(string name) => "urn:transport-gateway:" + name;
}
