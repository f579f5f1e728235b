using System.Text.Json;

namespace TransportGateway.Http;

/// <summary>Every error of the gateway's own API is an RFC 9457 problem with a stable type and a sentence that says what to do.</summary>
internal static class Problem
{
    public static IResult Of(int status, string name, string detail) =>
        Results.Problem(detail, statusCode: status, type: Type(name), title: null);

    /// <summary>Writes the problem straight to the response, for middleware that has no result to return.</summary>
    public static Task WriteAsync(HttpContext context, int status, string name, string detail)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/problem+json";
        return context.Response.WriteAsync(JsonSerializer.Serialize(new { type = Type(name), status, detail }));
    }

    private static string Type(string name) => "urn:transport-gateway:" + name;
}
