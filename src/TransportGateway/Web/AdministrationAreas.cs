using TransportGateway.Access;

namespace TransportGateway.Web;

/// <summary>The areas of the administration workspace, with the names of ssm-on-prem 1.0, and who is offered them.</summary>
internal static class AdministrationAreas
{
    private static readonly Area[] All =
    [
        new("/administration/users", "Users", Permission.ManageUsers),
    ];

    /// <summary>Those that are there on every gateway.</summary>
    public static IEnumerable<Area> Always => All;

    public static IEnumerable<Area> For(GatewayPage page) => All.Where(area => page.MayForAll(area.Permission));

    /// <param name="Name">English, to be looked up in the person's language.</param>
    internal sealed record Area(string Path, string Name, Permission Permission);
}
