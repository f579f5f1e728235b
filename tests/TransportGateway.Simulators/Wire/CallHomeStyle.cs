namespace TransportGateway.Simulators;

/// <summary>The habits in which Call Home senders differ and which a gateway has to put up with.</summary>
public sealed record CallHomeStyle
{
    /// <summary>What most devices say, although the body is XML and not a form.</summary>
    public const string FormContentType = "application/x-www-form-urlencoded";

    /// <summary>Null sends no content type at all.</summary>
    public string? ContentType { get; init; } = FormContentType;

    /// <summary>Sends the attachment as base64 instead of plain text.</summary>
    public bool Base64 { get; init; }

    /// <summary>Adds character references that XML 1.0 does not allow.</summary>
    public bool IllegalCharacterReferences { get; init; }

    public bool ByteOrderMark { get; init; }

    public bool Indented { get; init; }
}
