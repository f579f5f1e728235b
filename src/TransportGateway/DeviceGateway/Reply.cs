using System.Security.Cryptography.X509Certificates;
using TransportGateway.Authority;
using TransportGateway.Protocol;
using TransportGateway.Registration;

namespace TransportGateway.DeviceGateway;

/// <summary>Whoever a verified signature belongs to.</summary>
/// <param name="Id">What its nonces are counted under.</param>
/// <param name="Instance">Null for a product that is about to register.</param>
/// <param name="Ended">The refusal for a registration or certificate that no longer counts; given only after stored answers were looked for (8.7.16).</param>
internal sealed record Sender(string Id, InstanceRow? Instance, PublicKey? Key, Reply? Ended)
{
    /// <summary>The certificate that the message named.</summary>
    public IdCertificateRow? Certificate { get; init; }

    /// <summary>What was answered to a message of the same nonce before; null when there was none.</summary>
    public StoredAnswerRow? Answered { get; init; }
}

/// <summary>The outcome of a message before it becomes an answer.</summary>
/// <param name="Reason">For log and event log; never a secret, unlike the message, which may quote a token.</param>
internal sealed record Reply(string Status, string? Message, string Reason)
{
    /// <summary>One of <see cref="RefusalCodes"/>; null on success.</summary>
    public string? Code { get; init; }

    public ResponseData? Data { get; init; }

    /// <summary>The instant that all times in the answer count from; null for the time of writing.</summary>
    public DateTimeOffset? At { get; init; }

    /// <summary>The product that an unproven message claims to come from.</summary>
    public InstanceRow? About { get; init; }

    /// <summary>What a registration came to.</summary>
    public InstanceRow? Registered { get; init; }

    /// <summary>Whose certificate a registration delivers, and so whose signature its answer bears (8.7.2); null for the one that the request named.</summary>
    public SigningKey? Signer { get; init; }

    public static Reply Fail(string code, string message, string reason) => new(DeviceStatus.Failed, message, reason) { Code = code };
}
