using System.Diagnostics;
using System.Net;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Protocol;
using TransportGateway.Upstream;

namespace TransportGateway.DeviceGateway;

/// <summary>The doors that products knock at: Call Home and Smart Transport. Behind them a message is answered here or relayed.</summary>
internal static partial class DeviceGatewayFeature
{
    public const string CallHomePath = "/Transportgateway/services/DeviceRequestHandler";
    public const string SmartTransportPath = "/SmartTransport";
    public const string RateLimit = "products";

    private const string Xml = "text/xml; charset=utf-8";
    private const string Json = "application/json";

    public static IServiceCollection AddDeviceGateway(this IServiceCollection services, RegistrationGateOptions gate) => services
        .AddSingleton<MessageFigures>()
        .AddSingleton(gate)
        .AddSingleton<RegistrationGate>()
        .AddSingleton<RefusalJournal>()
        .AddSingleton<RegistrationMessages>()
        .AddSingleton<InstanceMessages>()
        .AddSingleton<DeviceMessageDispatcher>();

    public static void MapDeviceGateway(this IEndpointRouteBuilder routes)
    {
        routes.MapPost(CallHomePath, CallHomeAsync).OpenToAll("products prove themselves by the signature in the message").RequireRateLimiting(RateLimit);
        routes.MapPost(SmartTransportPath, SmartTransportAsync).OpenToAll("products prove themselves by the signature in the message").RequireRateLimiting(RateLimit);
        foreach (var path in new[] { CallHomePath, SmartTransportPath })
        {
            routes.MapMethods(path, ["GET", "HEAD", "PUT", "DELETE", "PATCH", "OPTIONS"], NotPosted).OpenToAll("says that products POST here");
        }
    }

    /// <summary>Who opens a product's URL in a browser wants to know whether it is right.</summary>
    private static IResult NotPosted(HttpContext context)
    {
        context.Response.Headers.Allow = "POST";
        return Http.Problem.Of(StatusCodes.Status405MethodNotAllowed, "post-only", "This path is right: products send their messages here with POST.");
    }

    private static async Task CallHomeAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        if (await ReadBodyAsync(context, tooLarge => CallHomeWriter.WriteFault("Sender", tooLarge), Xml) is not { } body)
        {
            return;
        }

        var services = context.RequestServices;
        var dispatcher = services.GetRequiredService<DeviceMessageDispatcher>();
        var clock = services.GetRequiredService<TimeProvider>();
        var source = Source(context);
        var parsed = CallHomeReader.Read(body);
        if (parsed is CallHomeParse.Found { Request.Payload: var payload }
            && await RelayedAsync(context, RelayPath.CallHome, body, payload, source, started, cause => (Xml, CallHomeWriter.WriteFault("Receiver", cause))))
        {
            return;
        }

        var answer = parsed is CallHomeParse.Found found
            ? await dispatcher.DispatchAsync(new ReceivedMessage(found.Request.Payload, "call-home", source), CancellationToken.None)
            : await dispatcher.UnreadableAsync(new ReceivedMessage(body, "call-home", source), ((CallHomeParse.Unreadable)parsed).Reason, CancellationToken.None);
        Tell(context, "call-home", source, answer, started);
        if (answer is Answer.Signed signed)
        {
            await WriteAsync(context, StatusCodes.Status200OK, Xml, CallHomeWriter.WriteResponse(((CallHomeParse.Found)parsed).Request, signed.Envelope, clock.GetUtcNow()));
        }
        else
        {
            await WriteAsync(context, StatusCodes.Status400BadRequest, Xml, CallHomeWriter.WriteFault("Sender", answer.Reason));
        }
    }

    private static async Task SmartTransportAsync(HttpContext context)
    {
        var started = Stopwatch.GetTimestamp();
        if (await ReadBodyAsync(context, WriteReason, Json) is not { } body)
        {
            return;
        }

        var source = Source(context);
        if (await RelayedAsync(context, RelayPath.SmartTransport, body, body, source, started, cause => (Json, WriteReason(cause))))
        {
            return;
        }

        var answer = await context.RequestServices.GetRequiredService<DeviceMessageDispatcher>()
            .DispatchAsync(new ReceivedMessage(body, "smart-transport", source), CancellationToken.None);
        Tell(context, "smart-transport", source, answer, started);
        await (answer is Answer.Signed signed
            ? WriteAsync(context, StatusCodes.Status200OK, Json, signed.Envelope)
            : WriteAsync(context, StatusCodes.Status400BadRequest, Json, WriteReason(answer.Reason)));
    }

    /// <summary>False when the message is this gateway's own to answer.</summary>
    /// <param name="transient">The answer for when there is none of the upstream; the product tries again by itself.</param>
    private static async Task<bool> RelayedAsync(
        HttpContext context, RelayPath path, byte[] body, ReadOnlyMemory<byte> payload, string source, long started, Func<string, (string ContentType, byte[] Body)> transient)
    {
        var relay = context.RequestServices.GetRequiredService<RelayMessage>();
        if (!relay.Serves(path))
        {
            return false;
        }

        RelayMessage.Outcome? outcome;
        try
        {
            outcome = await relay.ExecuteAsync(
                new RelayMessage.Request(path, RelayedRequest.Of(context.Request, body), payload, source), CancellationToken.None);
        }
        catch (System.Data.Common.DbException)
        {
            // Whose message it is cannot be told now; the dispatcher has the answer for a database that is away.
            return false;
        }

        if (outcome is null)
        {
            return false;
        }

        var (status, reason) = outcome.Answer switch
        {
            RelayAnswer.Whole whole => ($"relayed {whole.Status}", $"relayed to {outcome.Upstream}"),
            RelayAnswer.Failed failed => ("relay failed", $"the upstream {outcome.Upstream} {failed.Cause}"),
            var other => throw new InvalidOperationException(other.GetType().Name),
        };
        Tell(
            context,
            path == RelayPath.CallHome ? "call-home" : "smart-transport",
            source,
            new Answer.Relayed(outcome.Identity.RequestType, outcome.Product?.DisplayName ?? outcome.Identity.ProductInstanceIdentifier ?? "-", status, reason) { Sender = outcome.Product },
            started);
        if (outcome.Answer is RelayAnswer.Whole answer)
        {
            foreach (var (name, value) in answer.Headers)
            {
                context.Response.Headers[name] = value;
            }

            await WriteAsync(context, answer.Status, null, answer.Body);
        }
        else
        {
            context.Response.Headers.RetryAfter = "60";
            var (contentType, text) = transient("The server that this product is registered at cannot be reached by the gateway now. Try again in a minute.");
            await WriteAsync(context, StatusCodes.Status503ServiceUnavailable, contentType, text);
        }

        return true;
    }

    /// <summary>The body as it came, whatever its content type claims (8.7.11); null when it was too large and has been answered.</summary>
    private static async Task<byte[]?> ReadBodyAsync(HttpContext context, Func<string, byte[]> refusal, string contentType)
    {
        try
        {
            using var buffer = new MemoryStream((int)Math.Min(context.Request.ContentLength ?? 4096, 1024 * 1024));
            await context.Request.Body.CopyToAsync(buffer, context.RequestAborted);
            return buffer.TryGetBuffer(out var bytes) && bytes.Count == bytes.Array!.Length ? bytes.Array : buffer.ToArray();
        }
        catch (BadHttpRequestException exception)
        {
            var reason = exception.StatusCode == StatusCodes.Status413PayloadTooLarge
                ? "The message is larger than this gateway accepts (max-body-bytes)."
                : "The message did not arrive whole.";
            await WriteAsync(context, exception.StatusCode, contentType, refusal(reason));
            return null;
        }
    }

    private static byte[] WriteReason(string reason) => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { status = DeviceStatus.Failed, message = reason });

    /// <param name="contentType">Null when the headers are set.</param>
    private static Task WriteAsync(HttpContext context, int status, string? contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType ?? context.Response.ContentType;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, 0, body.Length, CancellationToken.None);
    }

    private static string Source(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    /// <summary>The line is there before the answer is: whoever has the answer finds it in the log.</summary>
    private static void Tell(HttpContext context, string transport, string source, Answer answer, long started)
    {
        var logger = context.RequestServices.GetRequiredService<ILoggerFactory>().CreateLogger("TransportGateway.Products");
        context.NoteDialledName(answer.Sender is { } sender ? (sender.Id, sender.AccountId, sender.DisplayName) : null);
        var duration = Stopwatch.GetElapsedTime(started);
        context.RequestServices.GetRequiredService<MessageFigures>().Add(transport, answer.RequestType, answer.Status, duration);
        Log.Answered(logger, transport, source, answer.RequestType, answer.Product, answer.Status, answer.Reason, duration.TotalMilliseconds);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Transport} {Source} {RequestType} {Product} {Status} ({Reason}) in {DurationMs:0.0} ms")]
        public static partial void Answered(
            ILogger logger, string transport, string source, string requestType, string product, string status, string reason, double durationMs);
    }
}
