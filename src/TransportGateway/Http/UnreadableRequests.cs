using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.AspNetCore.Diagnostics;
using TransportGateway.Protocol;

namespace TransportGateway.Http;

/// <summary>Says what is wrong with a request that cannot be read: its body, its query, its length.</summary>
/// <remarks>The framework's own sentences name types of this program, which tell a caller nothing; so each is said anew.</remarks>
internal sealed partial class UnreadableRequests : IExceptionHandler
{
    private const int MostOfPath = 100;
    private const string Where = " /api-documentation shows what it should be.";

    public async ValueTask<bool> TryHandleAsync(HttpContext httpContext, Exception exception, CancellationToken cancellationToken)
    {
        if (exception is not BadHttpRequestException unreadable)
        {
            return false;
        }

        var (name, detail) = unreadable is UnreadableException ours ? (ours.Name, ours.Message)
            : unreadable is BusyException busy ? (busy.Name, busy.Message)
            : unreadable.StatusCode == StatusCodes.Status400BadRequest ? ("request-invalid", Sentence(unreadable)) : Problem.Named(unreadable.StatusCode);
        if (unreadable is BusyException)
        {
            httpContext.Response.Headers.RetryAfter = BusyException.RetryAfter;
        }

        await Problem.WriteAsync(httpContext, unreadable.StatusCode, name, detail);
        return true;
    }

    private static string Sentence(BadHttpRequestException exception) => exception.InnerException switch
    {
        JsonException json => OfJson(json),
        _ when exception.Message.Contains("no body was provided", StringComparison.Ordinal) => "The request has no body. Send a JSON object." + Where,
        _ => Problem.Named(StatusCodes.Status400BadRequest).Detail,
    };

    private static string OfJson(JsonException exception)
    {
        var path = exception.Path is { Length: > 2 } at ? at[2..] : "";
        if (exception.InnerException is JsonException)
        {
            var position = string.Create(CultureInfo.InvariantCulture, $"line {exception.LineNumber + 1}, byte {exception.BytePositionInLine + 1}");
            return $"The body is not JSON (at {position}). Send a JSON object." + Where;
        }

        if (Missing().Match(exception.Message) is { Success: true } missing)
        {
            return $"The body lacks {missing.Groups["names"].Value.Replace("'", "", StringComparison.Ordinal)}." + Where;
        }

        return path.Length > 0 ? $"The body's {Excerpt.Of(path, MostOfPath)} is of another type than it should be, or is null, doubled or no well-formed text." + Where
            : "The body is not a JSON object, or has a field twice." + Where;
    }

    [GeneratedRegex("including: (?<names>'.*')", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Missing();
}
