using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Primitives;
using Microsoft.Net.Http.Headers;
using TransportGateway.Http;

namespace TransportGateway.Access;

/// <summary>
/// Where two people may edit, reading gives a strong <c>ETag</c>, and a change that comes with <c>If-Match</c> is made only while nobody else changed
/// what was read (RFC 9110).
/// </summary>
/// <remarks>
/// Runs after the caller is known. Over REST what is edited here is changed by one request at a time, so no other program comes between comparison and
/// change: one node serves, in one process, and such changes are rare and short. The pages take no part: of a change that is saved in the browser in that
/// very moment it is not known whether it was before or after, as of any two saves in the browser. Users alone have a revision that both faces compare.
/// </remarks>
internal sealed class Editing(RequestDelegate next, EndpointDataSource routes) : IDisposable
{
    private readonly SemaphoreSlim _oneAtATime = new(1, 1);

    public async Task InvokeAsync(HttpContext context)
    {
        if (context.GetEndpoint()?.Metadata.GetMetadata<Edited>() is not { } edited || Caller.Of(context) is null)
        {
            await next(context);
        }
        else if (HttpMethods.IsGet(context.Request.Method))
        {
            await ReadAsync(context, edited);
        }
        else
        {
            await ChangeAsync(context, edited);
        }
    }

    public void Dispose() => _oneAtATime.Dispose();

    private async Task ReadAsync(HttpContext context, Edited edited)
    {
        var (status, body) = await AnswerOfAsync(context, next);
        if (status == StatusCodes.Status200OK)
        {
            var tag = TagOf(body, edited);
            context.Response.Headers.ETag = tag.ToString();
            context.Response.Headers.CacheControl = "no-cache";
            if (edited.Passing.Length == 0 && TryParse(context.Request.Headers.IfNoneMatch, out var known) && known.Any(one => IsSame(one, tag)))
            {
                context.Response.StatusCode = StatusCodes.Status304NotModified;
                context.Response.ContentType = null;
                return;
            }
        }

        await context.Response.Body.WriteAsync(body, context.RequestAborted);
    }

    private async Task ChangeAsync(HttpContext context, Edited edited)
    {
        if (!TryParse(context.Request.Headers.IfMatch, out var expected))
        {
            await Problem.WriteAsync(
                context, StatusCodes.Status400BadRequest, "if-match-invalid", "If-Match is no ETag. Send the ETag as it was answered, with its quotes, or leave the header out.");
            return;
        }

        // All of the body is here before the others have to wait.
        context.Request.EnableBuffering();
        await context.Request.Body.CopyToAsync(Stream.Null, context.RequestAborted);
        context.Request.Body.Position = 0;
        await _oneAtATime.WaitAsync(context.RequestAborted);
        try
        {
            if (expected.Count > 0 && await RefuseAsync(context, edited, expected))
            {
                return;
            }

            await next(context);
        }
        finally
        {
            _oneAtATime.Release();
        }
    }

    /// <summary>Answers with a problem when what is there is not what the caller saw, or is not for the caller to see.</summary>
    private async Task<bool> RefuseAsync(HttpContext context, Edited edited, IList<EntityTagHeaderValue> expected)
    {
        var path = ((RouteEndpoint)context.GetEndpoint()!).RoutePattern.RawText;
        var read = routes.Endpoints.OfType<RouteEndpoint>().Single(
            endpoint => endpoint.RoutePattern.RawText == path && endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods.Contains(HttpMethods.Get) == true);
        var permission = read.Metadata.GetMetadata<RoutePermissions.Needed>()!.Permission;
        var caller = Caller.WholeOf(context)!.For(permission);
        if (caller.Grants.Count == 0)
        {
            await Problem.WriteAsync(
                context, StatusCodes.Status403Forbidden, "permission-needed", $"{caller.Name} lacks the permission {permission}: who may not read this cannot change it with If-Match.");
            return true;
        }

        var reading = new DefaultHttpContext { RequestServices = context.RequestServices, RequestAborted = context.RequestAborted };
        reading.Request.Method = HttpMethods.Get;
        reading.Request.Scheme = context.Request.Scheme;
        reading.Request.Host = context.Request.Host;
        reading.Request.Path = context.Request.Path;
        reading.Request.RouteValues = new RouteValueDictionary(context.Request.RouteValues);
        reading.SetEndpoint(read);
        caller.Attach(reading);
        var (status, body) = await AnswerOfAsync(reading, read.RequestDelegate!);
        if (status == StatusCodes.Status200OK && expected.Any(one => IsSame(one, TagOf(body, edited))))
        {
            return false;
        }

        if (status == StatusCodes.Status200OK)
        {
            await Problem.WriteAsync(
                context, StatusCodes.Status412PreconditionFailed, "overtaken", "Somebody else changed this since you read it. Read it again, and repeat what is still wanted.");
            return true;
        }

        context.Response.StatusCode = status;
        context.Response.ContentType = reading.Response.ContentType;
        await context.Response.Body.WriteAsync(body, context.RequestAborted);
        return true;
    }

    private static async Task<(int Status, byte[] Body)> AnswerOfAsync(HttpContext context, RequestDelegate answer)
    {
        var real = context.Response.Body;
        using var body = new MemoryStream();
        context.Response.Body = body;
        try
        {
            await answer(context);
        }
        finally
        {
            context.Response.Body = real;
        }

        return (context.Response.StatusCode, body.ToArray());
    }

    private static EntityTagHeaderValue TagOf(byte[] body, Edited edited)
    {
        const int Bytes = 16;
        if (edited.Passing.Length > 0)
        {
            var members = JsonNode.Parse(body)!.AsObject();
            foreach (var name in edited.Passing)
            {
                members.Remove(name);
            }

            body = Encoding.UTF8.GetBytes(members.ToJsonString());
        }

        return new EntityTagHeaderValue($"\"{Base64Url.EncodeToString(SHA256.HashData(body).AsSpan(0, Bytes))}\"");
    }

    private static bool IsSame(EntityTagHeaderValue one, EntityTagHeaderValue other) => one.Equals(EntityTagHeaderValue.Any) || one.Compare(other, useStrongComparison: true);

    private static bool TryParse(StringValues header, out IList<EntityTagHeaderValue> tags)
    {
        tags = [];
        return header.Count == 0 || EntityTagHeaderValue.TryParseStrictList((IList<string>)header!, out tags!);
    }

    /// <param name="Passing">Members of what is read that change by themselves, and so do not count.</param>
    public sealed record Edited(string[] Passing);
}

internal static class EditedRoutes
{
    /// <summary>Two people may edit what is at this path: its GET, and what changes it.</summary>
    /// <param name="passing">Members of what is read that change by themselves, and so do not count.</param>
    public static TBuilder Editable<TBuilder>(this TBuilder route, params string[] passing)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new Editing.Edited(passing));
}
