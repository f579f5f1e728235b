using System.Diagnostics;
using TransportGateway.Access;
using TransportGateway.Http;
using TransportGateway.Protocol;
using TransportGateway.Upstream;

namespace TransportGateway.DeviceGateway;

/// <summary>The doors that products knock at: Call Home and Smart Transport. Behind them a message is answered here or relayed.</summary>
internal static class DeviceGatewayFeature
{
    public const string CallHomePath = "/Transportgateway/services/DeviceRequestHandler";
    public const string SmartTransportPath = "/SmartTransport";
    private const string Xml = "text/xml; charset=utf-8";
    private const string Json = "application/json";

    public static IServiceCollection AddDeviceGateway(this IServiceCollection services, RegistrationGateOptions gate) => services
        .AddSingleton<MessageFigures>()
        .AddSingleton<RejectionLines>()
        .AddSingleton<ProductUrls>()
        .AddSingleton<ReadArchive>()
        .AddSingleton(gate)
        .AddSingleton<RegistrationGate>()
        .AddSingleton<RefusalJournal>()
        .AddSingleton<RegistrationMessages>()
        .AddSingleton<InstanceMessages>()
        .AddSingleton<DeviceMessageDispatcher>();

    public static void MapDeviceGateway(this IEndpointRouteBuilder routes)
    {
        routes.MapProductUrls();
        routes.MapArchive();
        routes.MapPost(CallHomePath, CallHomeAsync).OpenToAll("products prove themselves by the signature in the message").RequireRateLimiting(SourceLimits.Policy)
            .WithMetadata(new ErrorForm(Xml, (status, reason) => CallHomeWriter.WriteFault(status < StatusCodes.Status500InternalServerError ? "Sender" : "Receiver", reason), DeviceLog.TellNotServed));
        routes.MapPost(SmartTransportPath, SmartTransportAsync).OpenToAll("products prove themselves by the signature in the message").RequireRateLimiting(SourceLimits.Policy)
            .WithMetadata(new ErrorForm(Json, (_, reason) => WriteReason(reason), DeviceLog.TellNotServed));
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
        if (await DeviceBody.ReadAsync(context, started) is not { } body)
        {
            return;
        }

        var services = context.RequestServices;
        var dispatcher = services.GetRequiredService<DeviceMessageDispatcher>();
        var clock = services.GetRequiredService<TimeProvider>();
        var source = DeviceLog.Source(context);
        var parsed = CallHomeReader.Read(body);
        if (parsed is CallHomeParse.Found { Request.Payload: var payload }
            && await RelayedAsync(context, RelayPath.CallHome, body, payload, source, started, cause => (Xml, CallHomeWriter.WriteFault("Receiver", cause))))
        {
            return;
        }

        var answer = parsed is CallHomeParse.Found found
            ? await dispatcher.DispatchAsync(new ReceivedMessage(found.Request.Payload, "call-home", source), CancellationToken.None)
            : await dispatcher.UnreadableAsync(new ReceivedMessage(body, "call-home", source), ((CallHomeParse.Unreadable)parsed).Reason, CancellationToken.None);
        DeviceLog.Tell(context, answer, started);
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
        if (await DeviceBody.ReadAsync(context, started) is not { } body)
        {
            return;
        }

        var source = DeviceLog.Source(context);
        if (await RelayedAsync(context, RelayPath.SmartTransport, body, body, source, started, cause => (Json, WriteReason(cause))))
        {
            return;
        }

        var answer = await context.RequestServices.GetRequiredService<DeviceMessageDispatcher>()
            .DispatchAsync(new ReceivedMessage(body, "smart-transport", source), CancellationToken.None);
        DeviceLog.Tell(context, answer, started);
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
        DeviceLog.Tell(
            context,
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

    private static byte[] WriteReason(string reason) => System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(new { status = DeviceStatus.Failed, message = reason });

    /// <param name="contentType">Null when the headers are set.</param>
    private static Task WriteAsync(HttpContext context, int status, string? contentType, byte[] body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = contentType ?? context.Response.ContentType;
        context.Response.ContentLength = body.Length;
        return context.Response.Body.WriteAsync(body, 0, body.Length, CancellationToken.None);
    }
}
