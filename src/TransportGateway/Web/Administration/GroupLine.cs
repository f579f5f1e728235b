using TransportGateway.SignOn;

namespace TransportGateway.Web.Administration;

/// <summary>The mapping of groups as text: a line each, <c>GROUP = ROLE</c>, or <c>GROUP = ROLE in ACCOUNT</c>, or <c>GROUP = ROLE in ACCOUNT / VIRTUAL ACCOUNT</c>.</summary>
internal static class GroupLine
{
    private const string In = " in ";

    /// <returns>Null when a line cannot be read.</returns>
    public static IReadOnlyList<GroupRole>? Read(string lines)
    {
        var groups = new List<GroupRole>();
        foreach (var line in lines.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
        {
            // The last one: distinguished names have equals signs of their own, roles and accounts' names have none with spaces around.
            if (line.LastIndexOf(" = ", StringComparison.Ordinal) is var at and > 0)
            {
                groups.Add(Of(line[..at].Trim(), line[(at + 3)..].Trim()));
            }
            else
            {
                return null;
            }
        }

        return groups;
    }

    public static string Write(IEnumerable<GroupRole> groups) => string.Join('\n', groups.Select(group =>
        $"{group.Group} = {group.Role}{(group.Account is null ? "" : In + group.Account)}{(group.VirtualAccount is null ? "" : " / " + group.VirtualAccount)}"));

    private static GroupRole Of(string group, string what)
    {
        if (what.IndexOf(In, StringComparison.Ordinal) is not (var at and > 0))
        {
            return new GroupRole(group, what);
        }

        var place = what[(at + In.Length)..].Split(" / ", 2, StringSplitOptions.TrimEntries);
        return new GroupRole(group, what[..at].Trim(), place[0], place.Length > 1 ? place[1] : null);
    }
}
