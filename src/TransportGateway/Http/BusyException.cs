using TransportGateway.Protocol;

namespace TransportGateway.Http;

/// <summary>A request for something that only so many may wait for at once. Nothing was done; the caller comes again a little later.</summary>
internal sealed class BusyException(Sentence sentence) : BadHttpRequestException(sentence.ToString(), StatusCodes.Status429TooManyRequests)
{
    /// <summary>In seconds, for the header Retry-After.</summary>
    public const string RetryAfter = "10";

    public Sentence Sentence => sentence;
}
