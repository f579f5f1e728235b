using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.RateLimiting;
using TransportGateway.Http;

namespace TransportGateway.DeviceGateway;

/// <summary>A source that sends more than its share is told when to come back; IPv6 sources count by their /64.</summary>
internal static class SourceLimits
{
    public const string Policy = "products";

    private const string Sentence = "This source sends more messages than it may (source-burst, source-rate). Try again in 5 seconds.";

    public static void Apply(RateLimiterOptions limiter, int burst, int ratePerSecond)
    {
        var bucket = Bucket(burst, ratePerSecond);
        limiter.AddPolicy(Policy, context => RateLimitPartition.GetTokenBucketLimiter(Prefix(context.Connection.RemoteIpAddress), _ => bucket));
        limiter.RejectionStatusCode = StatusCodes.Status503ServiceUnavailable;
        limiter.OnRejected = async (rejected, _) => await RejectAsync(rejected.HttpContext);
    }

    /// <summary>So many a second, in portions as large as a tenth of a second brings, but no smaller than one.</summary>
    public static TokenBucketRateLimiterOptions Bucket(int burst, int ratePerSecond)
    {
        var portion = Math.Max(1, ratePerSecond / 10);
        return new TokenBucketRateLimiterOptions
        {
            TokenLimit = burst,
            TokensPerPeriod = portion,
            ReplenishmentPeriod = TimeSpan.FromSeconds(portion / (double)ratePerSecond),
            QueueLimit = 0,
        };
    }

    /// <remarks>Nothing of the message was read, so there is no licensing answer to give (8.7.13).</remarks>
    private static Task RejectAsync(HttpContext context)
    {
        DeviceLog.TellRejection(context, new Answer.TooMany());
        context.Response.Headers.RetryAfter = "5";
        return ErrorForm.Of(context)!.WriteAsync(context, StatusCodes.Status503ServiceUnavailable, Sentence);
    }

    private static IPAddress Prefix(IPAddress? address)
    {
        if (address is null || address.AddressFamily == AddressFamily.InterNetwork || address.IsIPv4MappedToIPv6)
        {
            return address ?? IPAddress.None;
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(8).Clear();
        return new IPAddress(bytes);
    }
}
