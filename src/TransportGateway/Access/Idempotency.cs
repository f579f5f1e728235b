using System.Security.Cryptography;
using System.Text;
using TransportGateway.Http;
using TransportGateway.Persistence;

namespace TransportGateway.Access;

/// <summary>
/// A request that creates something and comes again under the same <c>Idempotency-Key</c> has its effect once, and is answered as the first time.
/// Answers are kept for a day.
/// </summary>
/// <remarks>Runs after the caller is known: a key is the caller's own, and nobody learns another's answer by it.</remarks>
internal sealed class Idempotency(RequestDelegate next, Database database, MasterKey masterKey, TimeProvider clock)
{
    public const string Header = "Idempotency-Key";
    public static readonly TimeSpan Kept = TimeSpan.FromDays(1);
    private const int MostKeyCharacters = 255;
    private const string Purpose = "idempotent-answer:";

    public async Task InvokeAsync(HttpContext context)
    {
        var key = context.Request.Headers[Header].ToString();
        if (key.Length == 0 || context.GetEndpoint()?.Metadata.GetMetadata<Taken>() is null || Caller.Of(context) is not { } caller)
        {
            await next(context);
            return;
        }

        if (key.Length > MostKeyCharacters || !key.All(letter => letter is > ' ' and <= '~'))
        {
            await Problem.WriteAsync(context, StatusCodes.Status400BadRequest, "idempotency-key-invalid", $"{Header}: 1 to {MostKeyCharacters} visible ASCII characters, as in a random UUID.");
            return;
        }

        var keyHash = Hash($"{caller.Identity}\n{context.Request.Method} {context.Request.Path}\n{key}");
        var requestHash = await HashOfBodyAsync(context);
        await using (var session = await database.BeginAsync(context.RequestAborted))
        {
            if (await new IdempotentRequests(session).BeginAsync(keyHash, requestHash, clock.GetUtcNow(), context.RequestAborted))
            {
                await session.CommitAsync();
                await FirstTimeAsync(context, keyHash);
                return;
            }
        }

        await AgainAsync(context, keyHash, requestHash);
    }

    private async Task FirstTimeAsync(HttpContext context, string keyHash)
    {
        var real = context.Response.Body;
        using var answer = new MemoryStream();
        context.Response.Body = answer;
        var commits = DbSession.WatchCommits();
        try
        {
            await next(context);
        }
        catch (Exception exception)
        {
            context.Response.Body = real;
            // Otherwise it is not known whether it had its effect; the key stays taken, so that nobody repeats it unseen.
            if (exception is BadHttpRequestException || !commits.Value)
            {
                await ForgetAsync(keyHash);
            }

            throw;
        }

        context.Response.Body = real;
        var body = answer.ToArray();
        if (context.Response.StatusCode is >= StatusCodes.Status500InternalServerError or StatusCodes.Status429TooManyRequests)
        {
            await ForgetAsync(keyHash);
        }
        else
        {
            await using var session = await database.BeginAsync(CancellationToken.None);
            await new IdempotentRequests(session).EndAsync(keyHash, context.Response.StatusCode, context.Response.ContentType, masterKey.Seal(Purpose + keyHash, body), CancellationToken.None);
            await session.CommitAsync();
        }

        await real.WriteAsync(body, context.RequestAborted);
    }

    /// <summary>Frees the key of what may be repeated. Where the database is away, it may be back in a moment.</summary>
    private Task<bool> ForgetAsync(string keyHash) => database.RetryAsync(
        async cancellationToken =>
        {
            await using var session = await database.BeginAsync(cancellationToken);
            await new IdempotentRequests(session).ForgetAsync(keyHash, cancellationToken);
            await session.CommitAsync();
            return true;
        },
        CancellationToken.None);

    private async Task AgainAsync(HttpContext context, string keyHash, string requestHash)
    {
        IdempotentRequestRow? first;
        await using (var session = await database.ReadAsync(context.RequestAborted))
        {
            first = await new IdempotentRequests(session).FindAsync(keyHash, context.RequestAborted);
        }

        if (first is not null && first.RequestHash != requestHash)
        {
            await Problem.WriteAsync(context, StatusCodes.Status422UnprocessableEntity, "idempotency-key-reused", "This key came before with another body. Use a new key for a new request.");
            return;
        }

        if (first?.Status is not { } status)
        {
            await Problem.WriteAsync(
                context,
                StatusCodes.Status409Conflict,
                "idempotency-key-busy",
                "The first request with this key is under way, or ended without an answer. Look whether it had its effect before you repeat it under a new key.");
            return;
        }

        context.Response.StatusCode = (int)status;
        context.Response.ContentType = first.ContentType;
        context.Response.Headers.CacheControl = "no-store";
        context.Response.Headers["Idempotent-Replayed"] = "true";
        await context.Response.Body.WriteAsync(masterKey.Open(Purpose + keyHash, first.SealedBody), context.RequestAborted);
    }

    private static async Task<string> HashOfBodyAsync(HttpContext context)
    {
        // No more than Kestrel's own limit for bodies comes in here.
        context.Request.EnableBuffering();
        var hash = await SHA256.HashDataAsync(context.Request.Body, context.RequestAborted);
        context.Request.Body.Position = 0;
        return Convert.ToHexStringLower(hash);
    }

    private static string Hash(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    /// <summary>On a route that takes a key.</summary>
    public sealed record Taken;
}

internal static class IdempotencyRoutes
{
    /// <summary>The route creates something: the same request under the same key does so once.</summary>
    public static TBuilder TakesIdempotencyKey<TBuilder>(this TBuilder builder)
        where TBuilder : IEndpointConventionBuilder => builder.WithMetadata(new Idempotency.Taken());
}
