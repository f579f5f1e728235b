namespace TransportGateway.Simulators;

/// <summary>What the network did with a message, before anybody looks into the answer.</summary>
public abstract record Delivery
{
    private Delivery()
    {
    }

    public sealed record Answered(HttpAnswer Answer) : Delivery;

    /// <summary>No connection came about, so the gateway has not seen the message.</summary>
    public sealed record NotSent(string Reason) : Delivery;

    /// <summary>The connection broke before a whole answer had come: the gateway may or may not have acted on the message.</summary>
    public sealed record AnswerLost(string Reason) : Delivery;
}

public sealed record HttpAnswer(int Status, string? ContentType, byte[] Body, TimeSpan? RetryAfter);
