namespace TransportGateway.DeviceGateway;

/// <param name="Payload">The licensing JSON, whichever envelope it came in.</param>
/// <param name="Transport"><c>call-home</c> or <c>smart-transport</c>.</param>
/// <param name="Source">The address it came from.</param>
internal sealed record ReceivedMessage(ReadOnlyMemory<byte> Payload, string Transport, string Source);

/// <summary>What a product is answered, and what the log says of it.</summary>
internal abstract record Answer(string RequestType, string Product, string Status, string Reason)
{
    /// <summary>The registered product that the message proved to come from; null when it proved nothing, or said good-bye.</summary>
    public Registration.InstanceRow? Sender { get; init; }

    /// <summary>A signed licensing answer; the HTTP status is 200 whatever it says.</summary>
    public sealed record Signed(byte[] Envelope, string RequestType, string Product, string Status, string Reason)
        : Answer(RequestType, Product, Status, Reason);

    /// <summary>The upstream's answer, or its absence; for the log alone.</summary>
    public sealed record Relayed(string RequestType, string Product, string Status, string Reason) : Answer(RequestType, Product, Status, Reason);

    /// <summary>Its source sent too much; nothing of the message was looked at.</summary>
    public sealed record TooMany() : Answer("-", "-", "TOO_MANY", "more messages than this source may send");

    /// <summary>Nothing of the message was looked at, for another reason.</summary>
    public sealed record NotServed(string Reason) : Answer("-", "-", "NOT_SERVED", Reason);

    /// <summary>There was nothing to answer to (8.7.9).</summary>
    public sealed record Unreadable(string Reason) : Answer("-", "-", "UNREADABLE", Reason);
}
