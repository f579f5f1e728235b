namespace TransportGateway.Protocol;

/// <summary>A message that could be read. Its signature is not checked yet.</summary>
/// <param name="RequestNonce">The nonce of level 2.</param>
/// <param name="DataNonce">The nonce of level 3.</param>
/// <param name="DataTimestamp">Unix milliseconds, between 1970 and 9999: the time that counts.</param>
/// <param name="DataProblem">
/// The text of the FAILED message when a value is bad, to be reported only after the signature is checked. The body is then an
/// <see cref="UnknownBody"/>, or for registration and renewal what could be read, since the signing request verifies the signature.
/// </param>
public sealed record DeviceMessage(
    SignedEnvelope Envelope,
    RequestHeader Header,
    string RequestNonce,
    string DataNonce,
    long DataTimestamp,
    Sudi? DataSudi,
    string? DataProductInstanceIdentifier,
    RequestBody Body,
    string? DataProblem)
{
    /// <summary>Whether the nonces of header, request and data are one, as agents demand of an answer.</summary>
    public bool NoncesAgree =>
        string.Equals(Header.Nonce, RequestNonce, StringComparison.Ordinal)
        && string.Equals(Header.Nonce, DataNonce, StringComparison.Ordinal);

    /// <summary>
    /// False when the data names another product instance or device than the header, which is answered with the identity text. What one of
    /// them leaves out contradicts nothing.
    /// </summary>
    public bool IdentitiesAgree =>
        (DataProductInstanceIdentifier is null
            || Header.ProductInstanceIdentifier is null
            || string.Equals(DataProductInstanceIdentifier, Header.ProductInstanceIdentifier, StringComparison.Ordinal))
        && (DataSudi is null || Header.Sudi is null || !DataSudi.Contradicts(Header.Sudi));

    /// <summary>The device that speaks: as the header states it, or else the data.</summary>
    public Sudi? Device => Header.Sudi ?? DataSudi;
}
