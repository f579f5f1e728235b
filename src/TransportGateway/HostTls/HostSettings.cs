using TransportGateway.Persistence;

namespace TransportGateway.HostTls;

/// <summary>The Host Common Name, the additional names and who issues the certificate, as administrators set them.</summary>
internal sealed class HostSettings(DbSession session)
{
    private const string CommonName = "host-name";
    private const string AlternativeNames = "host-alternative-names";
    private const string Issuer = "certificate-issuer";

    private readonly StoredSettings _settings = new(session);

    /// <summary>Null before the first run stored its start options.</summary>
    public async Task<HostIdentity?> FindNamesAsync(CancellationToken cancellationToken) =>
        await _settings.FindAsync(CommonName, cancellationToken) is { } commonName
            ? new HostIdentity(commonName, NameList.Split(await _settings.FindAsync(AlternativeNames, cancellationToken) ?? ""))
            : null;

    public async Task SetNamesAsync(HostIdentity names, string by, DateTimeOffset now, CancellationToken cancellationToken)
    {
        await _settings.SetAsync(CommonName, names.CommonName, by, now, cancellationToken);
        await _settings.SetAsync(AlternativeNames, NameList.Join(names.AlternativeNames), by, now, cancellationToken);
    }

    public async Task<string> FindIssuerAsync(CancellationToken cancellationToken) =>
        await _settings.FindAsync(Issuer, cancellationToken) ?? CertificateIssuer.Own;

    public Task SetIssuerAsync(string issuer, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        _settings.SetAsync(Issuer, issuer, by, now, cancellationToken);
}

/// <summary>Who issues the host certificate.</summary>
internal static class CertificateIssuer
{
    /// <summary>The gateway itself, at once.</summary>
    public const string Own = "own";

    /// <summary>Software Central, at the next synchronisation.</summary>
    public const string Central = "central";
}

/// <summary>Names in one column of text; no host name has a comma.</summary>
internal static class NameList
{
    public static string Join(IEnumerable<string> names) => string.Join(',', names);

    public static IReadOnlyList<string> Split(string names) => names.Split(',', StringSplitOptions.RemoveEmptyEntries);
}

/// <summary>What the start options say; the names count on the first run alone.</summary>
/// <param name="InitialNamesGiven">The common name was given; otherwise it is the machine's name.</param>
/// <param name="DualStack">The listeners for products take IPv4 and IPv6.</param>
internal sealed record HostTlsOptions(HostIdentity InitialNames, bool InitialNamesGiven, bool DualStack);
