using System.Text.Json.Serialization;
using TransportGateway.Access;

namespace TransportGateway.SignOn;

/// <summary>What the members of a group at a directory or a provider may do here.</summary>
/// <param name="Group">A distinguished name for a directory; whatever the provider's claim says for a provider.</param>
/// <param name="Role">A system role, or the role of an account with <paramref name="Account"/> and, for some, <paramref name="VirtualAccount"/>.</param>
internal sealed record GroupRole(string Group, string Role, string? Account = null, string? VirtualAccount = null)
{
    private const int MostGroups = 200;
    private const int MostCharacters = 1000;

    [JsonIgnore]
    public bool IsOfSystem => Roles.OfSystem.Contains(Role);

    public const string NotHeld = "Nobody can give, change or take away more rights than they have.";

    /// <summary>Whether the caller holds all that these mappings give; an account's role counts as if it were given everywhere, since any account may get the name.</summary>
    public static bool AreHeld(Caller by, IEnumerable<GroupRole> groups) => groups.All(group => by.Holds(group.Role, null, null) && by.Holds(Roles.SystemUser, null, null));

    /// <summary>Adds what will not do about a mapping, each a sentence.</summary>
    public static void Check(IReadOnlyList<GroupRole> groups, List<string> problems)
    {
        if (groups.Count > MostGroups)
        {
            problems.Add($"groups: there can be at most {MostGroups}.");
        }

        foreach (var group in groups)
        {
            if (group.ProblemOf() is { } problem)
            {
                problems.Add("groups: " + problem);
            }
        }
    }

    /// <summary>Whether one of these groups is meant. Names are compared without regard to case, distinguished names also to spaces around commas.</summary>
    public bool IsAmong(IEnumerable<string> groups) => groups.Any(group => Plain(group) == Plain(Group));

    private string? ProblemOf() =>
        string.IsNullOrWhiteSpace(Group) || Group.Length > MostCharacters ? "a group's name is missing or too long."
        : IsOfSystem ? Account is null && VirtualAccount is null ? null : $"the system role {Role} of '{Group}' holds everywhere; leave account and virtualAccount out."
        : !Roles.OfAccounts.Contains(Role) ? $"there is no role '{Role}'. There are: {string.Join(", ", Roles.OfSystem.Concat(Roles.OfAccounts))}."
        : string.IsNullOrEmpty(Account) ? $"the role {Role} of '{Group}' needs the account that it holds in."
        : Roles.IsOfVirtualAccount(Role) == string.IsNullOrEmpty(VirtualAccount)
            ? $"the role {Role} of '{Group}' {(Roles.IsOfVirtualAccount(Role) ? "needs the local virtual account that it holds in" : "holds in the whole account; leave virtualAccount out")}."
        : null;

    private static string Plain(string name) => string.Join(',', name.Split(',', StringSplitOptions.TrimEntries)).ToUpperInvariant();
}
