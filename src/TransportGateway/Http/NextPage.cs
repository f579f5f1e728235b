using Microsoft.AspNetCore.WebUtilities;

namespace TransportGateway.Http;

/// <summary>Where a long list goes on: a cursor, which holds while rows come and go, in the header <c>Link</c> with <c>rel="next"</c> (RFC 8288).</summary>
internal static class NextPage
{
    /// <summary>Tells where the rows behind these are; nothing when these are the last.</summary>
    /// <param name="count">How many rows there are on this page.</param>
    /// <param name="limit">How many it could have.</param>
    /// <param name="last">The identifier of the last one.</param>
    public static void Link(HttpContext context, int count, int limit, string? last)
    {
        if (count < limit || last is null)
        {
            return;
        }

        var query = context.Request.Query.Where(entry => entry.Key is not ("cursor" or "offset")).Select(entry => KeyValuePair.Create(entry.Key, (string?)entry.Value.ToString()));
        context.Response.Headers.Link = $"<{QueryHelpers.AddQueryString(context.Request.Path.ToUriComponent(), query.Append(KeyValuePair.Create("cursor", (string?)last)))}>; rel=\"next\"";
    }
}
