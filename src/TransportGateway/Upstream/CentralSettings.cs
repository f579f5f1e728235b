using System.Security.Cryptography.X509Certificates;
using System.Text.Json;
using TransportGateway.Jobs;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Where Software Central is and how this gateway signs in there. Stored in the database, so both nodes of a cluster have it.</summary>
internal sealed record CentralSettings
{
    private const string Name = "central";
    private const string SecretPurpose = "central-client-secret";
    private const string ProxyPurpose = "central-proxy-password";

    /// <summary>Base address of the exchange and of the public calls; null while synchronisation is by files only.</summary>
    public Uri? Address { get; init; }

    /// <summary>The OAuth token endpoint.</summary>
    public Uri? TokenAddress { get; init; }

    public string ClientId { get; init; } = "";

    public Secret ClientSecret { get; init; } = new("");

    public UpstreamRoute Route { get; init; } = new();

    /// <summary>Roots that documents of the exchange must chain to, PEM.</summary>
    public string ExchangeAnchors { get; init; } = "";

    /// <summary>When accounts without a schedule of their own synchronise.</summary>
    public Schedule Schedule { get; init; } = SynchronizationDeadlines.ProposedSchedule;

    public bool IsOnline => Address is not null;

    public X509Certificate2Collection ReadExchangeAnchors() => UpstreamRoute.ReadPem(ExchangeAnchors);

    public static async Task<CentralSettings> LoadAsync(DbSession session, MasterKey masterKey, CancellationToken cancellationToken)
    {
        if (await new StoredSettings(session).FindAsync(Name, cancellationToken) is not { } text)
        {
            return new CentralSettings();
        }

        var stored = JsonSerializer.Deserialize<Stored>(text)!;
        return new CentralSettings
        {
            Address = stored.Address is null ? null : new Uri(stored.Address),
            TokenAddress = stored.TokenAddress is null ? null : new Uri(stored.TokenAddress),
            ClientId = stored.ClientId,
            ClientSecret = masterKey.OpenText(SecretPurpose, stored.SealedClientSecret),
            Route = new UpstreamRoute
            {
                Proxy = stored.Proxy is null ? null : new Uri(stored.Proxy),
                ProxyUser = stored.ProxyUser,
                ProxyPassword = masterKey.OpenText(ProxyPurpose, stored.SealedProxyPassword),
                TlsAnchors = stored.TlsAnchors,
            },
            ExchangeAnchors = stored.ExchangeAnchors,
            Schedule = Schedule.Parse(stored.Schedule) ?? SynchronizationDeadlines.ProposedSchedule,
        };
    }

    public Task SaveAsync(DbSession session, MasterKey masterKey, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(
            Name,
            JsonSerializer.Serialize(new Stored(
                Address?.AbsoluteUri,
                TokenAddress?.AbsoluteUri,
                ClientId,
                masterKey.SealText(SecretPurpose, ClientSecret),
                Route.Proxy?.AbsoluteUri,
                Route.ProxyUser,
                masterKey.SealText(ProxyPurpose, Route.ProxyPassword),
                ExchangeAnchors,
                Route.TlsAnchors,
                Schedule.ToString())),
            by,
            now,
            cancellationToken);

    /// <summary>What will not do about them, each a sentence; empty when they are right.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        CheckAddress("address", Address, problems);
        CheckAddress("tokenAddress", TokenAddress, problems);
        if (Address is not null && (TokenAddress is null || ClientId.Length == 0 || ClientSecret.Value.Length == 0))
        {
            problems.Add("address: with it, tokenAddress, clientId and clientSecret are needed, too.");
        }

        Route.Check(problems);
        UpstreamRoute.CheckAnchors("exchangeAnchors", ExchangeAnchors, problems);
        if (Address is not null && ExchangeAnchors.Trim().Length == 0)
        {
            problems.Add("exchangeAnchors: the root certificate that Software Central's documents must chain to is needed, as PEM.");
        }

        return problems;
    }

    private static void CheckAddress(string key, Uri? address, List<string> problems)
    {
        if (address is not null && (address.Scheme != Uri.UriSchemeHttps || address.UserInfo.Length > 0 || address.Query.Length > 0))
        {
            problems.Add($"{key}: an https URL without user, password and query is needed, as in https://swapi.cisco.com.");
        }
    }

    private sealed record Stored(
        string? Address,
        string? TokenAddress,
        string ClientId,
        string SealedClientSecret,
        string? Proxy,
        string ProxyUser,
        string SealedProxyPassword,
        string ExchangeAnchors,
        string TlsAnchors,
        string Schedule);
}
