namespace TransportGateway.Protocol;

/// <summary>Bounds on what one message may hold. The size of the body is bounded before it comes here.</summary>
public static class WireLimits
{
    /// <summary>Nesting of each JSON level; the deepest one in use is 5.</summary>
    public const int JsonDepth = 16;

    /// <summary>Nesting of the Call Home envelope; the observed ones reach 7.</summary>
    public const int XmlDepth = 32;

    public const int NonceLength = 32;

    /// <summary>Names, tags, identifiers and the other short texts; a token has the same bound.</summary>
    public const int TextLength = 255;

    public const int SigningRequestLength = 16 * 1024;

    /// <summary>RSA with 4096 bits, the largest key that is accepted.</summary>
    public const int SignatureBytes = 512;

    public const int Entitlements = 4096;

    /// <summary>Members of a stack or cluster.</summary>
    public const int Devices = 1024;

    public const int Capabilities = 64;

    public const int ThirdPartyKeys = 64;

    public const int Attachments = 16;
}
