namespace TransportGateway.Protocol;

/// <summary>The header of a request.</summary>
/// <param name="Version">Empty when missing.</param>
/// <param name="Timestamp">Unix milliseconds; observed as 0. The time that counts is that of the data.</param>
/// <param name="Nonce">A decimal number as text, beyond 2^53.</param>
/// <param name="RequestTypeText">What stood on the wire, to be echoed. Empty when missing.</param>
/// <param name="ProductInstanceIdentifier">Null before registration.</param>
/// <param name="IdCertSerialNumber">Decimal text; null before registration.</param>
/// <param name="SigningCertSerialNumber">Decimal text: the signing certificate that the product holds; null before registration.</param>
public sealed record RequestHeader(
    string Version,
    string? Locale,
    Sudi? Sudi,
    long Timestamp,
    string Nonce,
    string RequestTypeText,
    RequestType RequestType,
    string? ProductInstanceIdentifier,
    string? IdCertSerialNumber,
    string? SigningCertSerialNumber);
