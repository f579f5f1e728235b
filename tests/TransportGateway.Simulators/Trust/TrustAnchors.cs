using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace TransportGateway.Simulators;

/// <summary>The root certificates a product believes in; nothing that the machine it runs on trusts counts.</summary>
public sealed class TrustAnchors
{
    /// <summary>By how much a product's clock may lie outside the validity of a certificate, as real agents allow.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromHours(1);

    private readonly X509Certificate2[] roots;
    private readonly ConcurrentDictionary<string, Lazy<string?>> verdicts = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, X509Certificate2> certificates = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, string> texts = new(StringComparer.Ordinal);

    public TrustAnchors(params X509Certificate2[] roots)
    {
        if (roots.Length == 0)
        {
            throw new ArgumentException("A product without a trust anchor can verify nothing; give at least one root certificate.", nameof(roots));
        }

        this.roots = roots;
    }

    public IReadOnlyList<X509Certificate2> Roots => roots;

    /// <summary>All certificates of a PEM text.</summary>
    public static TrustAnchors FromPem(string pem)
    {
        var collection = new X509Certificate2Collection();
        collection.ImportFromPem(pem);
        return new TrustAnchors([.. collection]);
    }

    /// <summary>Host certificates are judged by the system's clock, whatever clock the product lives on.</summary>
    internal X509ChainPolicy CreateTlsPolicy()
    {
        var policy = CreatePolicy();
        policy.VerificationTimeIgnored = true;
        return policy;
    }

    /// <summary>
    /// Null when the certificate chains to one of these roots through the intermediate, if there is one, at that time; otherwise why not.
    /// </summary>
    internal string? WhyNotTrusted(X509Certificate2 certificate, X509Certificate2? intermediate, DateTimeOffset at)
    {
        using var chain = new X509Chain { ChainPolicy = CreatePolicy() };
        chain.ChainPolicy.VerificationTime = WithGrace(certificate, at);
        chain.ChainPolicy.VerificationTimeIgnored = false;
        if (intermediate is not null)
        {
            chain.ChainPolicy.ExtraStore.Add(intermediate);
        }

        try
        {
            if (!chain.Build(certificate))
            {
                return string.Join(", ", chain.ChainStatus.Select(status => status.StatusInformation.Trim()).Distinct(StringComparer.Ordinal));
            }

            return intermediate is null || chain.ChainElements[1].Certificate.RawDataMemory.Span.SequenceEqual(intermediate.RawDataMemory.Span)
                ? null
                : "it was not issued by the sub CA of the answer";
        }
        finally
        {
            foreach (var element in chain.ChainElements)
            {
                element.Certificate.Dispose();
            }
        }
    }

    /// <summary>
    /// The same question for the few certificates that a thousand products share (sub CA, signing certificate): the path is
    /// walked once, the validity period is compared every time.
    /// </summary>
    internal string? WhySharedNotTrusted(X509Certificate2 certificate, X509Certificate2? intermediate, DateTimeOffset at)
    {
        var time = WithGrace(certificate, at);
        if (time < certificate.NotBefore.ToUniversalTime() || time > certificate.NotAfter.ToUniversalTime())
        {
            return $"it is valid from {certificate.NotBefore.ToUniversalTime():u} to {certificate.NotAfter.ToUniversalTime():u} and it is {at:u}";
        }

        var key = Fingerprint(certificate) + (intermediate is null ? "" : Fingerprint(intermediate));
        return verdicts.GetOrAdd(key, _ => new Lazy<string?>(() => WhyNotTrusted(certificate, intermediate, at))).Value;
    }

    /// <summary>Reads a certificate that many products hold only once.</summary>
    internal X509Certificate2 ReadShared(string pem) => certificates.GetOrAdd(pem, static text => X509Certificate2.CreateFromPem(text));

    /// <summary>The one copy of a text that many products hold.</summary>
    internal string Canonical(string pem) => texts.GetOrAdd(pem, pem);

    private static DateTime WithGrace(X509Certificate2 certificate, DateTimeOffset at)
    {
        var time = at.UtcDateTime;
        var (from, until) = (certificate.NotBefore.ToUniversalTime(), certificate.NotAfter.ToUniversalTime());
        return time < from && from - time < Grace ? from : time > until && time - until < Grace ? until : time;
    }

    private static string Fingerprint(X509Certificate2 certificate) => certificate.GetCertHashString(HashAlgorithmName.SHA256);

    private X509ChainPolicy CreatePolicy()
    {
        var policy = new X509ChainPolicy
        {
            TrustMode = X509ChainTrustMode.CustomRootTrust,
            // These roots publish no revocation list; a gateway that withdraws an identity says so in its answer.
            RevocationMode = X509RevocationMode.NoCheck,
            DisableCertificateDownloads = true,
        };
        policy.CustomTrustStore.AddRange(roots);
        return policy;
    }
}
