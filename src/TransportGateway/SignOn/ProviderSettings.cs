using System.Text.Json;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.SignOn;

/// <summary>An OpenID Connect provider that signs people in. Stored in the database, so both nodes of a cluster have it.</summary>
internal sealed record ProviderSettings
{
    private const string Name = "identity-provider";
    private const string SecretPurpose = "identity-provider-client-secret";
    private const string ProxyPurpose = "identity-provider-proxy-password";

    /// <summary>The issuer, exactly as its tokens say it; null while there is none.</summary>
    public Uri? Issuer { get; init; }

    public string ClientId { get; init; } = "";

    public Secret ClientSecret { get; init; } = new("");

    /// <summary>What is asked for, separated by spaces.</summary>
    public string Scopes { get; init; } = "openid profile email";

    /// <summary>The claim that becomes the user name.</summary>
    public string NameClaim { get; init; } = "preferred_username";

    public string GroupsClaim { get; init; } = "groups";

    /// <summary>What the button on the sign-in page says.</summary>
    public string Label { get; init; } = "Single sign-on";

    public UpstreamRoute Route { get; init; } = new();

    public IReadOnlyList<GroupRole> Groups { get; init; } = [];

    public static async Task<ProviderSettings> LoadAsync(DbSession session, MasterKey masterKey, CancellationToken cancellationToken)
    {
        if (await new StoredSettings(session).FindAsync(Name, cancellationToken) is not { } text)
        {
            return new ProviderSettings();
        }

        var stored = JsonSerializer.Deserialize<Stored>(text)!;
        return new ProviderSettings
        {
            Issuer = stored.Issuer is null ? null : new Uri(stored.Issuer),
            ClientId = stored.ClientId,
            ClientSecret = masterKey.OpenText(SecretPurpose, stored.SealedClientSecret),
            Scopes = stored.Scopes,
            NameClaim = stored.NameClaim,
            GroupsClaim = stored.GroupsClaim,
            Label = stored.Label,
            Route = new UpstreamRoute
            {
                Proxy = stored.Proxy is null ? null : new Uri(stored.Proxy),
                ProxyUser = stored.ProxyUser,
                ProxyPassword = masterKey.OpenText(ProxyPurpose, stored.SealedProxyPassword),
                TlsAnchors = stored.TlsAnchors,
            },
            Groups = stored.Groups,
        };
    }

    public Task SaveAsync(DbSession session, MasterKey masterKey, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(
            Name,
            JsonSerializer.Serialize(new Stored(
                Issuer?.OriginalString,
                ClientId,
                masterKey.SealText(SecretPurpose, ClientSecret),
                Scopes,
                NameClaim,
                GroupsClaim,
                Label,
                Route.Proxy?.AbsoluteUri,
                Route.ProxyUser,
                masterKey.SealText(ProxyPurpose, Route.ProxyPassword),
                Route.TlsAnchors,
                [.. Groups])),
            by,
            now,
            cancellationToken);

    /// <summary>What will not do about them, each a sentence; empty when they are right.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (Issuer is { } issuer && (issuer.Scheme != Uri.UriSchemeHttps || issuer.UserInfo.Length > 0 || issuer.Query.Length > 0 || issuer.Fragment.Length > 0))
        {
            problems.Add("issuer: an https URL without user, password and query is needed, exactly as the provider writes it.");
        }

        if (Issuer is not null && (ClientId.Length == 0 || ClientSecret.Value.Length == 0))
        {
            problems.Add("clientId and clientSecret: register this gateway at the provider and give what it gave.");
        }

        if (!Scopes.Split(' ').Contains("openid"))
        {
            problems.Add("scopes: openid has to be among them.");
        }

        if (NameClaim.Length == 0 || GroupsClaim.Length == 0)
        {
            problems.Add("nameClaim and groupsClaim: both are needed.");
        }

        if (Label.Length is 0 or > 60 || Label.Any(char.IsControl))
        {
            problems.Add("label: 1 to 60 characters.");
        }

        Route.Check(problems);
        GroupRole.Check(Groups, problems);
        if (Issuer is not null && Groups.Count == 0)
        {
            problems.Add("groups: say what the members of at least one group may do; nobody could sign in otherwise.");
        }

        return problems;
    }

    private sealed record Stored(
        string? Issuer,
        string ClientId,
        string SealedClientSecret,
        string Scopes,
        string NameClaim,
        string GroupsClaim,
        string Label,
        string? Proxy,
        string ProxyUser,
        string SealedProxyPassword,
        string TlsAnchors,
        GroupRole[] Groups);
}
