using System.Collections.Concurrent;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace TransportGateway.Tests.Contract;

/// <summary>Stands before the whole server of a test and holds every answer of its REST API against openapi.yaml.</summary>
/// <remarks>What products are answered is another contract, with tests of its own; a relayed answer is an upstream's.</remarks>
internal sealed class ContractWatch : IStartupFilter
{
    private static readonly string[] Watched = ["/api/", "/backend/", "/oauth/", "/healthz", "/readyz", "/metrics", "/openapi.yaml"];

    private readonly ConcurrentDictionary<(string Operation, int Status), byte> _answered = new();
    private readonly ConcurrentQueue<string> _violations = new();

    /// <summary>What the server answered otherwise than the contract says.</summary>
    public IReadOnlyCollection<string> Violations => _violations;

    /// <summary>Each operation with each status that it was answered with.</summary>
    public IEnumerable<(string Operation, int Status)> Answered => _answered.Keys;

    public Action<IApplicationBuilder> Configure(Action<IApplicationBuilder> next) => app =>
    {
        app.Use(WatchAsync);
        next(app);
    };

    /// <summary>What is wrong with an answer; null when nothing is.</summary>
    public static string? Problem(string operation, int status, string? contentType, byte[] body)
    {
        var declared = OpenApi.Response(operation, status) ?? EveryOperation(operation, status);
        if (declared is null)
        {
            return $"the status is not in the contract: {System.Text.Encoding.UTF8.GetString(body)}";
        }

        if (declared["content"]?.AsObject() is not { } content)
        {
            return body.Length == 0 ? null : "the contract says that there is no body";
        }

        var mediaType = contentType?.Split(';')[0].Trim() ?? "";
        if (content[mediaType] is not { } described)
        {
            return $"the content type '{mediaType}' is not in the contract";
        }

        if (!mediaType.EndsWith("json", StringComparison.Ordinal))
        {
            return null;
        }

        try
        {
            var problems = SchemaCheck.Problems(JsonNode.Parse(body), described["schema"]!).Take(5).ToArray();
            return problems.Length == 0 ? null : string.Join("; ", problems);
        }
        catch (JsonException exception)
        {
            return "the body is not JSON: " + exception.Message;
        }
    }

    /// <summary>What is wrong with the body of a request that was done; null when nothing is.</summary>
    public static string? RequestProblem(string operation, string? contentType, byte[] body)
    {
        if (body.Length == 0)
        {
            return null;
        }

        var mediaType = contentType?.Split(';')[0].Trim() ?? "";
        if (OpenApi.Operations[operation]["requestBody"] is not { } described)
        {
            // Clients write that they have nothing to say.
            return body is [(byte)'n', ..] || (body is [(byte)'{', (byte)'}']) ? null : "there is a body";
        }

        if (OpenApi.Follow(described)["content"]![mediaType] is not { } content)
        {
            return $"the content type '{mediaType}'";
        }

        if (!mediaType.EndsWith("json", StringComparison.Ordinal))
        {
            return null;
        }

        var problems = SchemaCheck.Problems(JsonNode.Parse(body), content["schema"]!).Take(5).ToArray();
        return problems.Length == 0 ? null : string.Join("; ", problems);
    }

    /// <summary>What is wrong with the query of a request to the gateway's own API that was done; null when nothing is.</summary>
    private static string? QueryProblem(string operation, IEnumerable<string> names)
    {
        if (!operation.Contains(" /api/v2/", StringComparison.Ordinal))
        {
            return null;
        }

        var path = operation[(operation.IndexOf(' ', StringComparison.Ordinal) + 1)..];
        var declared = new[] { OpenApi.Root["paths"]![path]!["parameters"], OpenApi.Operations[operation]["parameters"] }
            .SelectMany(parameters => parameters?.AsArray() ?? []).Select(parameter => OpenApi.Follow(parameter!)).Where(parameter => parameter["in"]!.ToString() == "query")
            .Select(parameter => parameter["name"]!.ToString()).ToHashSet(StringComparer.Ordinal);
        return names.FirstOrDefault(name => !declared.Contains(name)) is { } unknown ? $"the query parameter '{unknown}'" : null;
    }

    /// <summary>What the contract's introduction says of all operations.</summary>
    private static JsonObject? EveryOperation(string operation, int status) => status switch
    {
        StatusCodes.Status503ServiceUnavailable => OpenApi.Root["components"]!["responses"]!["Unavailable"]!.AsObject(),
        StatusCodes.Status408RequestTimeout or StatusCodes.Status413PayloadTooLarge or StatusCodes.Status415UnsupportedMediaType when OpenApi.Operations[operation].ContainsKey("requestBody") =>
            OpenApi.Response(operation, StatusCodes.Status400BadRequest) ?? OpenApi.Root["components"]!["responses"]!["Invalid"]!.AsObject(),
        _ => null,
    };

    private async Task WatchAsync(HttpContext context, RequestDelegate next)
    {
        if (!Watched.Any(prefix => context.Request.Path.Value!.StartsWith(prefix, StringComparison.Ordinal)))
        {
            await next(context);
            return;
        }

        var asked = new CopyingReader(context.Request.Body);
        context.Request.Body = asked;
        var copy = new CopyingStream(context.Response.Body);
        context.Response.Body = copy;
        await next(context);
        if (context.RequestAborted.IsCancellationRequested)
        {
            return;
        }

        // Where a request failed, the handler of errors has taken its route away.
        var endpoint = context.GetEndpoint() ?? context.Features.Get<IExceptionHandlerFeature>()?.Endpoint;
        var route = (endpoint as RouteEndpoint)?.RoutePattern.RawText ?? "";
        if (route.StartsWith("/backend", StringComparison.Ordinal))
        {
            route = route["/backend".Length..];
        }

        var operation = $"{context.Request.Method} {route}";
        if (!OpenApi.Operations.ContainsKey(operation))
        {
            // Where nothing is, and where nothing of this kind may be done: a problem like every other.
            var schema = OpenApi.Root["components"]!["schemas"]!["Problem"]!;
            if (context.Response.StatusCode >= StatusCodes.Status400BadRequest && copy.Copied is { Length: > 0 } refusal
                && (context.Response.ContentType != "application/problem+json" || SchemaCheck.Problems(JsonNode.Parse(refusal), schema).Any()))
            {
                _violations.Enqueue($"{operation} answered {context.Response.StatusCode} without a problem: {System.Text.Encoding.UTF8.GetString(refusal)}");
            }

            return;
        }

        _answered.TryAdd((operation, context.Response.StatusCode), 0);
        if (context.Response.StatusCode < StatusCodes.Status300MultipleChoices
            && (RequestProblem(operation, context.Request.ContentType, asked.Copied) ?? QueryProblem(operation, context.Request.Query.Keys)) is { } taken)
        {
            _violations.Enqueue($"{operation} took what the contract does not allow: {taken}");
        }

        if (Problem(operation, context.Response.StatusCode, context.Response.ContentType, copy.Copied) is { } problem)
        {
            _violations.Enqueue($"{operation} answered {context.Response.StatusCode}: {problem}");
        }
    }

    /// <summary>Lets everything through, and keeps a copy.</summary>
    private sealed class CopyingStream(Stream inner) : Stream
    {
        private readonly MemoryStream _copy = new();

        public byte[] Copied => _copy.ToArray();

        public override bool CanRead => false;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush() => inner.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => inner.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count)
        {
            _copy.Write(buffer, offset, count);
            inner.Write(buffer, offset, count);
        }

        public override Task WriteAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            WriteAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _copy.Write(buffer.Span);
            return inner.WriteAsync(buffer, cancellationToken);
        }
    }

    /// <summary>Reads on, and keeps a copy of what fits a JSON body; of files it keeps the beginning.</summary>
    private sealed class CopyingReader(Stream inner) : Stream
    {
        private const int Most = 1024 * 1024;
        private readonly MemoryStream _copy = new();

        public byte[] Copied => _copy.ToArray();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position
        {
            get => throw new NotSupportedException();
            set => throw new NotSupportedException();
        }

        public override void Flush()
        {
        }

        public override int Read(byte[] buffer, int offset, int count) => Keep(buffer.AsSpan(offset), inner.Read(buffer, offset, count));

        public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
            ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            var count = await inner.ReadAsync(buffer, cancellationToken);
            return Keep(buffer.Span, count);
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private int Keep(ReadOnlySpan<byte> buffer, int count)
        {
            _copy.Write(buffer[..Math.Min(count, Most - (int)_copy.Length)]);
            return count;
        }
    }
}
