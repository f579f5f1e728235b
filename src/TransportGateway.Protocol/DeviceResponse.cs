namespace TransportGateway.Protocol;

/// <summary>An answer before it is signed. No answer of the device protocol is public; what must be in it follows from the checks that agents make.</summary>
public sealed record DeviceResponse
{
    /// <summary>As <see cref="ProtocolVersion.Negotiate"/> decides.</summary>
    public required string Version { get; init; }

    /// <summary>Echoes the request.</summary>
    public string? Locale { get; init; }

    /// <summary>The server's clock, from which products compute their own dates.</summary>
    public required DateTimeOffset Timestamp { get; init; }

    /// <summary>Echoes the header of the request; agents refuse an answer with another nonce.</summary>
    public required string Nonce { get; init; }

    /// <summary>Echoes the request.</summary>
    public required string RequestType { get; init; }

    /// <summary>Echoes the request; the new identifier when a registration succeeds, null when it fails.</summary>
    public string? ProductInstanceIdentifier { get; init; }

    /// <summary>The certificate that this answer is signed by.</summary>
    public string? SigningCertSerialNumber { get; init; }

    /// <summary>What the server announces to be able to do; only what is implemented.</summary>
    public IReadOnlyList<string> Capabilities { get; init; } = [];

    /// <summary>One of <see cref="DeviceStatus"/>.</summary>
    public required string Status { get; init; }

    /// <summary>One of <see cref="RefusalCodes"/>; null on OK.</summary>
    public string? MessageCode { get; init; }

    /// <summary>Devices show it word for word; an errors hash travels as JSON text.</summary>
    public string? Message { get; init; }

    /// <summary>Null stands for the text "{}".</summary>
    public ResponseData? Data { get; init; }
}
