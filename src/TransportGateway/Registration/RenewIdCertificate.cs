using System.Security.Cryptography.X509Certificates;
using TransportGateway.Authority;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.Registration;

/// <summary>Gives a registered product instance its next ID certificate; the one it has counts until the next is first used (8.7.18).</summary>
internal sealed class RenewIdCertificate(CertificateAuthority authority)
{
    /// <param name="Key">The key of the certificate that signed the request, or a new one from its signing request.</param>
    public sealed record Request(InstanceRow Instance, PublicKey Key, IReadOnlyList<string> Udis, DateTimeOffset Now);

    public IssuedIdCertificate Prepare(Request request) =>
        authority.IssueIdCertificate(request.Key, request.Instance.Id, request.Instance.UdiPid ?? "Product Instance", request.Udis, request.Now);

    public static async Task ExecuteAsync(DbSession session, Request request, IssuedIdCertificate issued, CancellationToken cancellationToken)
    {
        var certificates = new IdCertificates(session);
        await certificates.DropUnusedAsync(request.Instance.Id, cancellationToken);
        await certificates.AddAsync(
            new IdCertificateRow
            {
                Serial = issued.Serial,
                InstanceId = request.Instance.Id,
                State = IdCertificateState.Issued,
                PublicKey = request.Key.ExportSubjectPublicKeyInfo(),
                NotBefore = issued.ValidFrom,
                NotAfter = issued.ValidTo,
            },
            request.Now,
            cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(
                EventKinds.CertificateRenewed,
                Severity.Info,
                request.Instance.DisplayName,
                $"{request.Instance.DisplayName} was given a new ID certificate, valid until {issued.ValidTo:yyyy-MM-dd}.",
                request.Instance.AccountId,
                request.Instance.Id)
            { VirtualAccountId = request.Instance.VirtualAccountId },
            request.Now,
            cancellationToken);
    }
}
