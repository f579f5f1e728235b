using System.Text.Json;
using TransportGateway.Persistence;
using TransportGateway.Upstream;

namespace TransportGateway.SignOn;

/// <summary>An LDAP directory whose people may sign in here. Stored in the database, so both nodes of a cluster have it.</summary>
internal sealed record DirectorySettings
{
    private const string Name = "directory";
    private const string PasswordPurpose = "directory-bind-password";

    /// <summary><c>ldaps://HOST[:636]</c>, or <c>ldap://HOST[:389]</c>, which goes on with StartTLS before anything is said; null while there is none.</summary>
    public Uri? Address { get; init; }

    /// <summary>Roots that the directory's certificate must chain to, PEM; those of the machine when empty.</summary>
    public string TlsAnchors { get; init; } = "";

    /// <summary>Whose rights the search has; empty for an anonymous one.</summary>
    public string BindName { get; init; } = "";

    public Secret BindPassword { get; init; } = new("");

    public string UserBase { get; init; } = "";

    /// <summary>Finds one person; <c>{0}</c> stands for the name that was typed.</summary>
    public string UserFilter { get; init; } = "(uid={0})";

    /// <summary><c>sAMAccountName</c> for Active Directory.</summary>
    public string NameAttribute { get; init; } = "uid";

    /// <summary>What a person is called for good; <c>objectGUID</c> for Active Directory.</summary>
    public string IdAttribute { get; init; } = "entryUUID";

    public string GroupBase { get; init; } = "";

    /// <summary>Finds the groups of one person; <c>{0}</c> stands for the person's distinguished name.</summary>
    public string GroupFilter { get; init; } = "(|(member={0})(uniqueMember={0}))";

    public IReadOnlyList<GroupRole> Groups { get; init; } = [];

    public static async Task<DirectorySettings> LoadAsync(DbSession session, MasterKey masterKey, CancellationToken cancellationToken)
    {
        if (await new StoredSettings(session).FindAsync(Name, cancellationToken) is not { } text)
        {
            return new DirectorySettings();
        }

        var stored = JsonSerializer.Deserialize<Stored>(text)!;
        return new DirectorySettings
        {
            Address = stored.Address is null ? null : new Uri(stored.Address),
            TlsAnchors = stored.TlsAnchors,
            BindName = stored.BindName,
            BindPassword = masterKey.OpenText(PasswordPurpose, stored.SealedBindPassword),
            UserBase = stored.UserBase,
            UserFilter = stored.UserFilter,
            NameAttribute = stored.NameAttribute,
            IdAttribute = stored.IdAttribute,
            GroupBase = stored.GroupBase,
            GroupFilter = stored.GroupFilter,
            Groups = stored.Groups,
        };
    }

    public Task SaveAsync(DbSession session, MasterKey masterKey, string by, DateTimeOffset now, CancellationToken cancellationToken) =>
        new StoredSettings(session).SetAsync(
            Name,
            JsonSerializer.Serialize(new Stored(
                Address?.AbsoluteUri,
                TlsAnchors,
                BindName,
                masterKey.SealText(PasswordPurpose, BindPassword),
                UserBase,
                UserFilter,
                NameAttribute,
                IdAttribute,
                GroupBase,
                GroupFilter,
                [.. Groups])),
            by,
            now,
            cancellationToken);

    /// <summary>What will not do about them, each a sentence; empty when they are right.</summary>
    public IReadOnlyList<string> Problems()
    {
        var problems = new List<string>();
        if (Address is { } address && (address.Scheme is not ("ldaps" or "ldap") || address.UserInfo.Length > 0 || address.PathAndQuery.Length > 1))
        {
            problems.Add("address: ldaps://HOST or ldap://HOST is needed, with a port where it is not the usual one. With ldap:// the gateway goes on with StartTLS.");
        }

        UpstreamRoute.CheckAnchors("tlsAnchors", TlsAnchors, problems);
        if (BindName.Length > 0 && BindPassword.Value.Length == 0)
        {
            problems.Add("bindPassword: it is needed with bindName; without both the search is anonymous.");
        }

        if (Address is not null && UserBase.Length == 0)
        {
            problems.Add("userBase: the distinguished name below which people are is needed, as in ou=people,dc=example,dc=com.");
        }

        CheckFilter("userFilter", UserFilter, problems);
        CheckFilter("groupFilter", GroupFilter, problems);
        CheckAttribute("nameAttribute", NameAttribute, problems);
        CheckAttribute("idAttribute", IdAttribute, problems);
        GroupRole.Check(Groups, problems);
        if (Address is not null && Groups.Count == 0)
        {
            problems.Add("groups: say what the members of at least one group may do; nobody could sign in otherwise.");
        }

        return problems;
    }

    private static void CheckFilter(string key, string filter, List<string> problems)
    {
        if (!filter.StartsWith('(') || !filter.EndsWith(')') || !filter.Contains("{0}", StringComparison.Ordinal))
        {
            problems.Add($"{key}: an LDAP filter in parentheses with {{0}} in it is needed, as in (uid={{0}}).");
        }
    }

    private static void CheckAttribute(string key, string attribute, List<string> problems)
    {
        if (attribute.Length == 0 || !attribute.All(letter => char.IsAsciiLetterOrDigit(letter) || letter is '-' or ';'))
        {
            problems.Add($"{key}: '{attribute}' is no name of an attribute.");
        }
    }

    private sealed record Stored(
        string? Address,
        string TlsAnchors,
        string BindName,
        string SealedBindPassword,
        string UserBase,
        string UserFilter,
        string NameAttribute,
        string IdAttribute,
        string GroupBase,
        string GroupFilter,
        GroupRole[] Groups);
}
