using System.Diagnostics;
using System.Net;
using TransportGateway.HostTls;

namespace TransportGateway.DeviceGateway;

/// <summary>One line for each request of a product, and its part in the figures.</summary>
internal static partial class DeviceLog
{
    public static string Transport(HttpContext context) =>
        context.Request.Path.StartsWithSegments(DeviceGatewayFeature.SmartTransportPath, StringComparison.OrdinalIgnoreCase) ? "smart-transport" : "call-home";

    public static string Source(HttpContext context)
    {
        var address = context.Connection.RemoteIpAddress ?? IPAddress.None;
        return (address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address).ToString();
    }

    /// <summary>The line is there before the answer is: whoever has the answer finds it in the log.</summary>
    public static void Tell(HttpContext context, Answer answer, long started)
    {
        context.NoteDialledName(answer.Sender is { } sender ? (sender.Id, sender.AccountId, sender.DisplayName) : null);
        Tell(context, answer, Stopwatch.GetElapsedTime(started), hasLine: true);
    }

    /// <summary>For what was refused unread: all of it is counted, and so many lines a minute are written.</summary>
    public static void TellRejection(HttpContext context, Answer answer) =>
        Tell(context, answer, TimeSpan.Zero, context.RequestServices.GetRequiredService<RejectionLines>().TakesAnother());

    public static void TellNotServed(HttpContext context, string reason) => TellRejection(context, new Answer.NotServed(reason));

    private static void Tell(HttpContext context, Answer answer, TimeSpan duration, bool hasLine)
    {
        var services = context.RequestServices;
        services.GetRequiredService<MessageFigures>().Add(Transport(context), answer.RequestType, answer.Status, duration);
        if (!hasLine)
        {
            return;
        }

        var logger = services.GetRequiredService<ILoggerFactory>().CreateLogger("TransportGateway.Products");
        Log.Answered(logger, Transport(context), Source(context), answer.RequestType, answer.Product, answer.Status, answer.Reason, duration.TotalMilliseconds);
    }

    private static partial class Log
    {
        [LoggerMessage(LogLevel.Information, "{Transport} {Source} {RequestType} {Product} {Status} ({Reason}) in {DurationMs:0.0} ms")]
        public static partial void Answered(
            ILogger logger, string transport, string source, string requestType, string product, string status, string reason, double durationMs);
    }
}
