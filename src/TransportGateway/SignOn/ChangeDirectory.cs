using TransportGateway.Access;
using TransportGateway.Events;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.SignOn;

/// <summary>Says where the directory is and what its groups may do.</summary>
internal sealed class ChangeDirectory(Database database, MasterKey masterKey, TimeProvider clock)
{
    /// <summary>What is null stays as it is; an empty text takes a value away.</summary>
    public sealed record Request(
        Caller By,
        string? Address = null,
        string? TlsAnchors = null,
        string? BindName = null,
        Secret? BindPassword = null,
        string? UserBase = null,
        string? UserFilter = null,
        string? NameAttribute = null,
        string? IdAttribute = null,
        string? GroupBase = null,
        string? GroupFilter = null,
        IReadOnlyList<GroupRole>? Groups = null);

    /// <returns>The settings, and what is wrong with them, each a sentence; nothing changed when there is something.</returns>
    public async Task<(DirectorySettings Settings, IReadOnlyList<string> Problems)> ExecuteAsync(Request request, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        await using var session = await database.BeginAsync(cancellationToken);
        var before = await DirectorySettings.LoadAsync(session, masterKey, cancellationToken);
        var after = before with
        {
            Address = UpstreamRoute.ReadAddress("address", request.Address, before.Address, problems),
            TlsAnchors = request.TlsAnchors ?? before.TlsAnchors,
            BindName = request.BindName ?? before.BindName,
            BindPassword = request.BindPassword ?? before.BindPassword,
            UserBase = request.UserBase ?? before.UserBase,
            UserFilter = request.UserFilter ?? before.UserFilter,
            NameAttribute = request.NameAttribute ?? before.NameAttribute,
            IdAttribute = request.IdAttribute ?? before.IdAttribute,
            GroupBase = request.GroupBase ?? before.GroupBase,
            GroupFilter = request.GroupFilter ?? before.GroupFilter,
            Groups = request.Groups ?? before.Groups,
        };
        // A password is for the place that it was given for: whoever may change the address must not learn it that way.
        if (after.Address?.Host != before.Address?.Host && request.BindPassword is null && before.BindPassword.Value.Length > 0)
        {
            problems.Add("bindPassword: give it again with another address.");
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
        var isTheSameToPeople = after == before with { TlsAnchors = after.TlsAnchors, BindName = after.BindName, BindPassword = after.BindPassword };
        var ended = isTheSameToPeople ? "" : await AdmitPerson.EndAllAsync(session, UserOrigin.Ldap, cancellationToken);
        await new EventLog(session).AppendAsync(
            new LoggedEvent(EventKinds.DirectoryChanged, Severity.Info, request.By.Name, $"The directory was set to {after.Address?.AbsoluteUri ?? "none"}; {after.Groups.Count} group(s) have a role.{ended}"),
            now,
            cancellationToken);
        await session.CommitAsync();
        return (after, []);
    }
}
