namespace TransportGateway.Protocol;

/// <summary>The messages that products show when a request is refused.</summary>
public static class RefusalTexts
{
    /// <summary>Observed, with the trailing blank: a third-party key for a tag that the product does not use.</summary>
    public const string TagNotConsumed = "Product Instance is not consuming this tag : ";

    // The sentences without a remark are inferred: chosen here, since the refusals that they stand for are known and their words are not.

    public const string NoncesDiffer = "The nonces of header, request and request_data differ; they must be the same.";

    public const string NonceReused = "The nonce of this request was used before by another request. Use a new nonce for each request.";

    /// <summary>Registration with a signature that the key in its signing request did not make. Inferred, in the form of the observed refusals.</summary>
    public static readonly string Signature = ErrorsHash.For(WireNames.Signature.Canonical, "The signature of the request is not valid.");

    /// <summary>Observed word for word, without a blank after the first sentence: unknown or removed instance, wrong certificate or signature.</summary>
    public static string Identity(string? productInstanceIdentifier) => ErrorsHash.For(
        WireNames.ProductInstanceIdentifier.Canonical,
        $"The identity for the instance {productInstanceIdentifier} is not valid.Please re-register the instance.");

    /// <summary>A token that is unknown, expired, used up or revoked; the fragment "' is not valid" is observed.</summary>
    public static string Token(string tokenAsSent) => ErrorsHash.For(WireNames.Token.Canonical, $"The token '{tokenAsSent}' is not valid.");

    /// <summary>From memory of Cisco's documentation; that such a refusal exists is observed.</summary>
    public static string AlreadyRegistered(string softwareTag, string? serialNumber, string? pid) => ErrorsHash.For(
        WireNames.Sudi.Canonical,
        $"The product {softwareTag} and sudi containing udi_serial_number:{serialNumber}, udi_pid:{pid}; has already been registered.");

    /// <summary>Inferred (8.7.36).</summary>
    public static string UnknownPoll(long pollId) => ErrorsHash.For(
        WireNames.PollId.Canonical, $"The poll id {pollId} is not known. Send the request again.");

    /// <summary>A tag that is in use, on a server without a source of keys.</summary>
    public static string NoKeySource(string tag) => $"This server has no source of third-party keys, so it cannot issue one for the tag {tag}.";

    public static string UnknownRequestType(string requestType) => WireNames.IsKnownButNotServed(requestType)
        ? $"The request type {requestType} is not served by this server."
        : $"The request type {requestType} is not known to this server.";

    public static string VersionTooHigh(string version) =>
        $"The message version {version} is higher than this server speaks. Use version {ProtocolVersion.Ours} or a lower 1.x.";

    public static string VersionTooLow(string version) =>
        $"The message version {version} is lower than this server speaks. Use version {ProtocolVersion.Ours} or a lower 1.x.";

    /// <param name="productMinusServer">Positive when the clock of the product is ahead.</param>
    public static string ClocksDiffer(TimeSpan productMinusServer)
    {
        var apart = productMinusServer.Duration();
        var direction = productMinusServer > TimeSpan.Zero ? "ahead of" : "behind";
        var days = apart.Days > 0 ? $"{apart.Days} d " : string.Empty;
        return $"The clock of the product is {days}{apart.Hours} h {apart.Minutes} min {apart.Seconds} s {direction} the clock of the server; "
            + "at most 1 h is allowed. Set the clock of the product, for example by NTP.";
    }
}
