namespace TransportGateway.Protocol;

/// <summary>
/// A licensing message in its Call Home envelope: SOAP 1.2 with an AML block (observed in published alerts of two products), the licensing
/// message as an inline attachment (name and kind observed).
/// </summary>
/// <param name="To">Names Cisco's receiver, not this host.</param>
/// <param name="Type">The kind of Call Home message. Not known for licensing, so nothing depends on it.</param>
/// <param name="GroupId">With the number, which block of which group this is.</param>
/// <param name="Payload">The licensing message, UTF-8.</param>
/// <param name="AttachmentName">The name under which the message was found.</param>
public sealed record CallHomeRequest(
    string? MessageId,
    string? To,
    string? From,
    string? Type,
    string? GroupId,
    string? GroupNumber,
    string? Severity,
    byte[] Payload,
    string? AttachmentName);

/// <summary>What became of the bytes of a Call Home message.</summary>
public abstract record CallHomeParse
{
    private CallHomeParse()
    {
    }

    public sealed record Found(CallHomeRequest Request) : CallHomeParse;

    /// <param name="Reason">A sentence for an operator; it belongs into a fault.</param>
    public sealed record Unreadable(string Reason) : CallHomeParse;
}
