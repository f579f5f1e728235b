using System.Text.Json.Nodes;
using TransportGateway.Access;
using TransportGateway.Accounts;
using TransportGateway.Http;

namespace TransportGateway.Compatible;

/// <summary>How this API answers: always JSON, always with a status word and a sentence.</summary>
internal static class Answer
{
    public const string Complete = "COMPLETE";
    public const string Success = "SUCCESS";
    public const string Failed = "FAILED";
    private const string Error = "ERROR";

    public static IResult Done(JsonObject? body = null, string statusMessage = "") => Results.Json(Completed(body ?? [], statusMessage));

    /// <summary>What <see cref="Done"/> sends.</summary>
    public static JsonObject Completed(JsonObject body, string statusMessage = "")
    {
        body["status"] = Complete;
        body["statusMessage"] = statusMessage;
        return body;
    }

    public static IResult Fail(int status, string message) =>
        Results.Json(new JsonObject { ["status"] = Error, ["statusMessage"] = message }, statusCode: status);

    /// <summary>A result for each item and a word for all: ERROR when none worked. Still 200: existing clients read no body of another status.</summary>
    public static IResult OfMany(string list, JsonArray results, string allWorked, string someWorked)
    {
        var failed = results.Count(result => result!["status"]!.ToString() != Success);
        return Results.Json(new JsonObject
        {
            ["status"] = failed == 0 ? allWorked : failed == results.Count ? Error : someWorked,
            ["statusMessage"] = failed == 0 ? "" : $"{failed} of {results.Count} failed; each one's statusMessage says why.",
            [list] = results,
        });
    }

    public static IResult NoAccount(string account) =>
        Fail(StatusCodes.Status404NotFound, $"There is no local account '{account}', or this client may not see it.");

    public static IResult NoVirtualAccount(string virtualAccount) => Fail(StatusCodes.Status404NotFound, $"There is no virtual account '{virtualAccount}'.");

    public static async Task<(VirtualAccountRow? Found, IResult? Missing)> FindAsync(HttpContext context, AccountScope scope, string account, string virtualAccount)
    {
        var (found, virtualFound) = await scope.FindAsync(Caller.Of(context)!, account, virtualAccount, context.RequestAborted);
        return found is null ? (null, NoAccount(account))
            : virtualFound is null ? (null, NoVirtualAccount(virtualAccount))
            : (virtualFound, null);
    }

    /// <summary>The part of a list that limit and offset ask for.</summary>
    public static IEnumerable<T> Page<T>(List<T> rows, LenientBody body)
    {
        const int ProposedLimit = 50;
        var limit = body.Number("limit") ?? ProposedLimit;
        // -1 is how existing clients ask for everything.
        return limit < 0 ? rows : rows.Skip(Math.Max(0, body.Number("offset") ?? 0)).Take(limit);
    }
}
