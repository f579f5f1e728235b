using System.Text.Json.Serialization;

namespace TransportGateway.Simulators;

/// <summary>Something a product wants of its gateway, from which a message can be made now or again later.</summary>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Register), RequestType.Registration)]
[JsonDerivedType(typeof(Authorize), RequestType.Authorization)]
[JsonDerivedType(typeof(RenewIdCertificate), RequestType.IdCertRenew)]
[JsonDerivedType(typeof(Deregister), RequestType.Deregistration)]
[JsonDerivedType(typeof(AskThirdPartyKey), RequestType.ThirdPartyKey)]
[JsonDerivedType(typeof(Poll), RequestType.Poll)]
public abstract record ProductRequest
{
    private ProductRequest()
    {
    }

    public sealed record Register(string Token, bool Force) : ProductRequest
    {
        /// <summary>The token is a secret.</summary>
        public override string ToString() => $"Register {{ Force = {Force} }}";
    }

    public sealed record Authorize : ProductRequest;

    public sealed record RenewIdCertificate : ProductRequest;

    public sealed record Deregister : ProductRequest;

    public sealed record AskThirdPartyKey(string Tag) : ProductRequest;

    public sealed record Poll(long PollId) : ProductRequest;
}

/// <summary>A request without an answer yet. It is on disk before the first byte leaves, so a crash loses nothing.</summary>
public sealed record PendingMessage
{
    public required ProductRequest Request { get; init; }

    /// <summary>Sent again as it is while the gateway would still take it; null when a new one has to be made.</summary>
    public required SealedMessage? Message { get; init; }

    /// <summary>The key the signing request in the message is for.</summary>
    public string? KeyName { get; init; }

    public int Failures { get; init; }

    /// <summary>Product time of the next attempt.</summary>
    public DateTimeOffset? NextAttempt { get; init; }
}
