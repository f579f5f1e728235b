using System.Diagnostics;
using System.Net;
using TransportGateway.Access;
using TransportGateway.HostTls;
using TransportGateway.Protocol;

namespace TransportGateway.DeviceGateway;

/// <summary>The doors that products knock at: Call Home and Smart Transport.</summary>
internal static partial class DeviceGatewayFeature
{
    public const string CallHomePath = "/Transportgateway/services/DeviceRequestHandler";
    public const string SmartTransportPath = "/SmartTransport";
    public const string RateLimit = "products";

    private const string Xml = "text/xml; charset=utf-8";
    private const string Json = "application/json";

    public static IServiceCollection AddDeviceGateway(this IServiceCollection services, RegistrationGateOptions gate) => services
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
        var answer = await context.RequestServices.GetRequiredService<DeviceMessageDispatcher>()
            .DispatchAsync(new ReceivedMessage(body, "smart-transport", source), CancellationToken.None);
        Tell(context, "smart-transport", source, answer, started);
        await (answer is Answer.Signed signed
            ? WriteAsync(context, StatusCodes.Status200OK, Json, signed.Envelope)
            : WriteAsync(context, StatusCodes.Status400BadRequest, Json, WriteReason(answer.Reason)));
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

    private static Task WriteAsync(HttpContext context, int status, string contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType;
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
        Log.Answered(logger, transport, source, answer.RequestType, answer.Product, answer.Status, answer.Reason, Stopwatch.GetElapsedTime(started).TotalMilliseconds);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Transport} {Source} {RequestType} {Product} {Status} ({Reason}) in {DurationMs:0.0} ms")]
        public static partial void Answered(
            ILogger logger, string transport, string source, string requestType, string product, string status, string reason, double durationMs);
    }
}
