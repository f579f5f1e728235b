namespace TransportGateway.Protocol;

/// <summary>The code that goes with the sentence of a refusal. Inferred: the field is observed in the REST twin, its words are chosen here.</summary>
public static class RefusalCodes
{
    public const string FieldNotValid = "FIELD_NOT_VALID";
    public const string IdentityNotValid = "IDENTITY_NOT_VALID";
    public const string SignatureNotValid = "SIGNATURE_NOT_VALID";
    public const string NonceNotValid = "NONCE_NOT_VALID";
    public const string ClocksDiffer = "CLOCKS_DIFFER";
    public const string RequestTypeNotServed = "REQUEST_TYPE_NOT_SERVED";
    public const string TokenNotValid = "TOKEN_NOT_VALID";
    public const string AlreadyRegistered = "ALREADY_REGISTERED";
    public const string PollIdNotKnown = "POLL_ID_NOT_KNOWN";
    public const string TagNotConsumed = "TAG_NOT_CONSUMED";
    public const string NoKeySource = "NO_KEY_SOURCE";
}
