using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Authority;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Takes a change of the host certificate from state to state: requested, awaiting issue, installed.</summary>
/// <remarks>
/// Each step is stored before the next begins, and begins from what is stored: whoever finds a change under way, after a restart
/// or on the other node of a cluster, goes on with it. Where Software Central issues, the change waits for a synchronisation.
/// </remarks>
internal sealed class IssueHostCertificate(Database database, MasterKey masterKey, CertificateAuthority authority, TimeProvider clock)
{
    public static readonly TimeSpan Lifetime = TimeSpan.FromDays(365);

    /// <summary>False while those that issue are not valid yet themselves: what they issue would be refused.</summary>
    public bool CanIssueAt(DateTimeOffset now) => new[] { authority.Root, authority.SubCa }.All(issuer => new DateTimeOffset(issuer.NotBefore) <= now);

    public async Task AdvanceAsync(CancellationToken cancellationToken)
    {
        while (await UnderWayAsync(cancellationToken) is { } change)
        {
            switch (change)
            {
                case { State: ChangeState.Requested }:
                    await MakeKeyAsync(change, cancellationToken);
                    break;
                case { State: ChangeState.AwaitingIssue, Issuer: CertificateIssuer.Own }:
                    await IssueAsync(change, cancellationToken);
                    break;
                default:
                    return;
            }
        }
    }

    private async Task<HostCertificateChange?> UnderWayAsync(CancellationToken cancellationToken)
    {
        await using var session = await database.ReadAsync(cancellationToken);
        return await new HostCertificateChanges(session).FindUnderWayAsync(cancellationToken);
    }

    /// <summary>Requested becomes awaiting issue: the key is made here and never leaves, the signing request says what it is for.</summary>
    private async Task MakeKeyAsync(HostCertificateChange change, CancellationToken cancellationToken)
    {
        using var key = await authority.NextKeyAsync();
        var plain = key.ExportPkcs8PrivateKey();
        var sealedKey = masterKey.Seal(HostCertificateChange.KeyPurpose(change.Id), plain);
        CryptographicOperations.ZeroMemory(plain);
        await using var session = await database.BeginAsync(cancellationToken);
        await new HostCertificateChanges(session).KeyMadeAsync(change.Id, sealedKey, SigningRequests.For(change.Names.AllNames, key), cancellationToken);
        await session.CommitAsync();
    }

    private async Task IssueAsync(HostCertificateChange change, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        var key = CertificateRequest.LoadSigningRequest(
            change.SigningRequest!, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1).PublicKey;
        var chain = authority.IssueHostCertificate(key, change.CommonName, change.Names.AllNames, Lifetime, now);
        await using var session = await database.BeginAsync(cancellationToken);
        var outcome = await InstallIssuedHostCertificate.ExecuteAsync(
            session, new InstallIssuedHostCertificate.Request(change.Id, chain, [authority.Root], "gateway", now), cancellationToken);
        if (outcome is InstallIssuedHostCertificate.Outcome.Refused refused)
        {
            throw new InvalidOperationException($"The host certificate that the gateway issued itself will not do. {refused.Reason}");
        }

        await session.CommitAsync();
    }
}
