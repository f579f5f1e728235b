using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Protocol;

namespace TransportGateway.HostTls;

/// <summary>Takes a certificate for browsers: with its key, or as the answer to a signing request. It serves only after it has been verified.</summary>
internal sealed class UploadBrowserCertificate(Database database, MasterKey masterKey, HostCertificate served, CertificateExpiry expiry, TimeProvider clock)
{
    /// <param name="Pem">Certificates, the key too where the gateway does not hold it; or null.</param>
    /// <param name="Pfx">The same as PKCS#12; or null.</param>
    /// <param name="Password">Of the key or the PKCS#12 file.</param>
    /// <param name="CaPem">The roots that count; null for those of this machine.</param>
    public sealed record Request(Caller By, string? Pem, byte[]? Pfx, Secret? Password, string? CaPem);

    public abstract record Outcome
    {
        public sealed record Installed(IReadOnlyList<string> Names, DateTimeOffset NotAfter, IReadOnlyList<Sentence> Warnings) : Outcome;

        /// <summary>What serves now serves on.</summary>
        public sealed record Refused(string Reason) : Outcome;

        private Outcome() { }
    }

    public async Task<Outcome> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        if (request.Pem is null == request.Pfx is null)
        {
            return new Outcome.Refused("Give the certificate either as PEM or as PFX.");
        }

        var (file, problem) = request.Pem is not null
            ? CertificateFile.ReadPem(request.Pem, request.Password)
            : CertificateFile.ReadPfx(request.Pfx!, request.Password);
        if (file is null)
        {
            return new Outcome.Refused(problem!);
        }

        using var opened = file;
        IReadOnlyList<X509Certificate2>? anchors = null;
        if (request.CaPem is not null)
        {
            var (ca, wrong) = CertificateFile.ReadPem(request.CaPem, password: null);
            if (ca is null)
            {
                return new Outcome.Refused($"The CA will not do. {wrong}");
            }

            anchors = ca.Certificates;
        }

        return await InstallAsync(request, file, anchors, cancellationToken);
    }

    private async Task<Outcome> InstallAsync(Request request, CertificateFile file, IReadOnlyList<X509Certificate2>? anchors, CancellationToken cancellationToken)
    {
        var now = clock.GetUtcNow();
        IReadOnlyList<BrowserCertificateRow> requests;
        HostIdentity? own;
        await using (var reading = await database.ReadAsync(cancellationToken))
        {
            requests = await new BrowserCertificates(reading).ListRequestsAsync(cancellationToken);
            own = await new HostSettings(reading).FindNamesAsync(cancellationToken);
        }

        var (certificate, answered) = file.Pkcs8 is not null ? (Find(file, CertificateFile.PublicKeyOf(file.Pkcs8)), null) : Answering(file, requests);
        if (certificate is null)
        {
            return new Outcome.Refused(file.Pkcs8 is not null
                ? "The private key belongs to none of the certificates in the file. Give the key that the certificate was issued for."
                : "The certificate answers none of the gateway's signing requests, and there is no private key in the file. Give the key too, or the answer to 'tgctl certificate csr create'.");
        }

        var (chain, problem) = ServerCertificate.Verify(
            certificate,
            [.. file.Certificates.Where(other => !ReferenceEquals(other, certificate))],
            new ServerCertificate.Expectation(certificate.PublicKey.ExportSubjectPublicKeyInfo(), answered is null ? [] : NameList.Split(answered.Names), anchors, now));
        if (problem is not null)
        {
            return new Outcome.Refused(problem);
        }

        var id = Ids.New(now);
        var plain = file.Pkcs8 ?? masterKey.Open(BrowserCertificateRow.KeyPurpose(answered!.Id), answered.SealedKey);
        var row = new BrowserCertificateRow
        {
            Id = id,
            Names = NameList.Join(ServerCertificate.NamesOf(certificate)),
            SealedKey = masterKey.Seal(BrowserCertificateRow.KeyPurpose(id), plain),
            Chain = chain,
            NotAfter = new DateTimeOffset(certificate.NotAfter),
            CreatedBy = request.By.Name,
            CreatedAt = now,
            InstalledAt = now,
        };
        CryptographicOperations.ZeroMemory(plain);
        await using (var session = await database.BeginAsync(cancellationToken))
        {
            await new BrowserCertificates(session).InstallAsync(row, answered?.Id, cancellationToken);
            await new EventLog(session).AppendAsync(
                new LoggedEvent(
                    EventKinds.BrowserCertificateUploaded,
                    Severity.Info,
                    request.By.Name,
                    $"A browser certificate for {row.Names} was uploaded; it is valid until {row.NotAfter.Value.UtcDateTime:yyyy-MM-dd}."),
                now,
                cancellationToken);
            await session.CommitAsync();
        }

        await served.RefreshAsync(CancellationToken.None);
        await expiry.RunAsync(CancellationToken.None);
        return new Outcome.Installed(NameList.Split(row.Names), row.NotAfter.Value, Warnings(own, certificate));
    }

    private static X509Certificate2? Find(CertificateFile file, byte[] publicKey) =>
        file.Certificates.FirstOrDefault(certificate => certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(publicKey));

    private static (X509Certificate2? Certificate, BrowserCertificateRow? Request) Answering(CertificateFile file, IReadOnlyList<BrowserCertificateRow> requests)
    {
        foreach (var request in requests)
        {
            var key = CertificateRequest.LoadSigningRequest(
                request.SigningRequest!, HashAlgorithmName.SHA256, CertificateRequestLoadOptions.Default, RSASignaturePadding.Pkcs1).PublicKey.ExportSubjectPublicKeyInfo();
            if (Find(file, key) is { } certificate)
            {
                return (certificate, request);
            }
        }

        return (null, null);
    }

    private static IReadOnlyList<Sentence> Warnings(HostIdentity? own, X509Certificate2 certificate) =>
        own is null || own.AllNames.Any(name => ServerCertificate.Covers(certificate, name))
            ? []
            : [new Sentence("The certificate covers none of the gateway's own names ({0}); browsers have to dial one of {1}.", own, string.Join(", ", ServerCertificate.NamesOf(certificate)))];
}
