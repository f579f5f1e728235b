using TransportGateway.Http;

namespace TransportGateway.DeviceGateway;

/// <summary>What a list says of an archived message; nothing of what it holds.</summary>
internal class ArchivedMessage
{
    /// <summary>Sender and nonce of a message that was answered, which together are its key; of a refused one the identifier that it was given.</summary>
    public required string Id { get; init; }

    public required DateTimeOffset ReceivedAt { get; init; }

    /// <summary>Null for a refused one, which may have none.</summary>
    public string? RequestType { get; init; }

    public required string Transport { get; init; }

    public required string Source { get; init; }

    /// <summary>The product instance that it came from, or that a registration became; null for a stranger.</summary>
    public string? InstanceId { get; init; }

    /// <summary>Where that was when the message came.</summary>
    public string? VirtualAccountId { get; init; }

    /// <summary>What it was answered; null when its sender could not be proved.</summary>
    public string? Status { get; init; }

    /// <summary>Why its sender could not be proved.</summary>
    public string? Reason { get; init; }

    public ListPlace Place => new(ReceivedAt, Id);
}

/// <summary>An archived message with what it holds. No record: that would print it.</summary>
internal sealed class WholeMessage : ArchivedMessage
{
    /// <summary>As it came, or its beginning; empty for a refused registration.</summary>
    public required byte[] Request { get; set; }

    /// <summary>The text that was signed; null when none was stored.</summary>
    public string? Response { get; set; }

    /// <summary>Of the certificate whose key signed it.</summary>
    public string? SignerSerial { get; init; }
}
