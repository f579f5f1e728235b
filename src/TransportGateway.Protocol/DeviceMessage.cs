namespace TransportGateway.Protocol;

/// <summary>What became of the bytes that a product sent.</summary>
public abstract record ParsedMessage
{
    /// <summary>Not even a nonce to answer to (8.7.9): an HTTP error, nothing signed. The reason is a sentence for an operator.</summary>
    public sealed record Unreadable(string Reason) : ParsedMessage;

    /// <summary>Refused before any signature is looked at: the version, or a field that is missing.</summary>
    /// <param name="Header">As far as it could be read.</param>
    public sealed record Refused(RequestHeader Header, string Status, string Message) : ParsedMessage;

    public sealed record Readable(DeviceMessage Message) : ParsedMessage;

    private ParsedMessage()
    {
    }
}

/// <summary>A message of a product, all three levels of it.</summary>
/// <param name="DataProblem">A value that will not do, as the text to answer once the signature has been checked (8.7.14).</param>
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
    /// <summary>All three nonces must be the same (8.7.8).</summary>
    public bool NoncesAgree => Header.Nonce == RequestNonce && Header.Nonce == DataNonce;
}

/// <summary>Level 1.</summary>
/// <param name="Signature">Empty when missing or not base64; such a signature verifies nothing.</param>
/// <param name="Request">The text of level 2 exactly as it came: its UTF-8 bytes are what was signed.</param>
public sealed record SignedEnvelope(string SignatureType, byte[] Signature, string? CredentialToken, string Request);

/// <summary>The header of level 2.</summary>
/// <param name="Timestamp">Unix milliseconds; products send 0, what counts is the one in the data (8.7.15).</param>
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

/// <summary>The unique device identifier, in whichever parts the product has.</summary>
public sealed record Sudi(
    string? Suvi, string? Uuid, string? HostIdentifier, string? MacAddress, string? Pid, string? SerialNumber, string? Vid);

/// <summary>Level 3, by type of request.</summary>
public abstract record RequestBody;

/// <param name="SigningRequestDer">PKCS#10; null when it could not be decoded.</param>
public sealed record RegistrationBody(
    string IdToken,
    bool Force,
    byte[]? SigningRequestDer,
    string SoftwareTag,
    string? HostName,
    string? AgentVersion,
    IReadOnlyList<Sudi> Devices) : RequestBody;

/// <param name="EntitlementVersion">The agent's counter, echoed unchanged (8.7.29).</param>
public sealed record AuthorizationBody(int? EntitlementVersion, IReadOnlyList<EntitlementRequest> Entitlements) : RequestBody;

/// <param name="Version">A text such as <c>1.0</c>.</param>
public sealed record EntitlementRequest(string Tag, int Count, string? Version);

/// <param name="SigningRequestDer">Null when the product keeps its key.</param>
public sealed record IdCertRenewBody(byte[]? SigningRequestDer) : RequestBody;

public sealed record DeregistrationBody : RequestBody;

public sealed record ThirdPartyKeyBody(IReadOnlyList<ThirdPartyKeyItem> Items, bool Live, bool ComplianceRequired) : RequestBody;

/// <param name="Value">The entitlement tag that the key is for.</param>
public sealed record ThirdPartyKeyItem(long Id, string Name, string Value, long KeyId);

public sealed record PollBody(long PollId, string? Action, string? Type) : RequestBody;

/// <summary>The data of a request type that is not served.</summary>
public sealed record UnknownBody : RequestBody;
