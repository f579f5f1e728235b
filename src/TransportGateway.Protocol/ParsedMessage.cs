namespace TransportGateway.Protocol;

/// <summary>What became of the bytes of a message.</summary>
public abstract record ParsedMessage
{
    private ParsedMessage()
    {
    }

    /// <summary>No answer of the protocol is possible, since there is no nonce to echo: HTTP 400, or a SOAP fault on Call Home.</summary>
    /// <param name="Reason">A sentence for an operator.</param>
    public sealed record Unreadable(string Reason) : ParsedMessage;

    /// <summary>The version or a required field rules the message out before its signature is looked at.</summary>
    /// <param name="Header">As far as it could be read; the nonce is always there.</param>
    /// <param name="Status"><see cref="DeviceStatus.Failed"/> or <see cref="DeviceStatus.VersionTooHigh"/>.</param>
    public sealed record Refused(RequestHeader Header, string Status, string Message) : ParsedMessage;

    public sealed record Readable(DeviceMessage Message) : ParsedMessage;
}
