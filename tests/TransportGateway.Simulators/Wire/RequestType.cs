namespace TransportGateway.Simulators;

/// <summary>The values of <c>request_type</c> that registration-based products use. Only THIRD_PARTY_KEY has been seen on a wire.</summary>
public static class RequestType
{
    public const string Registration = "REGISTRATION";
    public const string Authorization = "AUTHORIZATION";
    public const string IdCertRenew = "ID_CERT_RENEW";
    public const string Deregistration = "DEREGISTRATION";
    public const string ThirdPartyKey = "THIRD_PARTY_KEY";
    public const string Poll = "POLL";

    /// <summary>Answers to these deliver the certificates they are to be verified with.</summary>
    internal static bool DeliversCertificates(string requestType) => requestType is Registration or IdCertRenew;
}
