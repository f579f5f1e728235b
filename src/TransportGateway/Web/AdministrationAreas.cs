using TransportGateway.Access;
using TransportGateway.Cluster;

namespace TransportGateway.Web;

/// <summary>The areas of the administration workspace, with the names of ssm-on-prem 1.0, and who is offered them.</summary>
internal static class AdministrationAreas
{
    private static readonly Area[] All =
    [
        new("/administration/users", "Users", Permission.ManageUsers),
        new("/administration/access-management", "Access Management", Permission.ManageUsers),
        new("/administration/accounts", "Accounts", Permission.ManageAccounts),
        new("/administration/synchronization", "Synchronization", Permission.Synchronize),
        new("/administration/security", "Security", Permission.ManageUsers),
        new("/administration/network", "Network", Permission.ManageUpstream),
        new("/administration/settings", "Settings", Permission.ManageSettings),
        new("/administration/backup", "Backup", Permission.ManageDatabase),
        new("/administration/api-toolkit", "API Toolkit", Permission.ManageAccess),
        new("/administration/support-center", "Support Center", Permission.ReadMetrics),
        new("/administration/events", "Event Log", Permission.ReadEvents),
    ];

    private static readonly Area HighAvailability = new("/administration/high-availability", "High Availability", Permission.ReadInventory);

    /// <summary>Those that are there on every gateway.</summary>
    public static IEnumerable<Area> Always => All;

    /// <summary>Those that the person may enter. High Availability is among them while it is deployed.</summary>
    public static IEnumerable<Area> For(GatewayPage page) =>
        (page.HttpContext.RequestServices.GetRequiredService<ClusterSnapshot>().Plan is null ? All : [.. All, HighAvailability]).Where(area => page.MayForAll(area.Permission));

    /// <param name="Name">English, to be looked up in the person's language.</param>
    internal sealed record Area(string Path, string Name, Permission Permission);
}
