using TransportGateway.Protocol;

namespace TransportGateway.Http;

/// <summary>A request that cannot be served now: only so many may wait for it at once, or what it needs is away. Nothing was done; the caller comes again a little later.</summary>
/// <param name="status">Of the answer: 429, or 503.</param>
/// <param name="name">Of the problem.</param>
internal sealed class BusyException(Sentence sentence, int status = StatusCodes.Status429TooManyRequests, string name = "busy") : BadHttpRequestException(sentence.ToString(), status)
{
    /// <summary>In seconds, for the header Retry-After.</summary>
    public const string RetryAfter = "10";

    public Sentence Sentence => sentence;

    public string Name => name;
}
