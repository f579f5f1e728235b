using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Events;
using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>Installs the host certificate that a signing request was answered with, after it has been verified; it serves a few seconds later, on every node.</summary>
/// <remarks>Works in its caller's transaction: with the rest of a synchronisation, or not at all.</remarks>
internal static class InstallIssuedHostCertificate
{
    /// <param name="Chain">DER, the host certificate first.</param>
    /// <param name="Anchors">The roots that the chain must lead to.</param>
    public sealed record Request(string ChangeId, IReadOnlyList<byte[]> Chain, IReadOnlyList<X509Certificate2> Anchors, string By, DateTimeOffset Now);

    public abstract record Outcome
    {
        public sealed record Installed(DateTimeOffset NotAfter) : Outcome;

        /// <summary>The request is unknown, answered, or superseded by a later change; nothing is to be done.</summary>
        public sealed record NotAwaited : Outcome;

        /// <summary>The certificate will not do; the one before serves on.</summary>
        public sealed record Refused(string Reason) : Outcome;

        private Outcome() { }
    }

    public static async Task<Outcome> ExecuteAsync(DbSession session, Request request, CancellationToken cancellationToken)
    {
        var changes = new HostCertificateChanges(session);
        if (await changes.FindAsync(request.ChangeId, cancellationToken) is not { State: ChangeState.AwaitingIssue } change)
        {
            return new Outcome.NotAwaited();
        }

        var chain = new List<X509Certificate2>();
        try
        {
            chain.AddRange(request.Chain.Select(X509CertificateLoader.LoadCertificate));
            if (chain.Count == 0)
            {
                return new Outcome.Refused("There is no certificate in the answer.");
            }

            var key = CertificateRequest.LoadSigningRequest(
                change.SigningRequest!, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1).PublicKey;
            var commonName = chain[0].GetNameInfo(X509NameType.SimpleName, forIssuer: false);
            var (pem, problem) = ServerCertificate.Verify(
                chain[0], chain[1..], new ServerCertificate.Expectation(key.ExportSubjectPublicKeyInfo(), change.Names.AllNames, request.Anchors, request.Now));
            problem ??= commonName == change.CommonName ? null : $"The certificate's common name is '{commonName}' instead of '{change.CommonName}'.";
            if (problem is not null)
            {
                return new Outcome.Refused(problem);
            }

            var notAfter = new DateTimeOffset(chain[0].NotAfter);
            if (!await changes.InstallAsync(change.Id, pem!, notAfter, request.Now, cancellationToken))
            {
                return new Outcome.NotAwaited();
            }

            await new EventLog(session).AppendAsync(
                new LoggedEvent(
                    EventKinds.HostCertificateInstalled,
                    Severity.Info,
                    request.By,
                    $"The host certificate for {change.Names} that {change.RequestedBy} requested is installed; it is valid until {notAfter.UtcDateTime:yyyy-MM-dd}."),
                request.Now,
                cancellationToken);
            return new Outcome.Installed(notAfter);
        }
        catch (CryptographicException exception)
        {
            return new Outcome.Refused($"The answer is not a certificate chain in DER: {exception.Message}");
        }
        finally
        {
            chain.ForEach(certificate => certificate.Dispose());
        }
    }
}
