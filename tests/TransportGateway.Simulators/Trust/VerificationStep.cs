namespace TransportGateway.Simulators;

/// <summary>What a product checks in an answer, in the order in which it checks it. The first failure is the one it reports.</summary>
public enum VerificationStep
{
    /// <summary>Status 200 with a body.</summary>
    Http,

    /// <summary>The envelope, its three levels, every required field, no key twice.</summary>
    Json,

    /// <summary>A version of the same major that is not above ours.</summary>
    Version,

    /// <summary>Both nonces of the answer are the one we sent.</summary>
    Nonce,

    /// <summary>The answer is to this request and this product instance.</summary>
    Identifier,

    Vendor,

    /// <summary>A status word this product knows.</summary>
    Status,

    /// <summary>The sub CA was issued by a trust anchor of ours.</summary>
    Chain,

    /// <summary>The certificate the answer names was issued by that sub CA and is valid.</summary>
    SigningCertificate,

    /// <summary>The signature fits the response text, byte for byte.</summary>
    Signature,

    /// <summary>The ID certificate is for our key and our UDI, from that sub CA.</summary>
    NodeCertificate,

    /// <summary>What the answer says makes sense as an answer to what was asked.</summary>
    Content,
}

internal sealed class UnverifiableReplyException(VerificationStep step, string reason) : Exception(reason)
{
    public VerificationStep Step { get; } = step;
}
