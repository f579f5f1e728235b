using System.Text.Json;
using TransportGateway.Persistence;

namespace TransportGateway.Upstream;

/// <summary>Where messages go that were not issued here. Stored in the database, so both nodes of a cluster have it.</summary>
internal sealed record RelaySettings
{
    private const string Name = "relay";
    private const string ProxyPurpose = "relay-proxy-password";

    /// <summary>Off until an administrator sets an upstream.</summary>
    public bool Enabled { get; init; }

    /// <summary>Where messages that came over Call Home go; null refuses foreign ones of that path.</summary>
    public Uri? CallHome { get; init; }

    /// <summary>Where messages that came over Smart Transport go; null refuses foreign ones of that path.</summary>
    public Uri? SmartTransport { get; init; }

    public UpstreamRoute Route { get; init; } = new();

    /// <summary>The local account that relayed products are filed under when none stands for the virtual account that the upstream names.</summary>
    public string AccountId { get; init; } = "";

    /// <summary>For the whole of a relayed message: its wait in line, the connection, the answer.</summary>
    public int TimeoutSeconds { get; init; } = 30;

    /// <summary>How long the upstream may be away before an alert says so.</summary>
    public int AlertMinutes { get; init; } = 5;

    public Uri? AddressFor(RelayPath path) => path == RelayPath.CallHome ? CallHome : SmartTransport;

    public static async Task<RelaySettings> LoadAsync(DbSession session, MasterKey masterKey, CancellationToken cancellationToken)
    {
        if (await new StoredSettings(session).FindAsync(Name, cancellationToken) is not { } text)
        {
            return new RelaySettings();
        }

        var stored = JsonSerializer.Deserialize<Stored>(text)!;
        return new RelaySettings
        {
            Enabled = stored.Enabled,
            CallHome = Address(stored.CallHome),
            SmartTransport = Address(stored.SmartTransport),
            Route = new UpstreamRoute
            {
                Proxy = Address(stored.Proxy),
                ProxyUser = stored.ProxyUser,
                ProxyPassword = masterKey.OpenText(ProxyPurpose, stored.SealedProxyPassword),
                TlsAnchors = stored.TlsAnchors,
            },
            AccountId = stored.AccountId,
            TimeoutSeconds = stored.TimeoutSeconds,
            AlertMinutes = stored.AlertMinutes,
        };
    }

    public Task SaveAsync(DbSession session, MasterKey masterKey, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(
            Name,
            JsonSerializer.Serialize(new Stored(
                Enabled,
                CallHome?.AbsoluteUri,
                SmartTransport?.AbsoluteUri,
                Route.Proxy?.AbsoluteUri,
                Route.ProxyUser,
                masterKey.SealText(ProxyPurpose, Route.ProxyPassword),
                Route.TlsAnchors,
                AccountId,
                TimeoutSeconds,
                AlertMinutes)),
            by,
            now,
            cancellationToken);

    /// <summary>What will not do about them, each a sentence; empty when they are right.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (Enabled && CallHome is null && SmartTransport is null)
        {
            problems.Add("enabled: the relay has no upstream. Give callHome, smartTransport, or both.");
        }

        if (Enabled && AccountId.Length == 0)
        {
            problems.Add("account: the name of the local account is needed that relayed products are filed under.");
        }

        CheckAddress("callHome", CallHome, "https://tools.cisco.com/its/service/oddce/services/DDCEService", problems);
        CheckAddress("smartTransport", SmartTransport, "https://smartreceiver.cisco.com/licservice/license", problems);
        Route.Check(problems);
        CheckRange("timeoutSeconds", TimeoutSeconds, 1, 300, problems);
        CheckRange("alertMinutes", AlertMinutes, 1, 1440, problems);
        return problems;
    }

    private static void CheckAddress(string key, Uri? address, string example, List<string> problems)
    {
        if (address is not null
            && (address.Scheme != Uri.UriSchemeHttps || address.UserInfo.Length > 0 || address.Query.Length > 0 || address.Fragment.Length > 0 || address.AbsolutePath == "/"))
        {
            problems.Add($"{key}: an https URL with a path and without user, password and query is needed, as in {example}");
        }
    }

    private static void CheckRange(string key, int value, int least, int most, List<string> problems)
    {
        if (value < least || value > most)
        {
            problems.Add($"{key}: it is {value}; it must be {least} to {most}.");
        }
    }

    private static Uri? Address(string? stored) => stored is null ? null : new Uri(stored);

    private sealed record Stored(
        bool Enabled,
        string? CallHome,
        string? SmartTransport,
        string? Proxy,
        string ProxyUser,
        string SealedProxyPassword,
        string TlsAnchors,
        string AccountId,
        int TimeoutSeconds,
        int AlertMinutes);
}

/// <summary>The paths that products send to; each has an upstream of its own.</summary>
internal enum RelayPath
{
    CallHome,
    SmartTransport,
}
