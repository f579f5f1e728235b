using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.SignOn;

/// <summary>Says which OpenID Connect provider signs people in, and what its groups may do.</summary>
internal sealed class ChangeProvider(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <summary>What is null stays as it is; an empty text takes a value away.</summary>
    public sealed record Request(
        Caller By,
        string? Issuer = null,
        string? ClientId = null,
        Secret? ClientSecret = null,
        string? Scopes = null,
        string? NameClaim = null,
        string? GroupsClaim = null,
        string? Label = null,
        string? Proxy = null,
        string? ProxyUser = null,
        Secret? ProxyPassword = null,
        string? TlsAnchors = null,
        IReadOnlyList<GroupRole>? Groups = null);

    /// <returns>The settings, and what is wrong with them, each a sentence; nothing changed when there is something.</returns>
    public async Task<(ProviderSettings Settings, IReadOnlyList<string> Problems)> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        await using var session = await database.BeginAsync(cancellationToken);
        var before = await ProviderSettings.LoadAsync(session, masterKey, cancellationToken);
        var after = before with
        {
            Issuer = UpstreamRoute.ReadAddress("issuer", request.Issuer, before.Issuer, problems),
            ClientId = request.ClientId ?? before.ClientId,
            ClientSecret = request.ClientSecret ?? before.ClientSecret,
            Scopes = request.Scopes ?? before.Scopes,
            NameClaim = request.NameClaim ?? before.NameClaim,
            GroupsClaim = request.GroupsClaim ?? before.GroupsClaim,
            Label = request.Label ?? before.Label,
            Route = before.Route.With(request.Proxy, request.ProxyUser, request.ProxyPassword, request.TlsAnchors, problems),
            Groups = request.Groups ?? before.Groups,
        };
        // A secret is for the place that it was given for: whoever may change the issuer must not learn it that way.
        if (after.Issuer?.Host != before.Issuer?.Host && request.ClientSecret is null && before.ClientSecret.Value.Length > 0)
        {
            problems.Add("clientSecret: give it again with another issuer.");
        }

        problems.AddRange(after.Problems());
        // Whoever says where people come from decides who gets these roles, even without touching them.
        if (problems.Count == 0 && !GroupRole.AreHeld(request.By, before.Groups.Concat(after.Groups)))
        {
            problems.Add(GroupRole.NotHeld);
        }

        if (problems.Count > 0)
        {
            return (after, problems);
        }

        var now = clock.GetUtcNow();
        await after.SaveAsync(session, masterKey, request.By.Name, now, cancellationToken);
        var isTheSameToPeople = after == before with { ClientSecret = after.ClientSecret, Label = after.Label, Route = after.Route };
        var ended = isTheSameToPeople ? "" : await AdmitPerson.EndAllAsync(session, UserOrigin.OpenId, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.ProviderChanged, Severity.Info, request.By.Name, $"The identity provider was set to {after.Issuer?.OriginalString ?? "none"}; {after.Groups.Count} group(s) have a role.{ended}"),
            now,
            cancellationToken);
        await session.CommitAsync();
        return (after, []);
    }
}
