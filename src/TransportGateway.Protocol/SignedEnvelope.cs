namespace TransportGateway.Protocol;

/// <summary>Level 1 of a message: the request as text and the signature over the UTF-8 bytes of that text.</summary>
/// <param name="SignatureType">"SHA-256" is observed, which stands for RSA with PKCS#1 v1.5 padding (inferred). Empty when missing.</param>
/// <param name="Signature">Empty when missing, not base64 or of another type: such a signature verifies with no key.</param>
/// <param name="CredentialToken">The token of the credential; outside the signature, so it never counts by itself.</param>
/// <param name="Request">Exactly the text that was received, for verification. Never write it anew.</param>
public sealed record SignedEnvelope(string SignatureType, byte[] Signature, string? CredentialToken, string Request)
{
    /// <summary>Without the texts, which hold the registration token.</summary>
    public override string ToString() =>
        $"{nameof(SignedEnvelope)} {{ SignatureType = {SignatureType}, {Signature.Length} bytes of signature, {Request.Length} characters of request }}";
}
