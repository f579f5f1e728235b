using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.HostTls;

/// <summary>What a certificate must be before the gateway serves it over TLS.</summary>
internal static class ServerCertificate
{
    private const string ServerAuthOid = "1.3.6.1.5.5.7.3.1";
    private const int LeastRsaBits = 2048;

    // md5WithRSAEncryption, sha1WithRSAEncryption, ecdsa-with-SHA1: clients have stopped to accept them.
    private static readonly string[] WeakSignatures = ["1.2.840.113549.1.1.4", "1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

    /// <param name="PublicKey">SubjectPublicKeyInfo of the key that the gateway holds.</param>
    /// <param name="Names">What the certificate must cover.</param>
    /// <param name="Anchors">The roots that count, or null for those of this machine.</param>
    public sealed record Expectation(byte[] PublicKey, IReadOnlyList<string> Names, IReadOnlyList<X509Certificate2>? Anchors, DateTimeOffset Now);

    /// <summary>The chain to serve in PEM, the certificate first and without the root; or the sentence that says what is wrong.</summary>
    public static (string? Chain, string? Problem) Verify(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> others, Expectation expected)
    {
        try
        {
            return ProblemOfItself(certificate, expected) is { } problem ? (null, problem) : Chain(certificate, others, expected);
        }
        catch (CryptographicException exception)
        {
            // Extensions are read only when they are looked at, so one with a wrong encoding comes to light here.
            return (null, $"The certificate is not well-formed: {exception.Message}");
        }
    }

    public static bool Covers(X509Certificate2 certificate, string name) => certificate.MatchesHostname(name, allowWildcards: true, allowCommonName: false);

    /// <summary>Its subject alternative names, in the spelling of <see cref="HostNames"/>.</summary>
    public static IReadOnlyList<string> NamesOf(X509Certificate2 certificate)
    {
        var names = certificate.Extensions.OfType<X509SubjectAlternativeNameExtension>().FirstOrDefault();
        return names is null
            ? []
            : [.. names.EnumerateDnsNames().Select(name => name.ToLowerInvariant()).Concat(names.EnumerateIPAddresses().Select(address => address.ToString())).Distinct(StringComparer.Ordinal)];
    }

    /// <summary>The certificate with its private key, ready for TLS.</summary>
    public static X509Certificate2 WithKey(X509Certificate2 certificate, ReadOnlySpan<byte> pkcs8)
    {
        if (certificate.GetRSAPublicKey() is { } rsaPublic)
        {
            rsaPublic.Dispose();
            using var rsa = RSA.Create();
            rsa.ImportPkcs8PrivateKey(pkcs8, out _);
            return certificate.CopyWithPrivateKey(rsa);
        }

        using var ecdsa = ECDsa.Create();
        ecdsa.ImportPkcs8PrivateKey(pkcs8, out _);
        return certificate.CopyWithPrivateKey(ecdsa);
    }

    private static string? ProblemOfItself(X509Certificate2 certificate, Expectation expected)
    {
        var (from, to) = (new DateTimeOffset(certificate.NotBefore), new DateTimeOffset(certificate.NotAfter));
        if (!certificate.PublicKey.ExportSubjectPublicKeyInfo().AsSpan().SequenceEqual(expected.PublicKey))
        {
            return "The certificate is for another key than the one that the gateway holds. Give the certificate that was issued for its signing request.";
        }

        if (expected.Now < from)
        {
            return $"The certificate is not valid before {from.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC. Check the clock of this machine, or upload it then.";
        }

        if (expected.Now >= to)
        {
            return $"The certificate ended at {to.UtcDateTime:yyyy-MM-dd HH:mm:ss} UTC. Have a new one issued.";
        }

        if (certificate.Extensions.OfType<X509BasicConstraintsExtension>().Any(constraints => constraints.CertificateAuthority))
        {
            return "The certificate is one of a certificate authority. Give the server's own certificate.";
        }

        var usages = certificate.Extensions.OfType<X509EnhancedKeyUsageExtension>().FirstOrDefault();
        if (usages is null || !usages.EnhancedKeyUsages.Cast<Oid>().Any(usage => usage.Value == ServerAuthOid))
        {
            return "The certificate is not one for TLS servers (extended key usage serverAuth). Have it issued with the profile of a web server.";
        }

        if (certificate.Extensions.OfType<X509KeyUsageExtension>().FirstOrDefault() is { } usage && !usage.KeyUsages.HasFlag(X509KeyUsageFlags.DigitalSignature))
        {
            return "The certificate's key may not sign (key usage digitalSignature), which TLS needs. Have it issued with the profile of a web server.";
        }

        return ProblemOfStrength(certificate) ?? ProblemOfNames(certificate, expected.Names);
    }

    private static string? ProblemOfStrength(X509Certificate2 certificate)
    {
        using var rsa = certificate.GetRSAPublicKey();
        using var ecdsa = certificate.GetECDsaPublicKey();
        return rsa is null && ecdsa is null ? "The certificate's key is neither RSA nor ECDSA. Make one of those."
            : rsa is { KeySize: < LeastRsaBits } ? $"The certificate's key has {rsa.KeySize} bits; {LeastRsaBits} are the least."
            : WeakSignatures.Contains(certificate.SignatureAlgorithm.Value) ? "The certificate is signed with MD5 or SHA-1, which clients refuse. Have it issued with SHA-256."
            : null;
    }

    private static string? ProblemOfNames(X509Certificate2 certificate, IReadOnlyList<string> names)
    {
        if (NamesOf(certificate).Count == 0)
        {
            return "The certificate has no subject alternative name; clients look for names nowhere else. Have it issued with one.";
        }

        var missing = names.Where(name => !Covers(certificate, name)).ToArray();
        return missing.Length == 0 ? null : $"The certificate does not cover {string.Join(", ", missing)}; it is for {string.Join(", ", NamesOf(certificate))}.";
    }

    private static (string? Chain, string? Problem) Chain(X509Certificate2 certificate, IReadOnlyList<X509Certificate2> others, Expectation expected)
    {
        var selfSigned = certificate.SubjectName.RawData.AsSpan().SequenceEqual(certificate.IssuerName.RawData);
        if (selfSigned && expected.Anchors?.Any(anchor => anchor.RawData.AsSpan().SequenceEqual(certificate.RawData)) != true)
        {
            return (null, "The certificate is self-signed, so nobody trusts it. To serve it all the same, give it as its own CA as well.");
        }

        using var chain = new X509Chain();
        var policy = chain.ChainPolicy;
        policy.RevocationMode = X509RevocationMode.NoCheck;
        policy.DisableCertificateDownloads = true;
        policy.VerificationTime = expected.Now.UtcDateTime;
        policy.ApplicationPolicy.Add(new Oid(ServerAuthOid));
        policy.ExtraStore.AddRange(others.ToArray());
        if (expected.Anchors is { } anchors)
        {
            policy.TrustMode = X509ChainTrustMode.CustomRootTrust;
            policy.CustomTrustStore.AddRange(anchors.ToArray());
        }

        var complete = chain.Build(certificate);
        var elements = chain.ChainElements.Select(element => element.Certificate).ToArray();
        try
        {
            return complete
                ? (string.Join('\n', elements.Where((element, place) => place == 0 || !element.SubjectName.RawData.AsSpan().SequenceEqual(element.IssuerName.RawData))
                    .Select(element => element.ExportCertificatePem())) + "\n", null)
                : (null, Describe(chain.ChainStatus, elements[^1]));
        }
        finally
        {
            foreach (var element in elements)
            {
                element.Dispose();
            }
        }
    }

    private static string Describe(X509ChainStatus[] problems, X509Certificate2 last)
    {
        var all = problems.Aggregate(X509ChainStatusFlags.NoError, (sum, problem) => sum | problem.Status);
        return all.HasFlag(X509ChainStatusFlags.PartialChain) ? $"The chain ends at '{last.Subject}': the certificate of its issuer '{last.Issuer}' is missing. Add it behind the certificate, or give it as CA."
            : all.HasFlag(X509ChainStatusFlags.UntrustedRoot) ? $"The chain leads to '{last.Subject}', which is not trusted here. Give that root as CA if it is the right one."
            : $"The chain does not verify: {string.Join("; ", problems.Select(problem => problem.StatusInformation.Trim()))}";
    }
}
