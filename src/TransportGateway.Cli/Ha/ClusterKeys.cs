using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

using TransportGateway.Protocol.Cluster;

namespace TransportGateway.Cli.Ha;

/// <summary>Keys and certificates that the two nodes know each other by; made for one cluster, on the primary node.</summary>
internal static class ClusterKeys
{
    /// <summary>The role that replicates, and so the common name of its client certificate.</summary>
    public const string ReplicationRole = "replication";

    public const string Authority = "ca.pem";
    public const string ReplicationCertificate = "replication.pem";
    public const string ReplicationKey = "replication.key";
    public const string Corosync = "corosync.authkey";
    public const string Fencing = "fencing.json";

    private const string AuthorityKey = "ca.key";
    private const string SecretFile = "one-time-secret";

    // What corosync-keygen makes.
    private const int CorosyncKeyBytes = 256;
    private const int SecretBytes = 20;
    private const int ValidYears = 20;
    private static readonly TimeSpan SecretLife = TimeSpan.FromHours(24);

    public static string CertificateOf(string node) => node + ".pem";

    public static string KeyOf(string node) => node + ".key";

    public static bool Exist => File.Exists(Of(Authority));

    public static string Of(string file) => Path.Combine(HaPaths.Keys, file);

    public static byte[] Read(string file) => File.ReadAllBytes(Of(file));

    /// <summary>The files that a node needs; what only the other one needs, and the authority's key, stay where they are.</summary>
    public static IReadOnlyList<string> FilesFor(string node) =>
        [Authority, CertificateOf(node), KeyOf(node), ReplicationCertificate, ReplicationKey, Corosync];

    public static async Task MakeAsync(TimeProvider clock, CancellationToken cancellationToken)
    {
        await Machine.FolderAsync(HaPaths.Keys, "root:root", UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute, cancellationToken);
        var from = clock.GetUtcNow().AddDays(-1);
        using var authorityKey = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=Transport gateway cluster", authorityKey, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, true, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.KeyCertSign | X509KeyUsageFlags.CrlSign, true));
        request.CertificateExtensions.Add(new X509SubjectKeyIdentifierExtension(request.PublicKey, false));
        using var authority = request.CreateSelfSigned(from, from.AddYears(ValidYears));

        foreach (var (name, certificate, key) in new[]
        {
            (ClusterPlan.PrimaryNode, CertificateOf(ClusterPlan.PrimaryNode), KeyOf(ClusterPlan.PrimaryNode)),
            (ClusterPlan.SecondaryNode, CertificateOf(ClusterPlan.SecondaryNode), KeyOf(ClusterPlan.SecondaryNode)),
            (ReplicationRole, ReplicationCertificate, ReplicationKey),
        })
        {
            await IssueAsync(authority, name, certificate, key, from, cancellationToken);
        }

        await Machine.WriteSecretAsync(Of(Corosync), RandomNumberGenerator.GetBytes(CorosyncKeyBytes), "root:root", cancellationToken);
        await WriteTextAsync(AuthorityKey, authorityKey.ExportPkcs8PrivateKeyPem(), cancellationToken);
        // Last: its presence says that everything is there.
        await WriteTextAsync(Authority, authority.ExportCertificatePem(), cancellationToken);
    }

    /// <summary>Makes a secret for the first meeting of the nodes; an earlier one counts no more.</summary>
    public static async Task<string> RenewSecretAsync(CancellationToken cancellationToken)
    {
        const string Letters = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
        // 32 letters and digits that cannot be mistaken for each other: 5 bits each.
        var secret = string.Join('-', Enumerable.Range(0, 8).Select(_ => RandomNumberGenerator.GetString(Letters, SecretBytes * 8 / 5 / 8)));
        await WriteTextAsync(SecretFile, secret, cancellationToken);
        return secret;
    }

    /// <exception cref="TgctlException">There is none any more.</exception>
    public static string ReadSecret(TimeProvider clock)
    {
        var path = Of(SecretFile);
        return File.Exists(path) && clock.GetUtcNow() - new DateTimeOffset(File.GetLastWriteTimeUtc(path)) < SecretLife
            ? File.ReadAllText(path).Trim()
            : throw new TgctlException("The one-time secret was used up or is older than 24 hours. Run ha_generatekeys again: it makes a new one and keeps the keys.");
    }

    public static void ForgetSecret() => File.Delete(Of(SecretFile));

    private static async Task IssueAsync(X509Certificate2 authority, string name, string certificateFile, string keyFile, DateTimeOffset from, CancellationToken cancellationToken)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(false, false, 0, true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, true));
        // serverAuth and clientAuth
        request.CertificateExtensions.Add(new X509EnhancedKeyUsageExtension([new Oid("1.3.6.1.5.5.7.3.1"), new Oid("1.3.6.1.5.5.7.3.2")], false));
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(name);
        request.CertificateExtensions.Add(names.Build());
        using var certificate = request.Create(authority, from, from.AddYears(ValidYears).AddDays(-1), RandomNumberGenerator.GetBytes(16));
        await WriteTextAsync(keyFile, key.ExportPkcs8PrivateKeyPem(), cancellationToken);
        await WriteTextAsync(certificateFile, certificate.ExportCertificatePem(), cancellationToken);
    }

    private static Task WriteTextAsync(string file, string text, CancellationToken cancellationToken) =>
        Machine.WriteSecretAsync(Of(file), System.Text.Encoding.UTF8.GetBytes(text + "\n"), "root:root", cancellationToken);
}
